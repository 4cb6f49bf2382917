"""Stock that must not move: `stock.hold`, `stock.release`, and the fact `holds.open_for`.

A lot may be held by several instances at once; it is free again when the last of them lets go.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from activities.actions.registry import Arguments, FactLook, Registry, SqlStep
from activities.store.repositories import stock
from workflows.domain.errors import RuleRefused

actions = Registry()

GONE = frozenset({"consumed", "shipped", "scrapped", "returned", "expired"})
"""Statuses of lots that are not in stock any more."""


class Hold(Arguments):
    lot: str = Field(min_length=1, max_length=100)
    reason: str = Field(min_length=1, max_length=500)


class Release(Arguments):
    lot: str = Field(min_length=1, max_length=100)


class LotStatus(Arguments):
    lot: str
    status: str
    open_holds: int


@actions.sql("stock.hold", title="Put a lot on hold", input=Hold, output=LotStatus)
async def hold(step: SqlStep, asked: Hold) -> LotStatus:
    """Places a hold in the name of this instance; it holds a lot once, however often it asks.

    Raises:
        RuleRefused: NO_SUCH_LOT; LOT_NOT_IN_STOCK, it is used up, shipped or scrapped.
    """
    lot = await _locked(step, asked.lot)
    if lot.status in GONE:
        raise RuleRefused(
            f"lot {asked.lot} is {lot.status}",
            code="LOT_NOT_IN_STOCK",
            details={"lot": asked.lot, "status": lot.status},
        )
    await stock.place_hold(step.connection, step.tenant, asked.lot, reason=asked.reason, **_by(step))
    held = await stock.open_holds(step.connection, step.tenant, asked.lot)
    if lot.free_status is None:
        await stock.set_held(step.connection, step.tenant, asked.lot, free_status=lot.status)
    return LotStatus(lot=asked.lot, status="on_hold", open_holds=len(held))


@actions.sql("stock.release", title="Release a lot from hold", input=Release, output=LotStatus)
async def release(step: SqlStep, asked: Release) -> LotStatus:
    """Ends this instance's hold. Holds of others stay; without a hold of ours nothing changes.

    Raises:
        RuleRefused: NO_SUCH_LOT.
    """
    lot = await _locked(step, asked.lot)
    await stock.lift_hold(step.connection, step.tenant, asked.lot, **_by(step))
    held = await stock.open_holds(step.connection, step.tenant, asked.lot)
    if held or lot.free_status is None:
        return LotStatus(lot=asked.lot, status=lot.status, open_holds=len(held))
    await stock.set_free(step.connection, step.tenant, asked.lot, lot.free_status)
    return LotStatus(lot=asked.lot, status=lot.free_status, open_holds=0)


class LotOrNone(Arguments):
    lot: str = Field(max_length=120, description="Lot number; empty where there is no lot, and so no hold.")


@actions.fact("holds.open_for", title="Open holds on a lot", input=LotOrNone, output=list[dict[str, Any]])
async def open_for(look: FactLook, asked: LotOrNone) -> list[dict[str, Any]]:
    """Open holds, oldest first: process, entity_id, reason, placed_by, placed_at; none for an unknown lot."""
    return [
        {
            "process": one.process,
            "entity_id": one.entity_id,
            "reason": one.reason,
            "placed_by": one.placed_by,
            "placed_at": one.placed_at.isoformat().replace("+00:00", "Z"),
        }
        for one in await stock.open_holds(look.connection, look.tenant, asked.lot)
    ]


async def _locked(step: SqlStep, lot_number: str) -> stock.Lot:
    lot = await stock.lock(step.connection, step.tenant, lot_number)
    if lot is None:
        raise RuleRefused(f"there is no lot {lot_number}", code="NO_SUCH_LOT", details={"lot": lot_number})
    return lot


def _by(step: SqlStep) -> dict[str, Any]:
    return {"process": step.process, "entity_id": step.entity_id, "username": step.actor.username, "at": step.at}
