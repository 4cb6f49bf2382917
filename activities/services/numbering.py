"""Numbers outside the start of an instance, where `idempotency` reserves them: lots, serials, documents."""

from __future__ import annotations

import datetime as dt

from activities.store.database import Database
from activities.store.repositories import series as repository
from activities.store.repositories.series import allocate

__all__ = ["Numbering", "allocate"]


class Numbering:
    """Hands out numbers of a tenant's series; one per process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def next(self, tenant: str, series: str, pattern: str, *, at: dt.datetime | None = None) -> str:
        """The next number of a series, taken for good: it is not given again even if the caller fails afterwards.

        Args:
            pattern: as `workflows.domain.numbering` reads it.
            at: time whose date the number shows, with a zone; now by default.
        """
        moment = at or dt.datetime.now(dt.UTC)
        async with self._database.transaction(tenant) as connection:
            return await repository.allocate(connection, tenant, series, pattern, moment)
