"""Where instances are: the few look-ups that stand between a request and its instance.

Each is one query by index inside the caller's tenant transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.tables.definitions import definitions
from activities.store.tables.instances import instances, steps
from workflows.domain.errors import NotFound
from workflows.messages.instance import Outcome


@dataclass(frozen=True, slots=True)
class Address:
    """An instance that exists, and what it did with a command if it has seen that command."""

    status: str
    number: str
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class Published:
    digest: str
    version: str


@dataclass(frozen=True, slots=True)
class Current:
    digest: str
    snapshot: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Child:
    process: str
    entity_id: int


async def published(connection: AsyncConnection, process: str) -> Published:
    """The version that new instances get: the one published last.

    Raises:
        NotFound: none is published.
    """
    query = (
        select(definitions.c.digest, definitions.c.version)
        .where(definitions.c.process == process, definitions.c.status == "published")
        .order_by(definitions.c.published_at.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound(f"no published process {process!r}", code="NO_SUCH_PROCESS")
    return Published(row.digest, row.version)


async def find(connection: AsyncConnection, process: str, entity_id: int, command_id: str) -> Address | None:
    """The instance, with the outcome of `command_id` when its step is on record."""
    done = and_(
        steps.c.tenant_id == instances.c.tenant_id,
        steps.c.process == instances.c.process,
        steps.c.entity_id == instances.c.entity_id,
        steps.c.command_id == command_id,
    )
    query = (
        select(
            instances.c.status,
            instances.c.number,
            steps.c.seq,
            steps.c.before,
            steps.c.after,
            steps.c.at,
            steps.c.taken,
            steps.c.status.label("status_then"),
        )
        .select_from(instances.outerjoin(steps, done))
        .where(instances.c.process == process, instances.c.entity_id == entity_id)
    )
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    return Address(row.status, row.number, _outcome(row) if row.seq is not None else None)


async def current(connection: AsyncConnection, process: str, entity_id: int) -> Current | None:
    """Where the instance stands."""
    query = select(instances.c.digest, instances.c.snapshot).where(
        instances.c.process == process, instances.c.entity_id == entity_id
    )
    row = (await connection.execute(query)).first()
    return Current(row.digest, row.snapshot) if row else None


async def by_number(connection: AsyncConnection, process: str, number: str) -> int | None:
    """Entity id of the instance that has the business number."""
    query = select(instances.c.entity_id).where(instances.c.process == process, instances.c.number == number)
    found: int | None = await connection.scalar(query)
    return found


async def child(connection: AsyncConnection, process: str, entity_id: int, child_id: str) -> Child | None:
    """The instance that was started as `child_id` of the given one."""
    query = select(instances.c.process, instances.c.entity_id).where(
        instances.c.parent_process == process,
        instances.c.parent_entity_id == entity_id,
        instances.c.parent_child == child_id,
    )
    row = (await connection.execute(query)).first()
    return Child(row.process, row.entity_id) if row else None


def _outcome(row: Any) -> Outcome:
    return Outcome(
        seq=row.seq,
        previous_state=list(row.before),
        state=list(row.after),
        status=row.status_then,
        at=row.at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        taken=list(row.taken),
        number=row.number,
        repeated=True,
    )
