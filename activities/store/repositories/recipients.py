"""SQL of who can be told: active users by name, role and group, and who has to do with a state's task."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Text, and_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.repositories.rows import columns, records
from activities.store.tables import absences, definitions, instances, tasks, tenants, users

_TEXTS = ARRAY(Text)

_u = users.c
_t = tasks.c
_i = instances.c
_b = absences.c


@dataclass(frozen=True, slots=True)
class Person:
    """An active user."""

    username: str
    full_name: str
    email: str | None
    roles: list[str]
    groups: list[str]


@dataclass(frozen=True, slots=True)
class Concerned:
    """Who has to do with the task of a state: the one open now, else the last one."""

    assignee: str | None = None
    """User name."""
    candidates: tuple[str, ...] = ()
    """`role:x`, `group:x`, `user:x`."""


async def people(
    connection: AsyncConnection,
    tenant: str,
    *,
    names: Collection[str] = (),
    roles: Collection[str] = (),
    groups: Collection[str] = (),
) -> list[Person]:
    """Active users that fit any of the three, each once, by user name. User names compare without case."""
    wanted = or_(
        func.lower(_u.username).in_([name.lower() for name in names]),
        _u.roles.overlap(literal(sorted(roles), _TEXTS)),
        _u.groups.overlap(literal(sorted(groups), _TEXTS)),
    )
    query = select(*columns(users, Person)).where(_u.tenant_id == tenant, _u.active, wanted).order_by(_u.username)
    return records(Person, await connection.execute(query))


async def substitutes(
    connection: AsyncConnection, tenant: str, usernames: Collection[str], at: dt.datetime
) -> list[str]:
    """User names of those who stand in now for any of these people while they are away."""
    query = (
        select(_b.substitute)
        .distinct()
        .where(
            _b.tenant_id == tenant,
            func.lower(_b.username).in_([name.lower() for name in usernames]),
            _b.substitute.is_not(None),
            _b.revoked_at.is_(None),
            _b.starts_at <= at,
            _b.ends_at > at,
        )
    )
    return [name for name in (await connection.execute(query)).scalars() if name]


async def concerned(connection: AsyncConnection, tenant: str, process: str, entity_id: int, state: str) -> Concerned:
    """Nobody when the state has no task."""
    query = (
        select(_t.assignee, _t.candidates)
        .where(_t.tenant_id == tenant, _t.process == process, _t.entity_id == entity_id, _t.state == state)
        .order_by(_t.opened_seq.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    return Concerned() if row is None else Concerned(row.assignee, tuple(row.candidates))


async def creator(connection: AsyncConnection, tenant: str, process: str, entity_id: int) -> str | None:
    """User name of who started the instance; None: the system."""
    query = select(_i.creator).where(_i.tenant_id == tenant, _i.process == process, _i.entity_id == entity_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def naming(connection: AsyncConnection, tenant: str, process: str, entity_id: int) -> tuple[str, str] | None:
    """Business number of the instance and what people call such a thing, the title of its definition."""
    query = (
        select(_i.number, definitions.c.title)
        .outerjoin(
            definitions,
            and_(
                definitions.c.tenant_id == _i.tenant_id,
                definitions.c.process == _i.process,
                definitions.c.version == _i.version,
            ),
        )
        .where(_i.tenant_id == tenant, _i.process == process, _i.entity_id == entity_id)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else (row.number, row.title or "")


async def zone(connection: AsyncConnection, tenant: str) -> ZoneInfo:
    """The plant's own time."""
    return ZoneInfo(await connection.scalar(select(tenants.c.time_zone).where(tenants.c.tenant_id == tenant)) or "UTC")
