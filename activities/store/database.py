"""The way into PostgreSQL: a pool, and transactions that see one tenant or, for the system, all of them.

Connections log in as the owner of the tables; the first statement of each transaction steps down to a role that
is not the owner and, for a tenant, names that tenant. Row-level security does the rest, so a query that forgets
its tenant finds nothing instead of everything. Knows no table.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from activities.store.failures import mapped

APP_ROLE = "jidoka_app"
"""Sees the rows of one tenant."""
SYSTEM_ROLE = "jidoka_system"
"""Sees all rows: dispatcher, log-in, seeding."""

_ENTER = "SELECT set_config('role', %s, true), set_config('app.tenant', %s, true)"


def driver_url(url: str) -> URL:
    """The URL for SQLAlchemy with psycopg 3; takes `postgres://` and `postgresql://` in every libpq form."""
    return make_url(url).set(drivername="postgresql+psycopg")


def driver_of(connection: AsyncConnection) -> psycopg.AsyncConnection[Any]:
    """The psycopg connection below, in the same transaction; for pipelines, which SQLAlchemy has not."""
    sync_connection = connection.sync_connection
    assert sync_connection is not None, "the connection is open"
    driver = sync_connection.connection.driver_connection
    assert isinstance(driver, psycopg.AsyncConnection)
    return driver


class Database:
    """A pool of connections to one migrated database; close it when done."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        max_overflow: int = 10,
        pool_timeout_s: float = 5.0,
        connect_timeout_s: int = 5,
        statement_timeout_ms: int = 15_000,
        lock_timeout_ms: int = 5_000,
        application_name: str = "jidoka",
    ) -> None:
        self.url = url
        options = (
            f"-c statement_timeout={statement_timeout_ms} -c lock_timeout={lock_timeout_ms}"
            " -c idle_in_transaction_session_timeout=60000 -c timezone=UTC"
        )
        self.engine: AsyncEngine = create_async_engine(
            driver_url(url),
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_timeout=pool_timeout_s,
            connect_args={
                "connect_timeout": connect_timeout_s,
                "options": options,
                "application_name": application_name,
                "keepalives_idle": 30,
                "tcp_user_timeout": 30_000,
            },
        )

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncIterator[AsyncConnection]:
        """One transaction that sees the rows of `tenant` only; commits at the end, rolls back on an exception.

        Raises:
            Unavailable: the database is away or busy.
        """
        async with self._begin(APP_ROLE, tenant) as connection:
            yield connection

    @asynccontextmanager
    async def system(self) -> AsyncIterator[AsyncConnection]:
        """One transaction that sees all tenants; every query in it names the tenant it means."""
        async with self._begin(SYSTEM_ROLE, "") as connection:
            yield connection

    async def ping(self) -> None:
        """Returns when the database answers; raises Unavailable when it does not."""
        async with self.system():
            pass

    async def close(self) -> None:
        await self.engine.dispose()

    @asynccontextmanager
    async def _begin(self, role: str, tenant: str) -> AsyncIterator[AsyncConnection]:
        with mapped():
            connection = await self._entered(role, tenant)
            try:
                yield connection
                # By the driver: SQLAlchemy's own begin and commit cost more than the round trip.
                await driver_of(connection).commit()
            finally:
                await connection.close()  # rolls back what was not committed

    async def _entered(self, role: str, tenant: str) -> AsyncConnection:
        """A connection inside a transaction, stepped down to its role."""
        try:
            return await self._enter(role, tenant)
        except psycopg.OperationalError:
            # The server was restarted while the connection lay in the pool: it and all others are dead.
            await self.engine.dispose()
            return await self._enter(role, tenant)

    async def _enter(self, role: str, tenant: str) -> AsyncConnection:
        connection = await self.engine.connect()
        try:
            driver = driver_of(connection)
            async with driver.pipeline():  # BEGIN and the statement travel together
                await driver.execute(_ENTER, (role, tenant))
        except BaseException:
            await connection.invalidate()
            await connection.close()
            raise
        return connection
