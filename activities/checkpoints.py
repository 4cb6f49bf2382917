"""The chore that puts a checkpoint over the new audited rows of each tenant, every minute.

Nothing of it is on the way of a commit. Several workers may run it: of two, the second finds the tenant taken. What
was written while no worker ran is caught up with by the next run.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging

from activities.store.database import Database
from activities.store.repositories import checkpoints
from activities.store.step_form import utc_text
from workflows.domain.checkpoints import Checkpoint, checkpoint
from workflows.domain.errors import Unavailable
from workflows.domain.hash_chain import GENESIS

EVERY_S = 60.0
MOST_ROWS = 5000
"""Of one checkpoint; more rows make more checkpoints."""

_log = logging.getLogger(__name__)


async def run(database: Database) -> None:
    """Until cancelled."""
    since = 0
    while True:
        try:
            since = await over_all_tenants(database, since)
        except Unavailable as away:
            _log.warning("could not make checkpoints: %s", away)
        await asyncio.sleep(EVERY_S)


async def over_all_tenants(database: Database, since: int = 0) -> int:
    """Covers what is new in every tenant that has written since transaction `since`; 0: in every tenant.

    Returns:
        The `since` of the next round.
    """
    async with database.system() as connection:
        now = await checkpoints.horizon(connection)
        keys = await checkpoints.tenants_with_rows(connection, since if since <= now.next else 0)
    for tenant in keys:
        await cover(database, tenant)
    return now.oldest


async def cover(database: Database, tenant: str, *, most_rows: int = MOST_ROWS) -> Checkpoint | None:
    """Checkpoints over all rows of the tenant that are settled; the last one made, None when there was nothing to do.

    Rows of transactions that are still running, or younger than one that is, wait for the next time.
    """
    made = None
    while True:
        async with database.system() as connection:
            if not await checkpoints.take_turn(connection, tenant):
                return made
            now = await checkpoints.horizon(connection)
            before = await checkpoints.last(connection, tenant)
            since = before.upto if before else 0
            rows = await checkpoints.uncovered(connection, tenant, since=since, now=now, limit=most_rows)
            if not rows:
                return made
            made = checkpoint(
                tenant,
                before.seq + 1 if before else 1,
                at=utc_text(dt.datetime.now(dt.UTC)),
                # Of the last transaction only a part may have found room: the next checkpoint begins with it again.
                upto=now.oldest if len(rows) < most_rows else rows[-1].xact,
                rows=rows,
                previous=before.hash if before else GENESIS,
            )
            await checkpoints.add(connection, made, rows)
        _log.info("checkpoint %s of %s: %s rows, hash %s", made.seq, tenant, made.count, made.hash)
        if made.count < most_rows:
            return made
