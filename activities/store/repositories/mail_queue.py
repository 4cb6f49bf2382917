"""SQL of letters on their way out. A claim is a lease: a worker that is killed gives its letters back by time alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.repositories.rows import columns, records
from activities.store.tables import mail_queue

_m = mail_queue.c
_CRITICAL_FIRST = case((_m.urgency == "critical", 0), else_=1)


@dataclass(frozen=True, slots=True)
class QueuedLetter:
    id: int
    key: str
    """The occasion, for the Message-ID."""
    address: str
    subject: str
    text: str
    html: str
    created_at: dt.datetime
    attempts: int
    """With the one it is claimed for."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far the letter of one occasion to one address has come."""

    address: str
    sent_at: dt.datetime | None
    failed_at: dt.datetime | None


async def add(connection: AsyncConnection, tenant: str, rows: Sequence[dict[str, Any]], at: dt.datetime) -> list[int]:
    """Queue letters to be sent now; gives the ids of those that had not been queued before."""
    if not rows:
        return []
    new = insert(mail_queue).values(
        [{"tenant_id": tenant, "created_at": at, "next_at": at, **row} for row in rows],
    )
    query = new.on_conflict_do_nothing().returning(_m.id)
    return list((await connection.execute(query)).scalars())


async def deliveries(connection: AsyncConnection, tenant: str, key: str) -> list[Delivery]:
    query = select(*columns(mail_queue, Delivery)).where(_m.tenant_id == tenant, _m.key == key).order_by(_m.address)
    return records(Delivery, await connection.execute(query))


async def tenants_due(connection: AsyncConnection, at: dt.datetime) -> list[str]:
    """Tenants with letters to be sent. Needs the system role."""
    query = select(_m.tenant_id).distinct().where(_m.next_at <= at)
    return sorted((await connection.execute(query)).scalars())


async def claim(
    connection: AsyncConnection, tenant: str, at: dt.datetime, *, lease: dt.timedelta, limit: int, key: str | None
) -> list[QueuedLetter]:
    """Letters that nobody else sends until the lease ends, critical ones first.

    Args:
        key: only those of this occasion.
    """
    due = select(_m.id).where(_m.tenant_id == tenant, _m.next_at <= at)
    if key is not None:
        due = due.where(_m.key == key)
    due = due.order_by(_CRITICAL_FIRST, _m.next_at, _m.id).limit(limit).with_for_update(skip_locked=True)
    chosen = list((await connection.execute(due)).scalars())
    if not chosen:
        return []
    claimed = (
        update(mail_queue)
        .where(_m.tenant_id == tenant, _m.id.in_(chosen))
        .values(attempts=_m.attempts + 1, next_at=at + lease)
        .returning(*columns(mail_queue, QueuedLetter))
    )
    return records(QueuedLetter, await connection.execute(claimed))


async def mark_sent(connection: AsyncConnection, tenant: str, letter: int, at: dt.datetime) -> None:
    await _settle(connection, tenant, letter, sent_at=at, next_at=None, last_error=None)


async def mark_failed(connection: AsyncConnection, tenant: str, letter: int, at: dt.datetime, error: str) -> None:
    """It will not be tried again."""
    await _settle(connection, tenant, letter, failed_at=at, next_at=None, last_error=error)


async def postpone(connection: AsyncConnection, tenant: str, letter: int, next_at: dt.datetime, error: str) -> None:
    await _settle(connection, tenant, letter, next_at=next_at, last_error=error)


async def forget_settled(connection: AsyncConnection, kept: dt.timedelta) -> None:
    """Delete what was sent or given up long ago. Needs the system role."""
    await connection.execute(
        delete(mail_queue).where(_m.next_at.is_(None), _m.created_at < func.now() - kept),
    )


async def _settle(connection: AsyncConnection, tenant: str, letter: int, **values: Any) -> None:
    """Only a letter that still waits: after a lost lease another worker may have settled it."""
    await connection.execute(
        update(mail_queue).where(_m.tenant_id == tenant, _m.id == letter, _m.next_at.is_not(None)).values(**values)
    )
