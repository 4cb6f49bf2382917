"""Real servers for the whole session, started by the first test that asks for one."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from psycopg import AsyncConnection, sql
from sqlalchemy import URL, make_url
from temporalio.client import Client

from activities.embedded.postgres import EmbeddedPostgres
from activities.embedded.temporal import EmbeddedTemporal

if TYPE_CHECKING:
    from activities.store.database import Database


@pytest.fixture(scope="session")
def server_files() -> Iterator[Path]:
    """A short path that the database's system user may pass through, unlike pytest's own folders."""
    folder = Path(tempfile.mkdtemp(prefix="jidoka-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def postgres_url(server_files: Path) -> AsyncIterator[str]:
    """A PostgreSQL server; the URL names an empty database and a role that owns it and may create others."""
    server = EmbeddedPostgres(server_files / "postgres", durable=False)
    await server.start()
    yield server.url()
    await server.stop()


@pytest.fixture(scope="session")
async def temporal_address(server_files: Path) -> AsyncIterator[str]:
    """`host:port` of a Temporal server with our search attributes."""
    server = EmbeddedTemporal(server_files / "temporal", durable=False)
    await server.start()
    yield server.address
    await server.stop()


@pytest.fixture(scope="session")
async def temporal_client(temporal_address: str) -> Client:
    """A client as the product makes it: same data converter, same codec."""
    from activities.temporal import connect

    return await connect(temporal_address)


@pytest.fixture
async def empty_database_url(postgres_url: str) -> AsyncIterator[str]:
    """A database of this test's own, without tables."""
    name = f"t_{uuid4().hex[:12]}"
    url = make_url(postgres_url)
    async with await _administer(url) as connection:
        await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield url.set(database=name).render_as_string(hide_password=False)
    async with await _administer(url) as connection:
        await connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


async def _administer(url: URL) -> AsyncConnection[tuple[object, ...]]:
    libpq = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return await AsyncConnection.connect(libpq, autocommit=True)


@pytest.fixture(scope="session")
async def database_url(postgres_url: str) -> str:
    """The session's database with all migrations applied; tests keep apart by tenant."""
    from activities.store.migrate import upgrade

    await asyncio.to_thread(upgrade, postgres_url)
    return postgres_url


@pytest.fixture(scope="session")
async def database(database_url: str) -> AsyncIterator[Database]:
    from activities.store.database import Database

    database = Database(database_url)
    yield database
    await database.close()
