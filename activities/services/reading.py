"""Reading what processes are and did. Everything comes from SQL, so it goes on while Temporal is away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from activities.store.database import Database
from activities.store.repositories import attempts, instances, work
from activities.store.repositories.instances import InstanceFilter
from workflows.domain.errors import NotFound
from workflows.domain.records import (
    AttemptEntry,
    IncidentEntry,
    InstanceDetail,
    InstanceSummary,
    Page,
    StepEntry,
    TaskEntry,
    TimerEntry,
)

__all__ = ["InstanceFilter", "Reading"]

LARGEST_PAGE = 200


class Reading:
    """Each method opens one transaction that sees one tenant. Pages count from 1."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_instances(
        self, tenant: str, wanted: InstanceFilter, *, page: int = 1, per_page: int = 50
    ) -> Page[InstanceSummary]:
        """Newest first; as fast over a million instances as over a thousand."""
        async with self._database.transaction(tenant) as connection:
            return await instances.page(connection, tenant, wanted, page, _size(per_page))

    async def get_instance(self, tenant: str, process: str, entity_id: int) -> InstanceDetail:
        """One instance with its snapshot, open tasks, timers and open incidents.

        Raises:
            NotFound: the tenant has no such instance.
        """
        async with self._database.transaction(tenant) as connection:
            found = await instances.find(connection, tenant, process, entity_id)
            if found is None:
                raise _missing(process, entity_id)
            summary, snapshot = found
            tasks = await work.tasks_of(connection, tenant, process, entity_id) if snapshot["tasks"] else []
            incidents: list[IncidentEntry] = []
            if summary.open_incidents:
                incidents = await work.incidents_of(connection, tenant, process, entity_id)
        return InstanceDetail(summary, snapshot, tasks, _timers(snapshot), incidents)

    async def history(
        self, tenant: str, process: str, entity_id: int, *, page: int = 1, per_page: int = 50
    ) -> Page[StepEntry]:
        """The step log, first step first.

        Raises:
            NotFound: the tenant has no such instance.
        """
        size = _size(per_page)
        async with self._database.transaction(tenant) as connection:
            last = await instances.last_seq(connection, tenant, process, entity_id)
            if last is None:
                raise _missing(process, entity_id)
            first = (max(page, 1) - 1) * size + 1
            steps = await instances.steps_between(connection, tenant, process, entity_id, (first, first + size - 1))
        return Page(steps, last, page, size)

    async def children(self, tenant: str, process: str, entity_id: int) -> list[InstanceSummary]:
        """Instances that the given one started and waits for, in order of their start."""
        async with self._database.transaction(tenant) as connection:
            return await instances.children(connection, tenant, process, entity_id)

    async def failed_attempts(
        self, tenant: str, process: str, entity_id: int, *, limit: int = 50
    ) -> list[AttemptEntry]:
        """Attempts of its effects that failed, latest first."""
        async with self._database.transaction(tenant) as connection:
            return await attempts.latest(connection, tenant, process, entity_id, _size(limit))

    async def inbox(
        self,
        tenant: str,
        username: str,
        *,
        roles: Iterable[str] = (),
        groups: Iterable[str] = (),
        assigned: bool = True,
        offered: bool = True,
        process: str | None = None,
        page: int = 1,
        per_page: int = 50,
    ) -> Page[TaskEntry]:
        """Open tasks for one person, most urgent first: by priority, due time, age.

        Args:
            assigned: with those assigned to the user.
            offered: with unassigned ones that the user's roles or groups, or the user by name, may take.
        """
        words = [f"user:{username}", *(f"role:{role}" for role in roles), *(f"group:{group}" for group in groups)]
        async with self._database.transaction(tenant) as connection:
            return await work.inbox(
                connection,
                tenant,
                assignee=username if assigned else None,
                candidates=words if offered else (),
                process=process,
                page=page,
                per_page=_size(per_page),
            )


def _size(per_page: int) -> int:
    return max(1, min(per_page, LARGEST_PAGE))


def _missing(process: str, entity_id: int) -> NotFound:
    return NotFound(f"no {process} with id {entity_id}", details={"process": process, "id": entity_id})


def _timers(snapshot: dict[str, Any]) -> list[TimerEntry]:
    timers = [
        TimerEntry(timer, row["event"], row["state"], dt.datetime.fromisoformat(row["due"]))
        for timer, row in snapshot["timers"].items()
    ]
    return sorted(timers, key=lambda entry: (entry.due, entry.timer))
