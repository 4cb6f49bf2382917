"""SQL of the outbox, for the dispatcher: it sees all tenants and takes events in the order of their ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.tables import outbox

_o = outbox.c


@dataclass(frozen=True, slots=True)
class Event:
    id: int
    tenant: str
    event: str
    envelope: dict[str, Any]
    """event, timestamp, teamId, data, sequence."""
    process: str
    """Of the instance it comes from."""


async def claim(connection: AsyncConnection, limit: int) -> list[Event]:
    """Events nobody has dispatched, locked against other dispatchers until the transaction ends."""
    query = (
        select(_o.id, _o.tenant_id, _o.event, _o.payload, _o.process)
        .where(_o.dispatched_at.is_(None))
        .order_by(_o.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [Event(*row) for row in await connection.execute(query)]


async def mark_dispatched(connection: AsyncConnection, event_ids: Sequence[int]) -> None:
    if event_ids:
        await connection.execute(
            update(outbox).where(_o.id.in_(event_ids)).values(dispatched_at=func.clock_timestamp())
        )
