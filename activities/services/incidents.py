"""Incidents seen by those who look after them. What is done about one is a step, see `Instances.repair`."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from activities.services.audit import append
from activities.services.origin import Origin
from activities.store.database import Database
from activities.store.repositories import incidents as repository
from activities.store.repositories.incidents import IncidentFilter
from workflows.domain.errors import NotFound
from workflows.domain.records import IncidentEntry, Page
from workflows.engine.events import Actor

__all__ = ["IncidentFilter", "Incidents"]


class Incidents:
    """One per process; each method sees the incidents of one tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, tenant: str, wanted: IncidentFilter, *, page: int = 1, per_page: int = 50
    ) -> Page[IncidentEntry]:
        """Newest first."""
        async with self._database.transaction(tenant) as connection:
            return await repository.page(connection, tenant, wanted, page, per_page)

    async def acknowledge(
        self,
        tenant: str,
        process: str,
        entity_id: int,
        incident: str,
        *,
        actor: Actor,
        origin: Origin,
        reason: str | None = None,
    ) -> IncidentEntry:
        """Somebody looks after it: others see who and since when. The first to say so stays; the instance waits on.

        Raises:
            NotFound: there is no such open incident.
        """
        async with self._database.transaction(tenant) as connection:
            found = await repository.find_open(connection, tenant, process, entity_id, incident)
            if found is None:
                raise NotFound(f"there is no open incident {incident}", code="NO_SUCH_INCIDENT")
            if found.acknowledged_by is not None:
                return found
            at = dt.datetime.now(dt.UTC)
            await repository.acknowledge(connection, tenant, found, actor.username, at)
            entry = origin.entry(
                "incident.acknowledge",
                actor,
                (process, str(entity_id)),
                after={"incident": incident, "acknowledged_by": actor.username},
                reason=reason,
            )
            await append(connection, tenant, entry)
        return replace(found, acknowledged_at=at, acknowledged_by=actor.username)
