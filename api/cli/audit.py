"""`jidoka audit verify`: whether the log of any instance was changed after the fact."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from activities.settings import Settings
from activities.store.database import Database
from activities.store.repositories.chains import every_log
from activities.store.verify import verify_instance
from api.servers import database_url


def verify_chains(settings: Settings, tenant: str | None, say: Callable[[str], None]) -> int:
    """Report every broken chain; 1 if there is one, else 0.

    Raises:
        NotConfigured, Unavailable: there is no database, or it is away.
    """
    return asyncio.run(_verify(settings, tenant, say))


async def _verify(settings: Settings, tenant: str | None, say: Callable[[str], None]) -> int:
    database = Database(database_url(settings), pool_size=2)
    checked = broken = 0
    try:
        async for key in every_log(database, tenant):
            async with database.transaction(key.tenant) as connection:
                step = await verify_instance(connection, *key)
            checked += 1
            if step is not None:
                broken += 1
                say(f"{key.tenant}/{key.process}/{key.entity_id}: the log is broken at step {step}")
    finally:
        await database.close()
    say(f"{checked} instances checked, {broken} broken")
    return 1 if broken else 0
