"""SQL of comments, watching and drafts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.repositories import paging
from activities.store.repositories.rows import columns, records
from activities.store.tables import instances, task_comments, task_drafts, task_watchers, tasks, users
from workflows.domain.records import Page

_i = instances.c
_t = tasks.c
_c = task_comments.c
_w = task_watchers.c
_d = task_drafts.c
_u = users.c


@dataclass(frozen=True, slots=True)
class Place:
    """An instance of a tenant."""

    tenant: str
    process: str
    entity_id: int


@dataclass(frozen=True, slots=True)
class Comment:
    id: int
    task: str | None
    text: str
    mentions: list[str]
    username: str
    name: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Watcher:
    username: str
    because: str
    """self, mention, or added."""
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class Draft:
    transition: str | None
    data: dict[str, Any]
    saved_at: dt.datetime


async def instance_exists(connection: AsyncConnection, place: Place) -> bool:
    found = exists().where(_i.tenant_id == place.tenant, _i.process == place.process, _i.entity_id == place.entity_id)
    return bool(await connection.scalar(select(found)))


async def task_exists(connection: AsyncConnection, place: Place, task: str, *, open_only: bool = False) -> bool:
    found = exists().where(
        _t.tenant_id == place.tenant, _t.process == place.process, _t.entity_id == place.entity_id, _t.task == task
    )
    return bool(await connection.scalar(select(found.where(_t.closed_at.is_(None)) if open_only else found)))


# --- comments -----------------------------------------------------------------------------------------------


async def add_comment(connection: AsyncConnection, place: Place, values: dict[str, Any]) -> Comment:
    statement = insert(task_comments).values(**_key(place), **values).returning(*columns(task_comments, Comment))
    return records(Comment, await connection.execute(statement))[0]


async def comments(
    connection: AsyncConnection, place: Place, task: str | None, page: int, per_page: int
) -> Page[Comment]:
    """Oldest first; `task`: only those at this task."""
    query = select(*columns(task_comments, Comment)).where(
        _c.tenant_id == place.tenant, _c.process == place.process, _c.entity_id == place.entity_id
    )
    if task is not None:
        query = query.where(_c.task == task)
    query = query.order_by(_c.id)
    total, exact = await paging.count(connection, query)
    limit, offset = paging.window(page, per_page)
    rows = await connection.execute(query.limit(limit).offset(offset))
    return Page(records(Comment, rows), total, page, per_page, exact)


async def usernames(connection: AsyncConnection, tenant: str, names: Collection[str]) -> list[str]:
    """The active users among `names`, as they write themselves, sorted."""
    wanted = func.lower(_u.username).in_([name.lower() for name in names])
    query = select(_u.username).where(_u.tenant_id == tenant, _u.active, wanted)
    return sorted((await connection.execute(query)).scalars())


# --- watching -----------------------------------------------------------------------------------------------


async def watch(connection: AsyncConnection, place: Place, names: Collection[str], because: str) -> None:
    """Who watches already goes on as before."""
    if names:
        rows = [{**_key(place), "username": name, "because": because} for name in names]
        await connection.execute(insert(task_watchers).values(rows).on_conflict_do_nothing())


async def unwatch(connection: AsyncConnection, place: Place, username: str) -> bool:
    """Whether they watched."""
    statement = delete(task_watchers).where(*_watching(place), func.lower(_w.username) == username.lower())
    return (await connection.execute(statement)).rowcount > 0


async def watchers(connection: AsyncConnection, place: Place) -> list[Watcher]:
    """By name."""
    query = select(*columns(task_watchers, Watcher)).where(*_watching(place)).order_by(_w.username)
    return records(Watcher, await connection.execute(query))


async def watches(connection: AsyncConnection, place: Place, username: str) -> bool:
    return bool(await connection.scalar(select(exists().where(*_watching(place), _w.username == username))))


# --- drafts -------------------------------------------------------------------------------------------------


async def save_draft(
    connection: AsyncConnection, place: Place, task: str, username: str, transition: str | None, data: dict[str, Any]
) -> Draft:
    changed = {"transition": transition, "data": data, "saved_at": func.now()}
    row = {**_key(place), "task": task, "username": username, **changed}
    statement = insert(task_drafts).values(**row)
    statement = statement.on_conflict_do_update(index_elements=list(task_drafts.primary_key), set_=changed)
    return records(Draft, await connection.execute(statement.returning(*columns(task_drafts, Draft))))[0]


async def draft(connection: AsyncConnection, place: Place, task: str, username: str) -> Draft | None:
    query = select(*columns(task_drafts, Draft)).where(*_drafted(place, task, username))
    return next(iter(records(Draft, await connection.execute(query))), None)


async def drop_draft(connection: AsyncConnection, place: Place, task: str, username: str) -> None:
    await connection.execute(delete(task_drafts).where(*_drafted(place, task, username)))


def _key(place: Place) -> dict[str, Any]:
    return {"tenant_id": place.tenant, "process": place.process, "entity_id": place.entity_id}


def _watching(place: Place) -> tuple[Any, ...]:
    return _w.tenant_id == place.tenant, _w.process == place.process, _w.entity_id == place.entity_id


def _drafted(place: Place, task: str, username: str) -> tuple[Any, ...]:
    return (
        _d.tenant_id == place.tenant,
        _d.process == place.process,
        _d.entity_id == place.entity_id,
        _d.task == task,
        _d.username == username,
    )
