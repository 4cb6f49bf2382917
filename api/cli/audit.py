"""`jidoka audit verify`: whether anything on record was changed or removed after the fact."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from activities.settings import Settings
from activities.store.database import Database
from activities.store.repositories.chains import every_log, every_tenant, unknown_hashes
from activities.store.verify import verify_instance
from activities.store.verify_audit import broken_records
from api.servers import database_url

_WHOLE_TABLE_MS = 3_600_000
"""All rows of a tenant are read and compared, which may take longer than any request may."""


def verify_chains(settings: Settings, tenant: str | None, say: Callable[[str], None], known: Sequence[str] = ()) -> int:
    """Name every broken record; 1 if there is one, else 0.

    Args:
        known: hashes of checkpoints that were kept elsewhere; one that is not on record tells that checkpoints were
            made anew.

    Raises:
        NotConfigured, Unavailable: there is no database, or it is away.
    """
    return asyncio.run(_verify(settings, tenant, say, known))


async def _verify(settings: Settings, tenant: str | None, say: Callable[[str], None], known: Sequence[str] = ()) -> int:
    database = Database(database_url(settings), pool_size=2, statement_timeout_ms=_WHOLE_TABLE_MS)
    checked = broken = tenants = 0
    try:
        async for key in every_log(database, tenant):
            async with database.transaction(key.tenant) as connection:
                step = await verify_instance(connection, *key)
            checked += 1
            if step is not None:
                broken += 1
                say(f"{key.tenant}/{key.process}/{key.entity_id}: the log is broken at step {step}")
        for name in [tenant] if tenant is not None else await every_tenant(database):
            tenants += 1
            async with database.transaction(name) as connection:
                async for problem in broken_records(connection, name):
                    broken += 1
                    say(f"{name}: {problem}")
        for missing in await unknown_hashes(database, known):
            broken += 1
            say(f"no checkpoint has the hash {missing}")
    finally:
        await database.close()
    say(f"{checked} instances and the trail of {tenants} tenants checked, {broken} broken")
    return 1 if broken else 0
