"""SQL of lots and the holds on them. A lot is locked before its holds change, so its status fits them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.tables import lot_holds, lots

_l = lots.c
_h = lot_holds.c


@dataclass(frozen=True, slots=True)
class Lot:
    lot_number: str
    status: str
    free_status: str | None
    """What the lot returns to when its last hold ends; None: it is not held."""


@dataclass(frozen=True, slots=True)
class Hold:
    process: str | None
    entity_id: int | None
    reason: str
    placed_by: str
    placed_at: dt.datetime


async def lock(connection: AsyncConnection, tenant: str, lot_number: str) -> Lot | None:
    """The lot, nobody else's until the transaction ends."""
    query = select(_l.lot_number, _l.status, _l.free_status).where(_l.tenant_id == tenant, _l.lot_number == lot_number)
    row = (await connection.execute(query.with_for_update())).one_or_none()
    return None if row is None else Lot(*row)


async def open_holds(connection: AsyncConnection, tenant: str, lot_number: str) -> list[Hold]:
    """Oldest first."""
    query = select(_h.process, _h.entity_id, _h.reason, _h.placed_by, _h.placed_at)
    mine = query.where(_h.tenant_id == tenant, _h.lot_number == lot_number, _h.released_at.is_(None))
    return [Hold(*row) for row in await connection.execute(mine.order_by(_h.id))]


async def place_hold(
    connection: AsyncConnection,
    tenant: str,
    lot_number: str,
    *,
    reason: str,
    process: str,
    entity_id: int,
    username: str,
    at: dt.datetime,
) -> None:
    """One open hold to an instance; a second one by the same instance changes nothing."""
    statement = insert(lot_holds).values(
        tenant_id=tenant,
        lot_number=lot_number,
        reason=reason,
        process=process,
        entity_id=entity_id,
        placed_by=username,
        placed_at=at,
    )
    await connection.execute(statement.on_conflict_do_nothing())


async def lift_hold(
    connection: AsyncConnection,
    tenant: str,
    lot_number: str,
    *,
    process: str,
    entity_id: int,
    username: str,
    at: dt.datetime,
) -> None:
    """Ends the open hold of one instance, if it has one."""
    mine = (_h.tenant_id == tenant, _h.lot_number == lot_number, _h.process == process, _h.entity_id == entity_id)
    await connection.execute(
        update(lot_holds).where(*mine, _h.released_at.is_(None)).values(released_at=at, released_by=username)
    )


async def set_held(connection: AsyncConnection, tenant: str, lot_number: str, *, free_status: str) -> None:
    await _set(connection, tenant, lot_number, status="on_hold", free_status=free_status)


async def set_free(connection: AsyncConnection, tenant: str, lot_number: str, status: str) -> None:
    await _set(connection, tenant, lot_number, status=status, free_status=None)


async def _set(
    connection: AsyncConnection, tenant: str, lot_number: str, *, status: str, free_status: str | None
) -> None:
    mine = (_l.tenant_id == tenant, _l.lot_number == lot_number)
    values = {"status": status, "free_status": free_status, "updated_at": func.now()}
    await connection.execute(update(lots).where(*mine).values(**values))
