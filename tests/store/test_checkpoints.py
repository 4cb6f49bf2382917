"""Checkpoints over audited rows: none is missed, and whatever is changed or removed afterwards is found."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from sqlalchemy import Table, func, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from activities import checkpoints as chore
from activities.services.audit import Audit
from activities.store.database import Database
from activities.store.repositories import audit as audit_rows
from activities.store.repositories import checkpoints
from activities.store.tables import audit, checkpoint_rows, signatures, steps
from activities.store.tables import checkpoints as checkpoint_table
from activities.store.verify import verify_instance
from activities.store.verify_audit import broken_records
from tests.store.conftest import Commit
from tests.store.steps import new_id, record, signed
from workflows.domain.checkpoints import Covered, checkpoint
from workflows.domain.records import AuditEntry

ENTRY = AuditEntry(
    action="user.update",
    outcome="denied",
    username="admin",
    actor={"id": 1, "username": "admin", "name": "Änne"},
    at=dt.datetime(2025, 11, 6, 12, tzinfo=dt.UTC),
    acting_role="admin",
    on_behalf_of="eva",
    entity_type="user",
    entity_id="7",
    before={"roles": ["operator"]},
    after={"roles": []},
    reason="new task",
    ip="192.0.2.7",
    request_id="r-1",
    code="FORBIDDEN",
)
AUDITED = [steps, audit, signatures, checkpoint_table, checkpoint_rows]


@pytest.fixture
async def entity_id(database: Database, tenant: str, commit: Commit) -> int:
    """An instance with three steps, one of them signed, two audit rows, and two checkpoints over them."""
    entity_id = new_id()
    await commit(record(tenant, entity_id), record(tenant, entity_id, 2, effects=[signed(on_behalf_of="eva")]))
    await Audit(database).record(tenant, ENTRY)
    assert await chore.cover(database, tenant) is not None
    await commit(record(tenant, entity_id, 3, comment="seen"))
    await Audit(database).record(tenant, ENTRY)
    assert await chore.cover(database, tenant) is not None
    return entity_id


async def _problems(connection: AsyncConnection, tenant: str, entity_id: int | None = None) -> list[str]:
    found = [problem async for problem in broken_records(connection, tenant)]
    if entity_id is not None:
        step = await verify_instance(connection, tenant, "ncr_report", entity_id)
        found += [] if step is None else [f"step {step}"]
    return found


async def _covered(database: Database, tenant: str) -> int:
    async with database.transaction(tenant) as connection:
        return len((await connection.execute(select(checkpoint_rows))).all())


async def test_rows_as_written_are_intact(database: Database, tenant: str, entity_id: int) -> None:
    async with database.transaction(tenant) as connection:
        assert await _problems(connection, tenant, entity_id) == []
    assert await _covered(database, tenant) == 6


async def test_nothing_new_makes_no_checkpoint(database: Database, tenant: str, entity_id: int) -> None:
    assert await chore.cover(database, tenant) is None


@pytest.mark.parametrize(("table", "column"), [(table, column.name) for table in AUDITED for column in table.c])
async def test_a_changed_byte_in_any_column_is_found(
    database: Database, tenant: str, entity_id: int, table: Table, column: str
) -> None:
    """As somebody who owns the tables and switches the triggers off could change it."""
    async with database.engine.connect() as connection, connection.begin() as transaction:
        await connection.execute(text(f"ALTER TABLE {table.name} DISABLE TRIGGER USER"))
        if column == "id":
            await connection.execute(text(f"ALTER TABLE {table.name} ALTER id DROP IDENTITY"))
        changed = await connection.execute(text(_changing(table, column)), {"tenant": tenant})

        assert changed.rowcount == 1
        assert await _problems(connection, tenant, entity_id) != []
        await transaction.rollback()


def _changing(table: Table, column: str) -> str:
    """One value of one row made another, by as little as its type allows."""
    kind = table.c[column].type.__visit_name__
    other = {
        "text": f"'x' || substr(coalesce({column}, ''), 2)",
        "TEXT": f"'x' || substr(coalesce({column}, ''), 2)",
        "big_integer": f"{column} + 1000000",
        "integer": f"{column} + 1000",
        "boolean": f"NOT {column}",
        "datetime": f"{column} + interval '1 microsecond'",
        "ARRAY": f"{column} || 'x'::text",
        "JSON": f"({column}::text || ' ')::json",
        "INET": f"{column} + 1",
    }[kind]
    if (table.name, column) in {("audit", "outcome"), ("signatures", "level")}:
        other = {"outcome": "'allowed'", "level": "'S3'"}[column]
    setting = f"UPDATE {table.name} SET {column} = {other} WHERE ctid = (SELECT min(ctid) FROM {table.name} WHERE"
    return f"{setting} tenant_id = :tenant)"


@pytest.mark.parametrize("table", AUDITED, ids=str)
@pytest.mark.parametrize("end", ["min", "max"])
async def test_a_removed_row_is_found(database: Database, tenant: str, entity_id: int, table: Table, end: str) -> None:
    async with database.engine.connect() as connection, connection.begin() as transaction:
        await connection.execute(text(f"ALTER TABLE {table.name} DISABLE TRIGGER USER"))
        await connection.execute(
            text(f"DELETE FROM {table.name} WHERE ctid = (SELECT {end}(ctid) FROM {table.name} WHERE tenant_id = :t)"),
            {"t": tenant},
        )

        assert await _problems(connection, tenant, entity_id) != []
        await transaction.rollback()


@pytest.mark.parametrize("table", [signatures, checkpoint_table, checkpoint_rows], ids=str)
@pytest.mark.parametrize("change", ["UPDATE {} SET tenant_id = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
async def test_what_proves_can_only_be_added_to(
    database: Database, tenant: str, entity_id: int, table: Table, change: str
) -> None:
    for owner in (False, True):
        with pytest.raises(ProgrammingError, match="append-only" if owner else "permission denied"):
            async with database.engine.begin() if owner else database.transaction(tenant) as connection:
                await connection.execute(text(change.format(table.name)))


async def test_a_row_rewritten_with_its_hash_is_named(database: Database, tenant: str, entity_id: int) -> None:
    async with database.engine.connect() as connection, connection.begin() as transaction:
        await connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        ids = select(func.min(audit.c.id)).where(audit.c.tenant_id == tenant)
        mine = (await connection.execute(ids)).scalar_one()
        await connection.execute(
            text("UPDATE audit SET username = 'eve', hash = repeat('a', 64) WHERE id = :id"), {"id": mine}
        )

        assert f"audit row {mine} was changed after checkpoint 1" in await _problems(connection, tenant)
        await transaction.rollback()


async def test_a_row_committed_late_is_not_missed(database: Database, tenant: str, commit: Commit) -> None:
    """It was written before others that a checkpoint could have taken, and shows only after them."""
    async with database.transaction(tenant) as late:
        await audit_rows.append(late, tenant, ENTRY)
        await commit(record(tenant, new_id()))
        await chore.cover(database, tenant)

    await chore.cover(database, tenant)
    assert await _covered(database, tenant) == 2
    async with database.transaction(tenant) as connection:
        assert await _problems(connection, tenant) == []


async def test_two_workers_cover_every_row_once(database: Database, tenant: str, commit: Commit) -> None:
    for _ in range(5):
        await commit(record(tenant, new_id()))

    await asyncio.gather(*(chore.cover(database, tenant) for _ in range(4)))
    await chore.cover(database, tenant)

    async with database.transaction(tenant) as connection:
        assert await _problems(connection, tenant) == []
    assert await _covered(database, tenant) == 5


async def test_many_rows_make_several_checkpoints(database: Database, tenant: str, commit: Commit) -> None:
    """Also when they are of one transaction, as rows from before the first checkpoint are."""
    async with database.transaction(tenant) as connection:
        for _ in range(7):
            await audit_rows.append(connection, tenant, ENTRY)
    await commit(record(tenant, new_id()))

    last = await chore.cover(database, tenant, most_rows=3)

    assert last is not None
    assert (last.seq, await _covered(database, tenant)) == (3, 8)
    async with database.transaction(tenant) as connection:
        assert await _problems(connection, tenant) == []


async def test_transaction_numbers_that_begin_anew_hide_no_row(
    database: Database, tenant: str, entity_id: int, commit: Commit
) -> None:
    """As after a dump was loaded into another server: the last checkpoint speaks of a later transaction than any."""
    async with database.system() as connection:
        before = await checkpoints.last(connection, tenant)
        assert before is not None
        ahead = checkpoint(tenant, 3, at=before.at, upto=2**40, rows=[_stray(before.seq)], previous=before.hash)
        await checkpoints.add(connection, ahead, [_stray(before.seq)])
    await commit(record(tenant, new_id()))

    await chore.cover(database, tenant)

    assert await _covered(database, tenant) == 8


def _stray(seq: int) -> Covered:
    return Covered("step", f"elsewhere/{seq}/1", 2**40 - 1, "a" * 64)


async def test_the_chore_finds_the_tenants_that_have_written(database: Database, tenant: str, commit: Commit) -> None:
    since = await chore.over_all_tenants(database)
    await commit(record(tenant, new_id()))

    await chore.over_all_tenants(database, since)

    assert await _covered(database, tenant) == 1
