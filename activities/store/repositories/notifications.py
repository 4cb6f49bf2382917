"""SQL of notices to people and of how each wants to be told. Knows rows, no words and no mail server."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.repositories import paging
from activities.store.repositories.rows import columns, records
from activities.store.tables import notification_preferences, notifications
from workflows.domain.records import Page

Urgency = Literal["low", "normal", "critical"]
Language = Literal["en", "de"]
Way = Literal["at_once", "digest", "in_app"]

_n = notifications.c
_p = notification_preferences.c


@dataclass(frozen=True, slots=True)
class Preferences:
    """How one person is told by mail; in the application everything is shown. Critical notices are no choice."""

    language: Language = "en"
    normal: Way = "at_once"
    low: Way = "digest"

    def way(self, urgency: str) -> Way:
        if urgency == "critical":
            return "at_once"
        return self.low if urgency == "low" else self.normal


@dataclass(frozen=True, slots=True)
class Notification:
    id: int
    key: str
    urgency: Urgency
    subject: str
    text: str
    process: str | None
    entity_id: int | None
    number: str | None
    created_at: dt.datetime
    read_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Counts:
    unread: int
    critical: int
    """Unread ones that are critical."""


@dataclass(frozen=True, slots=True)
class DigestLine:
    id: int
    username: str
    subject: str
    number: str | None
    process: str | None
    entity_id: int | None


_NOTIFICATION = columns(notifications, Notification)


async def add(connection: AsyncConnection, tenant: str, rows: Sequence[dict[str, Any]]) -> set[str]:
    """Write notices; gives the user names of those who had not been told of the occasion yet."""
    if not rows:
        return set()
    new = insert(notifications).values([{"tenant_id": tenant, **row} for row in rows])
    query = new.on_conflict_do_nothing().returning(_n.username)
    return set((await connection.execute(query)).scalars())


async def told_since(connection: AsyncConnection, tenant: str, topic: str, since: dt.datetime) -> bool:
    """Whether anybody was told about the topic after that moment."""
    query = select(_n.id).where(_n.tenant_id == tenant, _n.topic == topic, _n.created_at > since).limit(1)
    return await connection.scalar(query) is not None


async def page(
    connection: AsyncConnection, tenant: str, username: str, *, unread: bool | None, number: int, per_page: int
) -> Page[Notification]:
    """Unread ones first, each part newest first. `unread`: None gives both parts."""
    query = select(*_NOTIFICATION).where(_n.tenant_id == tenant, _n.username == username)
    if unread is not None:
        query = query.where(_n.read_at.is_(None) if unread else _n.read_at.is_not(None))
    query = query.order_by(_n.read_at.is_not(None), _n.id.desc())
    total, exact = await paging.count(connection, query)
    limit, offset = paging.window(number, per_page)
    rows = await connection.execute(query.limit(limit).offset(offset))
    return Page(records(Notification, rows), total, number, per_page, exact)


async def counts(connection: AsyncConnection, tenant: str, username: str) -> Counts:
    query = select(func.count(), func.count().filter(_n.urgency == "critical")).where(
        _n.tenant_id == tenant, _n.username == username, _n.read_at.is_(None)
    )
    unread, critical = (await connection.execute(query)).one()
    return Counts(unread, critical)


async def find(connection: AsyncConnection, tenant: str, username: str, notification: int) -> Notification | None:
    query = select(*_NOTIFICATION).where(_n.tenant_id == tenant, _n.username == username, _n.id == notification)
    found = records(Notification, await connection.execute(query))
    return found[0] if found else None


async def mark_read(
    connection: AsyncConnection, tenant: str, username: str, at: dt.datetime, notification: int | None = None
) -> int:
    """Marks one or all; what is read before its digest is left out of it. Gives how many were unread."""
    change = (
        update(notifications)
        .where(_n.tenant_id == tenant, _n.username == username, _n.read_at.is_(None))
        .values(read_at=at, digest_at=None)
    )
    if notification is not None:
        change = change.where(_n.id == notification)
    return (await connection.execute(change)).rowcount


async def preferences(connection: AsyncConnection, tenant: str, usernames: Sequence[str]) -> dict[str, Preferences]:
    """By user name; who has chosen nothing is left out."""
    query = select(_p.username, _p.language, _p.normal, _p.low).where(
        _p.tenant_id == tenant, _p.username.in_(usernames)
    )
    return {row.username: Preferences(row.language, row.normal, row.low) for row in await connection.execute(query)}


async def keep_preferences(connection: AsyncConnection, tenant: str, username: str, chosen: Preferences) -> None:
    values = {"language": chosen.language, "normal": chosen.normal, "low": chosen.low}
    kept = insert(notification_preferences).values(tenant_id=tenant, username=username, **values)
    await connection.execute(
        kept.on_conflict_do_update(index_elements=["tenant_id", "username"], set_={**values, "updated_at": func.now()})
    )


# --- digests ------------------------------------------------------------------------------------------------


async def digests_due(connection: AsyncConnection, at: dt.datetime, limit: int) -> list[tuple[str, str]]:
    """Tenants and people with a digest to be made. Needs the system role."""
    query = select(_n.tenant_id, _n.username).distinct().where(_n.digest_at <= at)
    rows = await connection.execute(query.order_by(_n.tenant_id, _n.username).limit(limit))
    return [(row.tenant_id, row.username) for row in rows]


async def claim_digest(connection: AsyncConnection, tenant: str, username: str, at: dt.datetime) -> list[DigestLine]:
    """What goes into a person's digest now, oldest first; nothing while another worker makes it."""
    lock = func.pg_try_advisory_xact_lock(func.hashtextextended(f"digest/{tenant}/{username}", 0))
    if not await connection.scalar(select(lock)):
        return []
    query = (
        select(*columns(notifications, DigestLine))
        .where(_n.tenant_id == tenant, _n.username == username, _n.digest_at <= at)
        .order_by(_n.id)
        .with_for_update()
    )
    return records(DigestLine, await connection.execute(query))


async def settle_digest(connection: AsyncConnection, tenant: str, lines: Sequence[int], letter: int | None) -> None:
    """These are in the letter, or in none because the person cannot be written to any more."""
    await connection.execute(
        update(notifications).where(_n.tenant_id == tenant, _n.id.in_(lines)).values(digest_at=None, letter=letter)
    )
