"""SQL of incidents that somebody should hear of, and of who has seen them. They are opened and ended by steps alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.repositories import paging
from activities.store.repositories.rows import columns, records
from activities.store.tables import incidents
from workflows.domain.records import IncidentEntry, Page

_n = incidents.c
_INCIDENT = columns(incidents, IncidentEntry)
_KEY = (_n.process, _n.entity_id, _n.incident)


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """All given conditions hold together."""

    process: str | None = None
    state: str | None = None
    kind: str | None = None
    code: str | None = None
    """Of the error."""
    resolved: bool | None = False
    """None: both kinds."""
    acknowledged: bool | None = None
    opened_before: dt.datetime | None = None
    """Exclusive; for incidents of a certain age."""


async def page(
    connection: AsyncConnection, tenant: str, wanted: IncidentFilter, number: int, per_page: int
) -> Page[IncidentEntry]:
    """Newest first."""
    query = select(*_INCIDENT).where(_n.tenant_id == tenant)
    for name in ("process", "state", "kind"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(_n[name] == value)
    for column, given in ((_n.resolved_at, wanted.resolved), (_n.acknowledged_at, wanted.acknowledged)):
        if given is not None:
            query = query.where(column.is_not(None) if given else column.is_(None))
    if wanted.code is not None:
        query = query.where(_n.error["code"].as_string() == wanted.code)
    if wanted.opened_before is not None:
        query = query.where(_n.since < wanted.opened_before)
    query = query.order_by(_n.since.desc(), _n.entity_id.desc(), _n.incident)
    total, exact = await paging.count(connection, query)
    limit, offset = paging.window(number, per_page)
    rows = await connection.execute(query.limit(limit).offset(offset))
    return Page(records(IncidentEntry, rows), total, number, per_page, exact)


async def find_open(
    connection: AsyncConnection, tenant: str, process: str, entity_id: int, incident: str
) -> IncidentEntry | None:
    """Locked until the transaction ends."""
    query = select(*_INCIDENT).where(
        _n.tenant_id == tenant,
        _n.process == process,
        _n.entity_id == entity_id,
        _n.incident == incident,
        _n.resolved_at.is_(None),
    )
    found = records(IncidentEntry, await connection.execute(query.with_for_update()))
    return found[0] if found else None


async def acknowledge(
    connection: AsyncConnection, tenant: str, incident: IncidentEntry, username: str, at: dt.datetime
) -> None:
    await connection.execute(
        update(incidents)
        .where(_n.tenant_id == tenant, tuple_(*_KEY) == (incident.process, incident.entity_id, incident.incident))
        .values(acknowledged_at=at, acknowledged_by=username)
    )


async def tenants_unalerted(connection: AsyncConnection) -> list[str]:
    """Tenants with open incidents that nobody was told of. Needs the system role."""
    query = select(_n.tenant_id).distinct().where(_n.alerted_at.is_(None), _n.resolved_at.is_(None))
    return sorted((await connection.execute(query)).scalars())


async def claim_unalerted(connection: AsyncConnection, tenant: str, limit: int) -> list[IncidentEntry]:
    """Oldest first, locked; those that another worker has are left out."""
    query = (
        select(*_INCIDENT)
        .where(_n.tenant_id == tenant, _n.alerted_at.is_(None), _n.resolved_at.is_(None))
        .order_by(_n.since)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return records(IncidentEntry, await connection.execute(query))


async def mark_alerted(
    connection: AsyncConnection, tenant: str, told: Sequence[IncidentEntry], at: dt.datetime
) -> None:
    keys = [(incident.process, incident.entity_id, incident.incident) for incident in told]
    if keys:
        await connection.execute(
            update(incidents).where(_n.tenant_id == tenant, tuple_(*_KEY).in_(keys)).values(alerted_at=at)
        )
