"""How much waits, over all tenants; for operators. Needs the system role."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.tables import incidents, mail_queue, outbox


async def open_incidents(connection: AsyncConnection) -> int:
    query = select(func.count()).select_from(incidents).where(incidents.c.resolved_at.is_(None))
    return int((await connection.execute(query)).scalar_one())


async def oldest_undispatched(connection: AsyncConnection) -> dt.datetime | None:
    """When the domain event was written that waits longest; None: none waits."""
    query = select(outbox.c.created_at).where(outbox.c.dispatched_at.is_(None)).order_by(outbox.c.id).limit(1)
    found: dt.datetime | None = await connection.scalar(query)
    return found


async def letters(connection: AsyncConnection, late_after: int) -> tuple[int, int]:
    """Letters that wait, and those of them that were tried more than `late_after` times."""
    late = func.count().filter(mail_queue.c.attempts > late_after)
    query = select(func.count(), late).where(mail_queue.c.next_at.is_not(None))
    waiting, tried = (await connection.execute(query)).one()
    return int(waiting), int(tried)
