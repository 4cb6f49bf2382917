"""Ways a database can be away, and how that is told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from activities.store.database import Database
from workflows.domain.errors import Unavailable


async def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"postgresql://nobody@/nothing?host={tmp_path}")

    with pytest.raises(Unavailable) as refusal:
        await database.ping()

    assert refusal.value.details["retry_after_s"] > 0
    await database.close()


async def test_a_host_that_refuses_is_unavailable() -> None:
    database = Database("postgres://nobody@127.0.0.1:1/nothing")

    with pytest.raises(Unavailable):
        await database.ping()

    await database.close()


async def test_an_exhausted_pool_is_busy(database_url: str) -> None:
    database = Database(database_url, pool_size=1, max_overflow=0, pool_timeout_s=0.05)

    async with database.transaction("t"):
        with pytest.raises(Unavailable) as refusal:
            await database.ping()

    assert refusal.value.code == "STORE_BUSY"
    await database.close()


async def test_a_connection_lost_inside_a_transaction_is_unavailable(database: Database) -> None:
    async def lose_it() -> None:
        async with database.system() as connection:
            await _terminate(database, await connection.scalar(text("SELECT pg_backend_pid()")))
            await connection.execute(text("SELECT 1"))

    with pytest.raises(Unavailable):
        await lose_it()


async def test_connections_that_died_in_the_pool_are_replaced_unseen(database_url: str, database: Database) -> None:
    """After a restart of the server the first request is served, not sacrificed."""
    victim = Database(database_url, pool_size=3)
    holders = [victim.system() for _ in range(3)]
    pids = []
    for holder in holders:
        connection = await holder.__aenter__()
        pids.append(await connection.scalar(text("SELECT pg_backend_pid()")))
    for holder in holders:
        await holder.__aexit__(None, None, None)
    for pid in pids:
        await _terminate(database, pid)

    for _ in range(4):
        await victim.ping()

    await victim.close()


async def test_a_statement_that_takes_too_long_is_busy(database_url: str) -> None:
    database = Database(database_url, statement_timeout_ms=50)

    with pytest.raises(Unavailable) as refusal:
        async with database.system() as connection:
            await connection.execute(text("SELECT pg_sleep(5)"))

    assert refusal.value.code == "STORE_BUSY"
    await database.close()


async def test_a_lock_held_too_long_is_busy(database_url: str) -> None:
    database = Database(database_url, lock_timeout_ms=50)

    async with database.system() as holder:
        await holder.execute(text("SELECT pg_advisory_xact_lock(4711)"))
        with pytest.raises(Unavailable):
            async with database.system() as other:
                await other.execute(text("SELECT pg_advisory_xact_lock(4711)"))

    await database.close()


async def test_a_cancelled_request_gives_its_connection_back(database_url: str) -> None:
    database = Database(database_url, pool_size=1, max_overflow=0, pool_timeout_s=5)

    async def slow() -> None:
        async with database.system() as connection:
            await connection.execute(text("SELECT pg_sleep(30)"))

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(slow(), 0.2)

    await database.ping()
    await database.close()


async def _terminate(database: Database, pid: int | None) -> None:
    async with database.engine.connect() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:pid, 1000)"), {"pid": pid})
