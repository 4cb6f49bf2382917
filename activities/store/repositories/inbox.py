"""SQL of the inbox: tasks by what they are to one person, narrowed and sorted.

Every tab starts from an index of its own (assignee, candidate, watcher, who closed it); filters narrow what that
found.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import ColumnElement, and_, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.repositories import paging
from activities.store.repositories.rows import AnySelect, columns, records
from activities.store.tables import task_candidates, task_watchers, tasks
from workflows.domain.records import Page, TaskEntry

Tab: TypeAlias = Literal["open", "mine", "groups", "watching", "done", "all"]
Sort: TypeAlias = Literal["urgency", "due", "priority", "opened", "closed"]

_t = tasks.c
_c = task_candidates.c
_w = task_watchers.c
_KEY = (_t.tenant_id, _t.process, _t.entity_id, _t.task)
_TASK = columns(tasks, TaskEntry)
_TIES = (_t.entity_id, _t.task)


@dataclass(frozen=True, slots=True)
class Reach:
    """What is one person's: their own, and that of those they act for."""

    username: str
    assignees: tuple[tuple[str, str | None], ...]
    """User names whose tasks are the person's, each with the process in which they are; None: in all."""
    offers: tuple[tuple[str, str | None], ...]
    """`role:x`, `group:x`, `user:x`, likewise."""


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """All given conditions hold together."""

    process: str | None = None
    priority: int | None = None
    due_from: dt.datetime | None = None
    due_until: dt.datetime | None = None
    """Exclusive."""
    overdue_at: dt.datetime | None = None
    """Due before this moment, and open."""
    assignee: str | None = None
    q: str | None = None
    """A part of the number or the title, in any case."""


async def page(
    connection: AsyncConnection,
    tenant: str,
    reach: Reach,
    tab: Tab,
    wanted: TaskFilter,
    *,
    sort: Sort,
    descending: bool,
    number: int,
    per_page: int,
) -> Page[TaskEntry]:
    query = _query(tenant, reach, tab, wanted)
    if query is None:
        return Page([], 0, number, per_page)
    ordered = query.order_by(*_order(sort, descending))
    total, exact = await paging.count(connection, ordered)
    limit, offset = paging.window(number, per_page)
    rows = await connection.execute(ordered.limit(limit).offset(offset))
    return Page(records(TaskEntry, rows), total, number, per_page, exact)


async def count(connection: AsyncConnection, tenant: str, reach: Reach, tab: Tab, wanted: TaskFilter) -> int:
    """Beyond `paging.COUNTED` an estimate."""
    query = _query(tenant, reach, tab, wanted)
    return 0 if query is None else (await paging.count(connection, query.order_by(*_order("urgency", False))))[0]


async def get(connection: AsyncConnection, tenant: str, process: str, entity_id: int, task: str) -> TaskEntry | None:
    """Open or closed."""
    key = (_t.tenant_id == tenant, _t.process == process, _t.entity_id == entity_id, _t.task == task)
    return next(iter(records(TaskEntry, await connection.execute(select(*_TASK).where(*key)))), None)


def _query(tenant: str, reach: Reach, tab: Tab, wanted: TaskFilter) -> AnySelect | None:
    """None: nothing can be found."""
    narrow = list(_narrowed(wanted))
    if tab == "done":
        done = select(*_TASK).where(_t.tenant_id == tenant, _t.closed_by == reach.username, _t.closed_at.is_not(None))
        return done.where(*narrow)
    if tab == "all":
        return select(*_TASK).where(_t.tenant_id == tenant, _t.closed_at.is_(None), *narrow)
    if tab == "watching":
        watched = and_(
            _w.tenant_id == _t.tenant_id,
            _w.process == _t.process,
            _w.entity_id == _t.entity_id,
            _w.username == reach.username,
        )
        query = select(*_TASK).join(task_watchers, watched)
        return query.where(_t.tenant_id == tenant, _w.tenant_id == tenant, _t.closed_at.is_(None), *narrow)
    parts = [
        *(_assigned(tenant, reach) if tab in {"open", "mine"} else ()),
        *(_offered(tenant, reach) if tab in {"open", "groups"} else ()),
    ]
    if not parts:
        return None
    keys = union(*parts).subquery()
    query = select(*_TASK).join(keys, and_(*(column == keys.c[column.name] for column in _KEY)))
    return query.where(_t.closed_at.is_(None), *narrow)


def _assigned(tenant: str, reach: Reach) -> list[AnySelect]:
    found: list[AnySelect] = []
    for process, names in _by_process(reach.assignees):
        keys = select(*_KEY).where(_t.tenant_id == tenant, _t.assignee.in_(names), _t.closed_at.is_(None))
        found.append(keys if process is None else keys.where(_t.process == process))
    return found


def _offered(tenant: str, reach: Reach) -> list[AnySelect]:
    """Open to anyone of several; what somebody has taken is theirs."""
    found: list[AnySelect] = []
    for process, words in _by_process(reach.offers):
        offers = select(_c.tenant_id, _c.process, _c.entity_id, _c.task).distinct()
        offers = offers.where(_c.tenant_id == tenant, _c.candidate.in_(words))
        if process is not None:
            offers = offers.where(_c.process == process)
        offered = offers.subquery()
        same = and_(*(column == offered.c[column.name] for column in _KEY))
        found.append(select(*_KEY).join(offered, same).where(_t.assignee.is_(None)))
    return found


def _by_process(pairs: tuple[tuple[str, str | None], ...]) -> list[tuple[str | None, list[str]]]:
    grouped: dict[str | None, list[str]] = {}
    for word, process in dict.fromkeys(pairs):
        grouped.setdefault(process, []).append(word)
    return list(grouped.items())


def _narrowed(wanted: TaskFilter) -> Any:
    if wanted.process is not None:
        yield _t.process == wanted.process
    if wanted.priority is not None:
        yield _t.priority == wanted.priority
    if wanted.assignee is not None:
        yield _t.assignee == wanted.assignee
    if wanted.due_from is not None:
        yield _t.due_at >= wanted.due_from
    if wanted.due_until is not None:
        yield _t.due_at < wanted.due_until
    if wanted.overdue_at is not None:
        yield and_(_t.due_at < wanted.overdue_at, _t.closed_at.is_(None))
    if wanted.q is not None:
        yield or_(_t.number.icontains(wanted.q, autoescape=True), _t.title.icontains(wanted.q, autoescape=True))


def _order(sort: Sort, descending: bool) -> tuple[ColumnElement[Any], ...]:
    """What has no due time comes last either way."""

    def way(column: ColumnElement[Any]) -> ColumnElement[Any]:
        return column.desc().nulls_last() if descending else column.asc().nulls_last()

    match sort:
        case "due":
            return way(_t.due_at), _t.priority, _t.opened_at, *_TIES
        case "priority":
            return way(_t.priority), _t.due_at.asc().nulls_last(), _t.opened_at, *_TIES
        case "opened":
            return way(_t.opened_at), *_TIES
        case "closed":
            return way(_t.closed_at), *_TIES
    if descending:
        return _t.priority.desc(), _t.due_at.desc().nulls_first(), _t.opened_at.desc(), *_TIES
    return _t.priority, _t.due_at.asc().nulls_last(), _t.opened_at, *_TIES
