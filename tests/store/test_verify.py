"""Tampering with the step log is found at its place."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from activities.store.database import Database
from activities.store.verify import verify_instance
from tests.store.conftest import Commit
from tests.store.steps import closed, new_id, opened, record, task


async def _verify(database: Database, tenant: str, entity_id: int) -> int | None:
    async with database.transaction(tenant) as connection:
        return await verify_instance(connection, tenant, "ncr_report", entity_id)


async def _tamper(database: Database, *statements: str) -> None:
    """As somebody who owns the tables could."""
    async with database.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE steps DISABLE TRIGGER append_only"))
        for statement in statements:
            await connection.execute(text(statement))
        await connection.execute(text("ALTER TABLE steps ENABLE TRIGGER append_only"))


@pytest.fixture
async def entity_id(tenant: str, commit: Commit) -> int:
    entity_id = new_id()
    await commit(
        record(
            tenant,
            entity_id,
            effects=[opened("1")],
            tasks={"1": task("1")},
            data={"x": 1e22, "y": 0.1, "z": "ü\u2028", "zero": -0.0, "e": 1e-7},
        ),
        record(tenant, entity_id, 2, effects=[closed("1")], comment="seen", at="2025-11-06T16:00:00+01:00"),
        record(tenant, entity_id, 3, at="2025-11-06T16:00:00.000001Z"),
        record(tenant, entity_id, 4, status="done", outcome="closed"),
    )
    return entity_id


async def test_a_log_as_written_is_intact(database: Database, tenant: str, entity_id: int) -> None:
    assert await _verify(database, tenant, entity_id) is None


async def test_an_instance_that_is_not_there_is_intact(database: Database, tenant: str) -> None:
    assert await _verify(database, tenant, new_id()) is None


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("UPDATE steps SET username = 'mallory' WHERE entity_id = {id} AND seq = 2", 2),
        ("UPDATE steps SET reason = NULL WHERE entity_id = {id} AND seq = 2", 2),
        ("UPDATE steps SET at = at + interval '1 second' WHERE entity_id = {id} AND seq = 3", 3),
        ("UPDATE steps SET changes = '{{}}' WHERE entity_id = {id} AND seq = 1", 1),
        ("UPDATE steps SET prev_hash = hash WHERE entity_id = {id} AND seq = 3", 3),
        ("DELETE FROM steps WHERE entity_id = {id} AND seq = 1", 1),
        ("DELETE FROM steps WHERE entity_id = {id} AND seq = 3", 3),
        ("DELETE FROM steps WHERE entity_id = {id} AND seq = 4", 4),
        ("DELETE FROM steps WHERE entity_id = {id}", 1),
        ("UPDATE instances SET snapshot = '{{}}' WHERE entity_id = {id}", 4),
        ("UPDATE instances SET chain_head = repeat('0', 64) WHERE entity_id = {id}", 4),
        ("UPDATE instances SET seq = 3 WHERE entity_id = {id}", 4),
        ("DELETE FROM instances WHERE entity_id = {id}", 4),
    ],
)
async def test_tampering_is_found_at_its_place(
    database: Database, tenant: str, entity_id: int, change: str, broken: int
) -> None:
    await _tamper(database, change.format(id=entity_id))

    assert await _verify(database, tenant, entity_id) == broken


async def test_swapped_steps_are_found(database: Database, tenant: str, entity_id: int) -> None:
    await _tamper(
        database,
        f"UPDATE steps SET seq = 99 WHERE entity_id = {entity_id} AND seq = 2",
        f"UPDATE steps SET seq = 2 WHERE entity_id = {entity_id} AND seq = 3",
        f"UPDATE steps SET seq = 3 WHERE entity_id = {entity_id} AND seq = 99",
    )

    assert await _verify(database, tenant, entity_id) == 2


async def test_long_logs_are_read_in_parts(
    database: Database, tenant: str, commit: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.store.verify._BATCH", 2)
    entity_id = new_id()
    await commit(*(record(tenant, entity_id, seq) for seq in range(1, 6)))

    assert await _verify(database, tenant, entity_id) is None
    await _tamper(database, f"UPDATE steps SET username = 'm' WHERE entity_id = {entity_id} AND seq = 5")
    assert await _verify(database, tenant, entity_id) == 5
