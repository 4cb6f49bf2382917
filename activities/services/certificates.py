"""Who is certified for what, and until when. Nothing is deleted: a wrong certificate is revoked, with a reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from activities.services.origin import Origin
from activities.store.database import Database
from activities.store.repositories import accounts, audit, certificates
from activities.store.repositories.certificates import Certificate
from workflows.domain.errors import InvalidInput, NotFound
from workflows.engine.events import Actor

__all__ = ["Certificate", "Certificates"]


class Certificates:
    """One per process. What is managed here is allowed by the caller's policy check; it is recorded here."""

    def __init__(self, database: Database, *, now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)) -> None:
        self._database = database
        self._now = now

    async def record(
        self,
        tenant: str,
        username: str,
        skill: str,
        *,
        valid_from: dt.datetime | None,
        valid_until: dt.datetime | None,
        certificate: str | None,
        actor: Actor,
        origin: Origin,
    ) -> Certificate:
        """
        Args:
            valid_from: None: from now on.
            valid_until: None: for good. May have passed: what was once valid may have to be proven.

        Raises:
            InvalidInput: no such user, or it ends before it starts.
        """
        starts = valid_from or self._now()
        if valid_until is not None and valid_until <= starts:
            raise _invalid("valid_until", valid_until.isoformat(), "must be after valid_from")
        async with self._database.transaction(tenant) as connection:
            user = await accounts.by_username(connection, tenant, username)
            if user is None:
                raise _invalid("username", username, "must be a user")
            values = {
                "username": user.username,
                "skill": skill,
                "valid_from": starts,
                "valid_until": valid_until,
                "certificate": certificate,
                "recorded_by": actor.username,
            }
            made = await certificates.add(connection, tenant, values)
            entry = origin.entry("certificate.record", actor, ("certificate", str(made.id)), after=_view(made))
            await audit.append(connection, tenant, entry)
        return made

    async def listed(
        self, tenant: str, *, username: str | None, skill: str | None, page: int, per_page: int
    ) -> list[Certificate]:
        """By person and skill; revoked and expired ones too."""
        async with self._database.transaction(tenant) as connection:
            return await certificates.listed(
                connection, tenant, username=username, skill=skill, limit=per_page, offset=(page - 1) * per_page
            )

    async def revoke(
        self, tenant: str, certificate_id: int, *, reason: str, actor: Actor, origin: Origin
    ) -> Certificate:
        """At once. Revoking twice is once. Raises NotFound."""
        async with self._database.transaction(tenant) as connection:
            found = await certificates.get(connection, tenant, certificate_id)
            if found is None:
                raise NotFound(f"There is no certificate {certificate_id}")
            if found.revoked_at is not None:
                return found
            await certificates.revoke(
                connection, tenant, certificate_id, at=self._now(), by=actor.username, reason=reason
            )
            entry = origin.entry(
                "certificate.revoke", actor, ("certificate", str(found.id)), before=_view(found), reason=reason
            )
            await audit.append(connection, tenant, entry)
            after = await certificates.get(connection, tenant, certificate_id)
        assert after is not None, "it was there a moment ago"
        return after


def _view(item: Certificate) -> dict[str, str | None]:
    return {
        "username": item.username,
        "skill": item.skill,
        "valid_from": item.valid_from.isoformat(),
        "valid_until": item.valid_until.isoformat() if item.valid_until else None,
        "certificate": item.certificate,
    }


def _invalid(field: str, value: str, constraint: str) -> InvalidInput:
    return InvalidInput(
        f"{field} {constraint}", violations=[{"field": field, "value": value, "constraint": constraint}]
    )
