"""`jidoka tenant`: bring a tenant into being, close it, open it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from activities.actions import catalogue
from activities.services.definitions import Definitions
from activities.services.tenants import NewUser, Tenants
from activities.settings import Settings
from activities.store.database import Database
from api.servers import database_url


def create(
    settings: Settings, key: str, name: str, admin: str, password: str, time_zone: str, say: Callable[[str], None]
) -> None:
    """Make a tenant with one administrator and publish the shipped definitions for it.

    Raises:
        InvalidInput, AlreadyExists, NotConfigured, Unavailable.
    """

    async def work() -> None:
        async with _database(settings) as database:
            people = [NewUser(admin, "Administrator", ("admin",), password)]
            await Tenants(database).create(key, name, users=people, time_zone=time_zone)
            for shipped in await Definitions(database, catalogue()).seed_shipped(key):
                say(f"{shipped.file}: {shipped.problem or 'published'}")

    asyncio.run(work())


def set_open(settings: Settings, key: str, *, to: bool) -> None:
    """Let a tenant's people in, or keep them out.

    Raises:
        NotFound, NotConfigured, Unavailable.
    """

    async def work() -> None:
        async with _database(settings) as database:
            await Tenants(database).set_open(key, to=to)

    asyncio.run(work())


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(database_url(settings), pool_size=2)
    try:
        yield database
    finally:
        await database.close()
