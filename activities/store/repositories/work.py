"""Reading what waits for somebody: open tasks and open incidents."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.repositories import paging
from activities.store.repositories.rows import AnySelect, columns, records
from activities.store.tables import incidents, task_candidates, tasks
from workflows.domain.records import IncidentEntry, Page, TaskEntry

_t = tasks.c
_c = task_candidates.c
_n = incidents.c
_TASK_KEY = (_t.tenant_id, _t.process, _t.entity_id, _t.task)
_TASK = columns(tasks, TaskEntry)
_INCIDENT = columns(incidents, IncidentEntry)


async def inbox(
    connection: AsyncConnection,
    tenant: str,
    *,
    assignee: str | None,
    candidates: Sequence[str],
    process: str | None,
    page: int,
    per_page: int,
) -> Page[TaskEntry]:
    """Open tasks assigned to `assignee`, and unassigned ones offered to one of `candidates`; most urgent first."""
    mine = _assigned(tenant, assignee, process) if assignee is not None else None
    offered = _offered(tenant, candidates, process) if candidates else None
    parts = [part for part in (mine, offered) if part is not None]
    if not parts:
        return Page([], 0, page, per_page)
    keys = union_all(*parts).subquery()
    query = select(*_TASK).join(keys, and_(*(column == keys.c[column.name] for column in _TASK_KEY)))
    return await _tasks(connection, query, page, per_page)


async def tasks_of(connection: AsyncConnection, tenant: str, process: str, entity_id: int) -> list[TaskEntry]:
    """Open tasks of one instance, oldest first."""
    query = (
        select(*_TASK)
        .where(_t.tenant_id == tenant, _t.process == process, _t.entity_id == entity_id, _t.closed_at.is_(None))
        .order_by(_t.opened_seq, _t.task)
    )
    return records(TaskEntry, await connection.execute(query))


async def incidents_of(connection: AsyncConnection, tenant: str, process: str, entity_id: int) -> list[IncidentEntry]:
    """Open incidents of one instance, oldest first."""
    query = (
        select(*_INCIDENT)
        .where(_n.tenant_id == tenant, _n.process == process, _n.entity_id == entity_id, _n.resolved_at.is_(None))
        .order_by(_n.since, _n.incident)
    )
    return records(IncidentEntry, await connection.execute(query))


def _assigned(tenant: str, assignee: str, process: str | None) -> AnySelect:
    keys = select(*_TASK_KEY).where(_t.tenant_id == tenant, _t.assignee == assignee, _t.closed_at.is_(None))
    return keys if process is None else keys.where(_t.process == process)


def _offered(tenant: str, candidates: Sequence[str], process: str | None) -> AnySelect:
    offers = select(_c.tenant_id, _c.process, _c.entity_id, _c.task).distinct()
    offers = offers.where(_c.tenant_id == tenant, _c.candidate.in_(candidates))
    if process is not None:
        offers = offers.where(_c.process == process)
    found = offers.subquery()
    return (
        select(*_TASK_KEY)
        .join(found, and_(*(column == found.c[column.name] for column in _TASK_KEY)))
        .where(_t.assignee.is_(None))
    )


async def _tasks(connection: AsyncConnection, query: AnySelect, page: int, per_page: int) -> Page[TaskEntry]:
    urgent = query.order_by(_t.priority, _t.due_at.asc().nulls_last(), _t.opened_at, _t.entity_id, _t.task)
    total, exact = await paging.count(connection, urgent)
    limit, offset = paging.window(page, per_page)
    rows = await connection.execute(urgent.limit(limit).offset(offset))
    return Page(records(TaskEntry, rows), total, page, per_page, exact)
