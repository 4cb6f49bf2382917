"""Holds on lots, inside the transaction of a step."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text

from activities.actions.context import FactLook, SqlStep
from activities.actions.registry import default
from activities.store.database import Database
from tests.effects import ANNA
from workflows.domain.errors import RuleRefused

AT = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)


class Stock:
    def __init__(self, database: Database, tenant: str) -> None:
        self.database = database
        self.tenant = tenant

    async def add(self, lot: str, status: str = "available") -> None:
        await self.run_sql("INSERT INTO lots (tenant_id, lot_number, status) VALUES (:t, :l, :s)", l=lot, s=status)

    async def run_sql(self, query: str, **values: Any) -> None:
        async with self.database.transaction(self.tenant) as connection:
            await connection.execute(text(query), {"t": self.tenant, **values})

    async def status(self, lot: str) -> str:
        async with self.database.transaction(self.tenant) as connection:
            return str(await connection.scalar(text("SELECT status FROM lots WHERE lot_number = :l"), {"l": lot}))

    async def act(self, action: str, entity_id: int = 1, **arguments: Any) -> dict[str, Any]:
        async with self.database.transaction(self.tenant) as connection:
            step = SqlStep(connection, self.tenant, "ncr_report", entity_id, f"NCR-{entity_id}", AT, ANNA)
            return await default().run_sql(step, action, arguments)

    async def holds(self, lot: str) -> list[dict[str, Any]]:
        async with self.database.transaction(self.tenant) as connection:
            look = FactLook(connection, self.tenant, "ncr_report", 1)
            found: list[dict[str, Any]] = await default().resolve_fact(look, "holds.open_for", {"lot": lot})
            return found


@pytest.fixture
async def stock(database: Database, tenant: str) -> Stock:
    found = Stock(database, tenant)
    await found.add("L-1")
    return found


async def test_a_held_lot_is_on_hold_and_says_why(stock: Stock) -> None:
    result = await stock.act("stock.hold", lot="L-1", reason="NCR-1")

    assert result == {"lot": "L-1", "status": "on_hold", "open_holds": 1}
    assert await stock.status("L-1") == "on_hold"
    assert await stock.holds("L-1") == [
        {
            "process": "ncr_report",
            "entity_id": 1,
            "reason": "NCR-1",
            "placed_by": "anna",
            "placed_at": "2026-11-20T09:30:00Z",
        }
    ]


async def test_holding_twice_for_the_same_instance_is_holding_once(stock: Stock) -> None:
    await stock.act("stock.hold", lot="L-1", reason="NCR-1")
    result = await stock.act("stock.hold", lot="L-1", reason="again")

    assert result["open_holds"] == 1
    assert [hold["reason"] for hold in await stock.holds("L-1")] == ["NCR-1"]


async def test_a_lot_is_free_when_the_last_hold_ends(stock: Stock) -> None:
    await stock.act("stock.hold", 1, lot="L-1", reason="NCR-1")
    await stock.act("stock.hold", 2, lot="L-1", reason="NCR-2")

    assert (await stock.act("stock.release", 1, lot="L-1"))["status"] == "on_hold"
    assert await stock.act("stock.release", 2, lot="L-1") == {"lot": "L-1", "status": "available", "open_holds": 0}
    assert await stock.status("L-1") == "available"


async def test_a_released_lot_returns_to_what_it_was(stock: Stock) -> None:
    await stock.add("L-2", "quarantine")
    await stock.act("stock.hold", lot="L-2", reason="NCR-1")
    await stock.act("stock.release", lot="L-2")

    assert await stock.status("L-2") == "quarantine"


async def test_releasing_without_a_hold_of_ones_own_changes_nothing(stock: Stock) -> None:
    await stock.act("stock.hold", 1, lot="L-1", reason="NCR-1")
    await stock.act("stock.release", 2, lot="L-1")

    assert len(await stock.holds("L-1")) == 1


@pytest.mark.parametrize("action", ["stock.hold", "stock.release"])
async def test_an_unknown_lot_refuses_the_step(stock: Stock, action: str) -> None:
    arguments = {"lot": "L-9"} | ({"reason": "NCR-1"} if action == "stock.hold" else {})

    with pytest.raises(RuleRefused) as caught:
        await stock.act(action, **arguments)

    assert caught.value.code == "NO_SUCH_LOT"


@pytest.mark.parametrize("status", ["consumed", "shipped", "scrapped", "returned", "expired"])
async def test_a_lot_that_is_gone_cannot_be_held(stock: Stock, status: str) -> None:
    await stock.add("L-3", status)

    with pytest.raises(RuleRefused) as caught:
        await stock.act("stock.hold", lot="L-3", reason="NCR-1")

    assert caught.value.code == "LOT_NOT_IN_STOCK"
    assert await stock.holds("L-3") == []


async def test_a_refused_step_leaves_no_hold(stock: Stock) -> None:
    async def step_that_fails_later() -> None:
        async with stock.database.transaction(stock.tenant) as connection:
            step = SqlStep(connection, stock.tenant, "ncr_report", 1, "NCR-1", AT, ANNA)
            await default().run_sql(step, "stock.hold", {"lot": "L-1", "reason": "NCR-1"})
            raise RuleRefused("a later action says no")

    with pytest.raises(RuleRefused):
        await step_that_fails_later()

    assert await stock.holds("L-1") == []
    assert await stock.status("L-1") == "available"


async def test_holds_of_many_instances_at_once_are_all_kept(stock: Stock) -> None:
    await asyncio.gather(*(stock.act("stock.hold", number, lot="L-1", reason="r") for number in range(1, 9)))
    assert len(await stock.holds("L-1")) == 8

    await asyncio.gather(*(stock.act("stock.release", number, lot="L-1") for number in range(1, 9)))
    assert await stock.status("L-1") == "available"


async def test_lots_of_another_tenant_do_not_exist(stock: Stock, database: Database) -> None:
    stranger = Stock(database, "t-stranger")

    with pytest.raises(RuleRefused) as caught:
        await stranger.act("stock.hold", lot="L-1", reason="mine")

    assert caught.value.code == "NO_SUCH_LOT"
    assert await stranger.holds("L-1") == []
