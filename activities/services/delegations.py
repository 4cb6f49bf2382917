"""Handing work over for a time: delegations with a scope, and absences with a substitute.

One level only: who acts for somebody does not act for those that somebody acts for. A circle is refused all the
same, because each of its people would believe that another one decides. Whether the caller may do this for somebody
else is decided by the policy, before; here it is recorded.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.services.origin import Origin
from activities.store.database import Database
from activities.store.repositories import accounts, audit, standing
from activities.store.repositories.accounts import User
from activities.store.repositories.standing import Absence, Delegation, Handover
from workflows.domain.errors import Conflict, InvalidInput, NotFound
from workflows.engine.events import Actor

__all__ = ["Absence", "Delegation", "Delegations", "Period"]

LONGEST = dt.timedelta(days=366)
LISTED = 200


@dataclass(frozen=True, slots=True)
class Period:
    """From `starts_at` (None: now) until before `ends_at`."""

    starts_at: dt.datetime | None
    ends_at: dt.datetime


class Delegations:
    """One per process."""

    def __init__(self, database: Database, *, now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)) -> None:
        self._database = database
        self._now = now

    async def delegate(
        self,
        tenant: str,
        giver: str,
        taker: str,
        period: Period,
        *,
        process: str | None,
        role: str | None,
        reason: str,
        actor: Actor,
        origin: Origin,
    ) -> Delegation:
        """Let `taker` act for `giver`, in one process or with one role only, if given.

        Raises:
            InvalidInput: unknown or inactive people, the same person twice, a role the giver has not, a bad period.
            Conflict: DELEGATION_LOOP.
        """
        starts, ends = self._period(period)
        async with self._database.transaction(tenant) as connection:
            before, after = await self._two(connection, tenant, ("from", giver), ("to", taker))
            if role is not None and role not in before.roles:
                raise _invalid("role", role, f"must be a role of {before.username}")
            edge = Handover(before.username.lower(), after.username.lower(), process, role)
            await self._demand_no_loop(connection, tenant, edge, starts, ends)
            values = {
                "from_username": before.username,
                "to_username": after.username,
                "starts_at": starts,
                "ends_at": ends,
                "process": process,
                "role": role,
                "reason": reason,
                "created_by": actor.username,
            }
            made = await standing.add_delegation(connection, tenant, values)
            entry = origin.entry(
                "delegation.create", actor, ("delegation", str(made.id)), after=_view(values), reason=reason
            )
            await audit.append(connection, tenant, entry)
        return made

    async def absent(
        self,
        tenant: str,
        username: str,
        substitute: str | None,
        period: Period,
        *,
        reason: str,
        actor: Actor,
        origin: Origin,
    ) -> Absence:
        """Put on record that `username` is away; `substitute` acts with all their rights meanwhile.

        Raises:
            InvalidInput: as `delegate`.
            Conflict: DELEGATION_LOOP.
        """
        starts, ends = self._period(period)
        async with self._database.transaction(tenant) as connection:
            if substitute is None:
                away, acting = await self._person(connection, tenant, "username", username), None
            else:
                away, deputy = await self._two(connection, tenant, ("username", username), ("substitute", substitute))
                acting = deputy.username
                edge = Handover(away.username.lower(), acting.lower(), None, None)
                await self._demand_no_loop(connection, tenant, edge, starts, ends)
            values = {
                "username": away.username,
                "substitute": acting,
                "starts_at": starts,
                "ends_at": ends,
                "reason": reason,
                "created_by": actor.username,
            }
            made = await standing.add_absence(connection, tenant, values)
            entry = origin.entry("absence.create", actor, ("absence", str(made.id)), after=_view(values), reason=reason)
            await audit.append(connection, tenant, entry)
        return made

    async def list_delegations(self, tenant: str, *, username: str | None, ended: bool) -> list[Delegation]:
        """Given by or to `username` (None: everybody's), youngest first; those that are over only with `ended`."""
        since = None if ended else self._now()
        async with self._database.transaction(tenant) as connection:
            return await standing.list_delegations(connection, tenant, username=username, since=since, limit=LISTED)

    async def list_absences(self, tenant: str, *, username: str | None, ended: bool) -> list[Absence]:
        """Of `username` or with them as the substitute; otherwise as `list_delegations`."""
        since = None if ended else self._now()
        async with self._database.transaction(tenant) as connection:
            return await standing.list_absences(connection, tenant, username=username, since=since, limit=LISTED)

    async def end_delegation(
        self, tenant: str, delegation_id: int, *, only_of: str | None, actor: Actor, origin: Origin
    ) -> None:
        """From now on. Ending twice is once.

        Args:
            only_of: the delegation must be from or to this person; None: anybody's.

        Raises:
            NotFound: also for what is not `only_of`'s.
        """
        async with self._database.transaction(tenant) as connection:
            found = await standing.delegation(connection, tenant, delegation_id)
            people = () if found is None else (found.from_username, found.to_username)
            if found is None or not _concerns(only_of, people):
                raise NotFound(f"There is no delegation {delegation_id}")
            if found.revoked_at is None:
                await self._end(connection, tenant, "delegation", delegation_id, actor, origin)

    async def end_absence(
        self, tenant: str, absence_id: int, *, only_of: str | None, actor: Actor, origin: Origin
    ) -> None:
        """As `end_delegation`; of the person who is away."""
        async with self._database.transaction(tenant) as connection:
            found = await standing.absence(connection, tenant, absence_id)
            if found is None or not _concerns(only_of, (found.username,)):
                raise NotFound(f"There is no absence {absence_id}")
            if found.revoked_at is None:
                await self._end(connection, tenant, "absence", absence_id, actor, origin)

    async def _end(
        self, connection: AsyncConnection, tenant: str, kind: str, row_id: int, actor: Actor, origin: Origin
    ) -> None:
        await standing.revoke(connection, tenant, kind, row_id, actor.username, self._now())
        await audit.append(connection, tenant, origin.entry(f"{kind}.revoke", actor, (kind, str(row_id))))

    def _period(self, period: Period) -> tuple[dt.datetime, dt.datetime]:
        now = self._now()
        starts, ends = period.starts_at or now, period.ends_at
        if ends <= max(starts, now):
            raise _invalid("ends_at", ends.isoformat(), "must be in the future and after starts_at")
        if ends - starts > LONGEST:
            raise _invalid("ends_at", ends.isoformat(), f"must be within {LONGEST.days} days of starts_at")
        return starts, ends

    async def _two(
        self, connection: AsyncConnection, tenant: str, first: tuple[str, str], second: tuple[str, str]
    ) -> tuple[User, User]:
        """Two different active people."""
        one = await self._person(connection, tenant, *first)
        other = await self._person(connection, tenant, *second)
        if one.id == other.id:
            raise _invalid(second[0], second[1], "must be another person")
        return one, other

    async def _person(self, connection: AsyncConnection, tenant: str, field: str, username: str) -> User:
        user = await accounts.by_username(connection, tenant, username)
        if user is None or not user.active:
            raise _invalid(field, username, "must be an active user")
        return user

    async def _demand_no_loop(
        self, connection: AsyncConnection, tenant: str, edge: Handover, starts: dt.datetime, ends: dt.datetime
    ) -> None:
        await standing.lock(connection, tenant)
        known = await standing.handovers(connection, tenant, starts, ends)
        circle = circle_of(edge, known)
        if circle:
            raise Conflict(
                f"This would close a circle: {' → '.join(circle)}", code="DELEGATION_LOOP", details={"people": circle}
            )


def circle_of(edge: Handover, known: Collection[Handover]) -> list[str]:
    """The people of the circle that `edge` would close, first and last the same; empty: there is none.

    A circle counts only where the scopes of all its parts meet.
    """
    trail: list[tuple[str, list[str], Handover]] = [(edge.taker, [edge.giver, edge.taker], edge)]
    seen: set[Handover] = set()
    while trail:
        at, path, scope = trail.pop()
        for other in known:
            common = _meet(scope, other)
            if other.giver != at or common is None:
                continue
            if other.taker == edge.giver:
                return [*path, edge.giver]
            step = Handover(other.giver, other.taker, *common)
            if step not in seen:
                seen.add(step)
                trail.append((other.taker, [*path, other.taker], step))
    return []


def _meet(one: Handover, other: Handover) -> tuple[str | None, str | None] | None:
    """Process and role that both cover; None: nothing."""
    if None not in (one.process, other.process) and one.process != other.process:
        return None
    if None not in (one.role, other.role) and one.role != other.role:
        return None
    return one.process or other.process, one.role or other.role


def _concerns(only_of: str | None, people: Collection[str]) -> bool:
    return only_of is None or only_of.lower() in {person.lower() for person in people}


def _view(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, dt.datetime) else value
        for name, value in values.items()
        if name not in {"reason", "created_by"}
    }


def _invalid(field: str, value: str, constraint: str) -> InvalidInput:
    return InvalidInput(
        f"{field} {constraint}", violations=[{"field": field, "value": value, "constraint": constraint}]
    )
