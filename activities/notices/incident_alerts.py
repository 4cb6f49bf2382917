"""Alerts about incidents: who can act hears of each, at most once an hour for one instance and one error code."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.notices.letters import About, Message
from activities.notices.recipients import ALERTED_ROLES
from activities.notices.telling import tell
from activities.store.database import Database
from activities.store.repositories import incidents, notifications, recipients
from workflows.domain.records import IncidentEntry

QUIET = dt.timedelta(hours=1)
_BATCH = 50


async def alert_incidents(database: Database, at: dt.datetime, base_url: str) -> int:
    """Tells of incidents that nobody was told of; gives how many there were."""
    async with database.system() as connection:
        tenants = await incidents.tenants_unalerted(connection)
    seen = 0
    for tenant in tenants:
        async with database.transaction(tenant) as connection:
            opened = await incidents.claim_unalerted(connection, tenant, _BATCH)
            for incident in opened:
                await _alert(connection, tenant, incident, at, base_url)
            await incidents.mark_alerted(connection, tenant, opened, at)
            seen += len(opened)
    return seen


async def _alert(
    connection: AsyncConnection, tenant: str, incident: IncidentEntry, at: dt.datetime, base_url: str
) -> None:
    code = str(incident.error.get("code", ""))
    topic = f"incident/{incident.process}/{incident.entity_id}/{code}"
    if await notifications.told_since(connection, tenant, topic, at - QUIET):
        return
    named = await recipients.naming(connection, tenant, incident.process, incident.entity_id)
    values = {
        "number": incident.number,
        "state": incident.state or incident.process,
        "code": code,
        "message": str(incident.error.get("message", "")),
    }
    message = Message(
        key=f"{topic}/{incident.incident}/{incident.since.isoformat()}",
        about=About(incident.process, incident.entity_id, incident.number, named[1] if named else ""),
        wording="incident_opened",
        values=values,
        topic=topic,
    )
    people = await recipients.people(connection, tenant, roles=ALERTED_ROLES)
    await tell(connection, tenant, message, people=people, at=at, base_url=base_url)
