"""The commit of one step: everything that it changes in SQL, in one transaction, exactly once.

Keyed by instance and sequence number: a repeat of the same command finds its row and writes nothing, another command
at that number means that Temporal and SQL have parted (a restore of one of them) and is refused. Knows no engine: it
writes down what the step says.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg.rows import tuple_row
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store import step_rows
from activities.store.database import Database, driver_of
from activities.store.step_form import Statement
from activities.store.step_rows import Head
from workflows.domain.errors import AlreadyExists, Conflict
from workflows.messages.instance import StepReceipt, StepRecord

SqlActions = Callable[[AsyncConnection, StepRecord, dict[str, Any]], Awaitable[Any]]
"""Runs one `do` effect of mode sql inside the step's transaction; raises JidokaError to refuse the step."""

_LOCK: LiteralString = """
SELECT seq, chain_head, events, open_incidents FROM instances
WHERE tenant_id = %s AND process = %s AND entity_id = %s FOR UPDATE
"""
_COMMAND: LiteralString = """
SELECT command_id FROM steps WHERE tenant_id = %s AND process = %s AND entity_id = %s AND seq = %s
"""
_HOLDER: LiteralString = "SELECT entity_id FROM instances WHERE tenant_id = %s AND process = %s AND number = %s"


async def commit_step(database: Database, record: StepRecord, sql_actions: SqlActions) -> StepReceipt:
    """Write `record` and run its sql actions, all or nothing.

    Raises:
        AlreadyExists: NUMBER_TAKEN, another instance has the business number; `details["id"]` says which.
        Conflict: STORE_DIVERGED, another command is on record at this sequence number; STORE_BEHIND, steps
            before this one are missing.
        InvalidInput: text or numbers that cannot be stored.
        Unavailable: the database is away or busy; the same call may be made again.
        JidokaError: whatever a sql action refused with.
    """
    try:
        return await _commit(database, record, sql_actions)
    except psycopg.errors.UniqueViolation as error:
        if error.diag.constraint_name == "uq_instances_number":
            raise await _number_taken(database, record) from error
        if error.diag.constraint_name == "uq_steps_command":
            raise Conflict(
                f"Command {record.command['id']} is on record with another step", code="STORE_DIVERGED"
            ) from error
        if error.diag.constraint_name not in {"pk_instances", "pk_steps"}:
            raise
        # Two attempts at the same first step ran at once; the other one won and its row is visible now.
        return await _commit(database, record, sql_actions)


class _Key(NamedTuple):
    tenant: str
    process: str
    entity_id: int


async def _commit(database: Database, record: StepRecord, sql_actions: SqlActions) -> StepReceipt:
    key = _Key(record.tenant, record.process, record.entity_id)
    async with database.transaction(record.tenant) as connection:
        driver = driver_of(connection)
        head = await _lock(driver, key)
        if head.seq >= record.seq:
            await _demand_same_command(driver, key, record)
            return StepReceipt(record.seq, repeated=True)
        if head.seq < record.seq - 1:
            raise Conflict(
                f"SQL knows the instance up to step {head.seq}, Temporal is at {record.seq}",
                code="STORE_BEHIND",
                details={"seq": head.seq},
            )
        actions = [effect for effect in record.effects if effect["kind"] == "do" and effect["mode"] == "sql"]
        await _write(driver, step_rows.statements(record, head), commit=not actions)
        for effect in actions:
            await sql_actions(connection, record, effect)
    return StepReceipt(record.seq)


async def _lock(driver: psycopg.AsyncConnection[Any], key: _Key) -> Head:
    """The instance as it stands, locked until the end of the transaction; a blank head before the first step."""
    async with driver.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_LOCK, key)
        row = await cursor.fetchone()
    return Head(*row) if row else Head()


async def _write(driver: psycopg.AsyncConnection[Any], statements: list[Statement], *, commit: bool) -> None:
    """All statements, and the commit if nothing else belongs to the step, in one round trip. The first that fails
    fails the step: the server skips what was sent behind it."""
    async with driver.pipeline():
        for query, parameters in statements:
            await driver.execute(query, parameters)
        if commit:
            await driver.commit()


async def _demand_same_command(driver: psycopg.AsyncConnection[Any], key: _Key, record: StepRecord) -> None:
    cursor = await driver.execute(_COMMAND, (*key, record.seq))
    row = await cursor.fetchone()
    if row is None or row[0] != record.command["id"]:
        raise Conflict(
            f"Step {record.seq} is on record with another command",
            code="STORE_DIVERGED",
            details={"seq": record.seq, "command": row[0] if row else None},
        )


async def _number_taken(database: Database, record: StepRecord) -> AlreadyExists:
    async with database.transaction(record.tenant) as connection:
        driver = driver_of(connection)
        cursor = await driver.execute(_HOLDER, (record.tenant, record.process, record.number))
        row = await cursor.fetchone()
    return AlreadyExists(
        f"{record.number} exists already",
        code="NUMBER_TAKEN",
        details={"id": row[0] if row else None, "number": record.number},
    )
