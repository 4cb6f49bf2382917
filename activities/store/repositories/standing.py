"""SQL of what people may do for others for a time, and what they are certified for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Text,
    and_,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.repositories.rows import AnySelect, columns, records
from activities.store.tables import absences, certificates, delegations, users
from workflows.engine.events import Principal

_d = delegations.c
_b = absences.c
_s = certificates.c
_u = users.c


@dataclass(frozen=True, slots=True)
class Delegation:
    id: int
    from_username: str
    to_username: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    process: str | None
    """None: all processes."""
    role: str | None
    """None: all roles of the person."""
    reason: str
    created_by: str
    created_at: dt.datetime
    revoked_at: dt.datetime | None
    revoked_by: str | None


@dataclass(frozen=True, slots=True)
class Absence:
    id: int
    username: str
    substitute: str | None
    starts_at: dt.datetime
    ends_at: dt.datetime
    reason: str
    created_by: str
    created_at: dt.datetime
    revoked_at: dt.datetime | None
    revoked_by: str | None


@dataclass(frozen=True, slots=True)
class Handover:
    """One edge of "acts for": by delegation or as a substitute."""

    giver: str
    taker: str
    process: str | None
    role: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts for a person at one moment beyond their own roles."""

    acts_for: tuple[Principal, ...] = ()
    skills: dict[str, str | None] = field(default_factory=dict)


# --- who may act for whom, now ------------------------------------------------------------------------------


async def of_user(connection: AsyncConnection, tenant: str, username: str, at: dt.datetime) -> Standing:
    """One query by index. Of a skill the certificate that lasts longest counts, also when it has expired.

    Args:
        username: exactly as `users` has it.
    """
    rows = (await connection.execute(_standing(tenant, username, at))).all()
    acts_for = tuple(_principal(row) for row in rows if row.kind == "principal")
    skills = {row.name: None if row.until is None else _utc(row.until) for row in rows if row.kind == "skill"}
    return Standing(acts_for, skills)


def _standing(tenant: str, username: str, at: dt.datetime) -> Any:
    by_delegation = (
        _givers(_d.process, _d.role, _d.ends_at)
        .join(delegations, and_(_d.tenant_id == _u.tenant_id, _d.from_username == _u.username))
        .where(_d.tenant_id == tenant, _d.to_username == username, *_in_force(_d, at), _u.active)
    )
    nothing = null().cast(Text)
    as_substitute = (
        _givers(nothing, nothing, _b.ends_at)
        .join(absences, and_(_b.tenant_id == _u.tenant_id, _b.username == _u.username))
        .where(_b.tenant_id == tenant, _b.substitute == username, *_in_force(_b, at), _u.active)
    )
    none = literal([], ARRAY(Text))
    certified = (
        select(
            literal("skill").label("kind"), _s.skill, nothing, none, none, nothing, nothing, _longest(_s.valid_until)
        )
        .where(_s.tenant_id == tenant, _s.username == username, _s.valid_from <= at, _s.revoked_at.is_(None))
        .group_by(_s.skill)
    )
    return union_all(by_delegation, as_substitute, certified)


def _givers(process: ColumnElement[Any], role: ColumnElement[Any], until: ColumnElement[Any]) -> AnySelect:
    return select(
        literal("principal").label("kind"),
        _u.username.label("name"),
        _u.full_name.label("full_name"),
        _u.roles.label("roles"),
        _u.groups.label("groups"),
        process.label("process"),
        role.label("role"),
        until.label("until"),
    ).select_from(users)


def _in_force(table: Any, at: dt.datetime) -> tuple[ColumnElement[bool], ...]:
    return table.starts_at <= at, table.ends_at > at, table.revoked_at.is_(None)


def _longest(until: ColumnElement[Any]) -> ColumnElement[Any]:
    """The latest; null, which is for good, is later than all."""
    forever = literal("infinity").cast(DateTime(timezone=True))
    return func.nullif(func.max(func.coalesce(until, forever)), forever)


def _principal(row: Any) -> Principal:
    roles = tuple(row.roles) if row.role is None else tuple(role for role in row.roles if role == row.role)
    groups = tuple(row.groups) if row.role is None else ()
    until = _utc(row.until)
    return Principal(row.name, row.full_name, roles, groups, row.process, until, in_person=row.role is None)


def _utc(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


# --- delegations and absences -------------------------------------------------------------------------------


async def lock(connection: AsyncConnection, tenant: str) -> None:
    """Until the transaction ends nobody else hands anything over: of two halves of a loop one sees the other."""
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"standing/{tenant}"}
    )


async def handovers(connection: AsyncConnection, tenant: str, starts: dt.datetime, ends: dt.datetime) -> list[Handover]:
    """All that are in force at some moment between `starts` and `ends`; user names in lower case."""
    nothing = null().cast(Text)
    query = union_all(
        select(func.lower(_d.from_username), func.lower(_d.to_username), _d.process, _d.role).where(
            _d.tenant_id == tenant, _d.revoked_at.is_(None), _d.starts_at < ends, _d.ends_at > starts
        ),
        select(func.lower(_b.username), func.lower(_b.substitute), nothing, nothing).where(
            _b.tenant_id == tenant,
            _b.revoked_at.is_(None),
            _b.substitute.is_not(None),
            _b.starts_at < ends,
            _b.ends_at > starts,
        ),
    )
    return [Handover(*row) for row in await connection.execute(query)]


async def add_delegation(connection: AsyncConnection, tenant: str, values: dict[str, Any]) -> Delegation:
    statement = insert(delegations).values(tenant_id=tenant, **values).returning(*columns(delegations, Delegation))
    return records(Delegation, await connection.execute(statement))[0]


async def delegation(connection: AsyncConnection, tenant: str, delegation_id: int) -> Delegation | None:
    query = select(*columns(delegations, Delegation)).where(_d.tenant_id == tenant, _d.id == delegation_id)
    return next(iter(records(Delegation, await connection.execute(query.with_for_update()))), None)


async def list_delegations(
    connection: AsyncConnection, tenant: str, *, username: str | None, since: dt.datetime | None, limit: int
) -> list[Delegation]:
    """Given by or to `username` (None: everybody's), that are not over at `since` (None: all); youngest first."""
    query = select(*columns(delegations, Delegation)).where(_d.tenant_id == tenant)
    if username is not None:
        name = username.lower()
        query = query.where(or_(func.lower(_d.from_username) == name, func.lower(_d.to_username) == name))
    if since is not None:
        query = query.where(_d.ends_at > since, _d.revoked_at.is_(None))
    return records(Delegation, await connection.execute(query.order_by(_d.id.desc()).limit(limit)))


async def add_absence(connection: AsyncConnection, tenant: str, values: dict[str, Any]) -> Absence:
    statement = insert(absences).values(tenant_id=tenant, **values).returning(*columns(absences, Absence))
    return records(Absence, await connection.execute(statement))[0]


async def absence(connection: AsyncConnection, tenant: str, absence_id: int) -> Absence | None:
    query = select(*columns(absences, Absence)).where(_b.tenant_id == tenant, _b.id == absence_id)
    return next(iter(records(Absence, await connection.execute(query.with_for_update()))), None)


async def list_absences(
    connection: AsyncConnection, tenant: str, *, username: str | None, since: dt.datetime | None, limit: int
) -> list[Absence]:
    """Of `username` or with them as the substitute (None: everybody's); otherwise as `list_delegations`."""
    query = select(*columns(absences, Absence)).where(_b.tenant_id == tenant)
    if username is not None:
        name = username.lower()
        query = query.where(or_(func.lower(_b.username) == name, func.lower(_b.substitute) == name))
    if since is not None:
        query = query.where(_b.ends_at > since, _b.revoked_at.is_(None))
    return records(Absence, await connection.execute(query.order_by(_b.id.desc()).limit(limit)))


async def revoke(connection: AsyncConnection, tenant: str, kind: str, row_id: int, by: str, at: dt.datetime) -> None:
    """Args: kind: `delegation` or `absence`."""
    table = delegations if kind == "delegation" else absences
    ended = update(table).where(table.c.tenant_id == tenant, table.c.id == row_id)
    await connection.execute(ended.values(revoked_at=at, revoked_by=by))
