"""The audit trail: who did what, with what result. Steps of instances have their own log; this holds the rest."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from activities.store.database import Database
from activities.store.repositories import audit as repository
from activities.store.repositories.audit import AuditFilter, append
from workflows.domain.records import AuditEntry, Page

__all__ = ["Audit", "AuditFilter", "append"]

_SECRET = ("password", "secret", "token", "api_key", "key_hash")
_HIDDEN = "(hidden)"


class Audit:
    """The trail of one installation; each entry belongs to one tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, tenant: str, entry: AuditEntry) -> None:
        """Put `entry` on record in a transaction of its own; secrets in `before` and `after` are hidden.

        For a write that has a transaction, use `append` inside it: what is rolled back was not done.
        """
        shown = replace(entry, before=hidden(entry.before), after=hidden(entry.after))
        async with self._database.transaction(tenant) as connection:
            await append(connection, tenant, shown)

    async def list_entries(
        self, tenant: str, wanted: AuditFilter, *, page: int = 1, per_page: int = 50
    ) -> Page[AuditEntry]:
        """Newest first."""
        async with self._database.transaction(tenant) as connection:
            return await repository.page(connection, tenant, wanted, page, max(1, min(per_page, 200)))


def now() -> dt.datetime:
    """The time to put into an entry."""
    return dt.datetime.now(dt.UTC)


def hidden(value: Any) -> Any:
    """`value` with what looks like a secret by its name replaced."""
    if isinstance(value, dict):
        return {
            key: _HIDDEN if any(word in str(key).lower() for word in _SECRET) else hidden(item)
            for key, item in value.items()
        }
    return [hidden(item) for item in value] if isinstance(value, list) else value
