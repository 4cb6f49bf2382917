"""Reading instances and their step log. All queries run in a tenant's transaction and by index."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, exists, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.repositories import paging
from activities.store.repositories.rows import AnySelect, columns, records
from activities.store.tables import definitions, instances, steps, tasks
from workflows.domain.records import InstanceSummary, Page, StepEntry

_i = instances.c
_KEY = (_i.tenant_id, _i.process, _i.entity_id)
_NEWEST_FIRST = (_i.created_at.desc(), _i.entity_id.desc())
_LAST = "\U0010ffff"  # sorts after every character that a number can go on with

_TITLE = (
    select(definitions.c.title)
    .where(
        definitions.c.tenant_id == _i.tenant_id,
        definitions.c.process == _i.process,
        definitions.c.version == _i.version,
    )
    .scalar_subquery()
)
_SUMMARY = columns(instances, InstanceSummary, title=_TITLE)


@dataclass(frozen=True, slots=True)
class InstanceFilter:
    """What a list of instances is narrowed to; all given conditions hold together."""

    process: str | None = None
    states: Sequence[str] = ()
    """Any of these states is active: atomic, compound or parallel."""
    status: Sequence[str] = ()
    assignee: str | None = None
    """User name of the assignee of one of its open tasks."""
    number: str | None = None
    """The whole number, upper or lower case."""
    q: str | None = None
    """The beginning of the number, upper or lower case."""
    created_from: dt.datetime | None = None
    created_until: dt.datetime | None = None
    """Exclusive."""
    with_incidents: bool = False
    after: tuple[dt.datetime, int] | None = None
    """`created_at` and `entity_id` of the last item seen: the list goes on behind it, however deep it is."""


async def page(
    connection: AsyncConnection, tenant: str, wanted: InstanceFilter, number: int, per_page: int
) -> Page[InstanceSummary]:
    """Newest first."""
    keys = (await _narrowed(connection, tenant, wanted)).order_by(*_NEWEST_FIRST)
    total, exact = await paging.count(connection, keys)
    limit, offset = paging.window(number, per_page)
    newest = keys.limit(limit).offset(offset).subquery()
    query = (
        select(*_SUMMARY)
        .join(newest, and_(*(column == newest.c[column.name] for column in _KEY)))
        .order_by(*_NEWEST_FIRST)
    )
    rows = await connection.execute(query)
    return Page(records(InstanceSummary, rows), total, number, per_page, exact)


async def find(
    connection: AsyncConnection, tenant: str, process: str, entity_id: int
) -> tuple[InstanceSummary, dict[str, Any]] | None:
    """The instance and its snapshot; None when the tenant has no such instance."""
    query = select(*_SUMMARY, _i.snapshot).where(*_is(tenant, process, entity_id))
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else (records(InstanceSummary, [row[:-1]])[0], row[-1])


async def last_seq(connection: AsyncConnection, tenant: str, process: str, entity_id: int) -> int | None:
    """Number of steps on record; None when the tenant has no such instance."""
    found: int | None = await connection.scalar(select(_i.seq).where(*_is(tenant, process, entity_id)))
    return found


async def children(connection: AsyncConnection, tenant: str, process: str, entity_id: int) -> list[InstanceSummary]:
    """Instances started by the given one that it waits for, in order of their start."""
    query = (
        select(*_SUMMARY)
        .where(_i.tenant_id == tenant, _i.parent_process == process, _i.parent_entity_id == entity_id)
        .order_by(_i.entity_id)
    )
    return records(InstanceSummary, await connection.execute(query))


async def steps_between(
    connection: AsyncConnection, tenant: str, process: str, entity_id: int, numbers: tuple[int, int]
) -> list[StepEntry]:
    """The steps from the first to the second of `numbers`, both included, in order."""
    s = steps.c
    query = (
        select(*columns(steps, StepEntry))
        .where(s.tenant_id == tenant, s.process == process, s.entity_id == entity_id, s.seq.between(*numbers))
        .order_by(s.seq)
    )
    return records(StepEntry, await connection.execute(query))


def _is(tenant: str, process: str, entity_id: int) -> tuple[Any, ...]:
    return (_i.tenant_id == tenant, _i.process == process, _i.entity_id == entity_id)


async def _narrowed(connection: AsyncConnection, tenant: str, wanted: InstanceFilter) -> AnySelect:
    """Keys of the instances that meet all conditions, without order."""
    keys = select(*_KEY).where(_i.tenant_id == tenant)
    if wanted.process is not None:
        keys = keys.where(_i.process == wanted.process)
    if wanted.states:
        keys = keys.where(_i.state.in_(await _configurations(connection, tenant, wanted)))
    if wanted.status:
        keys = keys.where(_i.status == wanted.status[0] if len(wanted.status) == 1 else _i.status.in_(wanted.status))
    if wanted.assignee is not None:
        keys = keys.where(_has_task_of(wanted.assignee))
    if wanted.number is not None:
        keys = keys.where(_i.number_key == wanted.number.lower())
    if wanted.q:
        start = wanted.q.strip().lower()
        keys = keys.where(_i.number_key >= start, _i.number_key < start + _LAST)
    if wanted.created_from is not None:
        keys = keys.where(_i.created_at >= wanted.created_from)
    if wanted.created_until is not None:
        keys = keys.where(_i.created_at < wanted.created_until)
    if wanted.with_incidents:
        keys = keys.where(_i.open_incidents > 0)
    if wanted.after is not None:
        keys = keys.where(tuple_(_i.created_at, _i.entity_id) < tuple_(*map(literal, wanted.after)))
    return keys


def _has_task_of(username: str) -> Any:
    return exists().where(
        tasks.c.tenant_id == _i.tenant_id,
        tasks.c.process == _i.process,
        tasks.c.entity_id == _i.entity_id,
        tasks.c.assignee == username,
        tasks.c.closed_at.is_(None),
    )


async def _configurations(connection: AsyncConnection, tenant: str, wanted: InstanceFilter) -> list[str]:
    """The values of the column `state` in which one of the wanted states is active.

    A process takes few different configurations, and each is found by one probe of the index on `state`. Asking
    the array of states instead would read the table: array operators are not leakproof, so row-level security
    keeps them away from an index.
    """
    if wanted.process is None:
        return sorted({*wanted.states})
    scope = (_i.tenant_id == tenant, _i.process == wanted.process)
    columns = (_i.state, _i.states)
    first = select(*columns).where(*scope).order_by(_i.state).limit(1).cte("configurations", recursive=True)
    behind = select(*columns).where(*scope, _i.state > first.c.state).order_by(_i.state).limit(1).lateral()
    seen = first.union_all(select(behind.c.state, behind.c.states).select_from(first.join(behind, literal(True))))
    found = await connection.execute(select(seen.c.state, seen.c.states))
    asked = set(wanted.states)
    return sorted(row.state for row in found if asked & {*row.states, row.state})
