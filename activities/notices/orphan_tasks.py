"""Reports tasks that wait for nobody: an escalation to a role that no active person has, an assignee who has left."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging

from activities.actions.equipment import Equipment
from activities.notices.letters import About, Message
from activities.notices.recipients import admins
from activities.notices.telling import tell_admins
from activities.store.database import Database
from activities.store.repositories import orphan_tasks
from workflows.domain.errors import Unavailable

EVERY_S = 60.0
_BATCH = 100

_log = logging.getLogger(__name__)


async def watch(equipment: Equipment) -> None:
    """Looks once a minute, until cancelled."""
    while True:
        try:
            await report_orphans(equipment.database, equipment.clock(), equipment.base_url)
        except Unavailable as away:
            _log.warning("tasks that wait for nobody could not be looked for: %s", away)
        await asyncio.sleep(EVERY_S)


async def report_orphans(database: Database, at: dt.datetime, base_url: str) -> int:
    """Tells each tenant's admins of tasks that they were not told of yet; gives how many there were."""
    async with database.system() as connection:
        found = await orphan_tasks.untold(connection, _BATCH)
    for orphan in found:
        async with database.transaction(orphan.tenant) as connection:
            if not await admins(connection, orphan.tenant):
                continue
            message = Message(
                key=orphan.key,
                about=About(orphan.process, orphan.entity_id, orphan.number),
                urgency="critical",
                wording="nobody",
                values={"number": orphan.number, "title": orphan.title, "word": ", ".join(orphan.words)},
            )
            await tell_admins(connection, orphan.tenant, message, action="task.nobody", at=at, base_url=base_url)
    return len(found)
