"""SQL of who can be reached: mail addresses of active users, and who has to do with a state's task."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Text, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.tables import instances, tasks, users

_TEXTS = ARRAY(Text)

_u = users.c
_t = tasks.c
_i = instances.c


@dataclass(frozen=True, slots=True)
class Concerned:
    """Who has to do with the task of a state: the one open now, else the last one."""

    assignee: str | None = None
    """User name."""
    candidates: tuple[str, ...] = ()
    """`role:x`, `group:x`, `user:x`."""


async def addresses(
    connection: AsyncConnection,
    tenant: str,
    *,
    names: Collection[str] = (),
    roles: Collection[str] = (),
    groups: Collection[str] = (),
) -> list[str]:
    """Addresses of active users that fit any of the three, each once, sorted. User names compare without case."""
    wanted = or_(
        func.lower(_u.username).in_([name.lower() for name in names]),
        _u.roles.overlap(literal(sorted(roles), _TEXTS)),
        _u.groups.overlap(literal(sorted(groups), _TEXTS)),
    )
    query = select(_u.email).where(_u.tenant_id == tenant, _u.active, _u.email.is_not(None), wanted)
    return sorted({email for email in (await connection.execute(query)).scalars() if email})


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
