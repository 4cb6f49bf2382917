"""The inbox: what waits for one person, as tabs. Comes from SQL, so it goes on while Temporal is away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from activities.store.database import Database
from activities.store.repositories import addresses, inbox
from activities.store.repositories.inbox import Reach, Sort, Tab, TaskFilter
from workflows.domain.errors import Conflict, NotFound
from workflows.domain.records import Page, TaskEntry
from workflows.engine.events import Actor, Principal

__all__ = ["Counts", "Inbox", "Sort", "Tab", "TaskFilter"]

LARGEST_PAGE = 200


@dataclass(frozen=True, slots=True)
class Counts:
    """Tasks on each tab, by the same filter."""

    mine: int
    groups: int
    watching: int
    done: int


class Inbox:
    """One per process. Who acts for somebody sees that person's tasks among their own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tasks(
        self,
        tenant: str,
        actor: Actor,
        tab: Tab,
        wanted: TaskFilter,
        *,
        sort: Sort | None = None,
        descending: bool | None = None,
        page: int = 1,
        per_page: int = 50,
    ) -> Page[TaskEntry]:
        """
        Args:
            tab: `mine`, assigned; `groups`, open to a role or group; `open`, both; `watching`, open tasks of watched
                instances; `done`, closed by the actor; `all`, everybody's open ones.
            sort: None: most urgent first, but what is done youngest first.
        """
        by_default: Sort = "closed" if tab == "done" else "urgency"
        down = sort is None and tab == "done" if descending is None else descending
        size = max(1, min(per_page, LARGEST_PAGE))
        async with self._database.transaction(tenant) as connection:
            return await inbox.page(
                connection,
                tenant,
                reach_of(actor),
                tab,
                wanted,
                sort=sort or by_default,
                descending=down,
                number=page,
                per_page=size,
            )

    async def counts(self, tenant: str, actor: Actor, wanted: TaskFilter) -> Counts:
        reach = reach_of(actor)
        async with self._database.transaction(tenant) as connection:
            return Counts(
                mine=await inbox.count(connection, tenant, reach, "mine", wanted),
                groups=await inbox.count(connection, tenant, reach, "groups", wanted),
                watching=await inbox.count(connection, tenant, reach, "watching", wanted),
                done=await inbox.count(connection, tenant, reach, "done", wanted),
            )

    async def get(self, tenant: str, process: str, entity_id: int, task: str) -> TaskEntry:
        """Open or closed.

        Raises:
            NotFound: NO_SUCH_TASK.
        """
        async with self._database.transaction(tenant) as connection:
            found = await inbox.get(connection, tenant, process, entity_id, task)
        if found is None:
            raise NotFound(f"There is no task {task} of {process} {entity_id}", code="NO_SUCH_TASK")
        return found

    async def demand_open(self, tenant: str, process: str, entity_id: int, task: str, command_id: str) -> None:
        """Returns when the task is open, or was closed by this very command.

        Raises:
            NotFound: NO_SUCH_TASK.
            Conflict: TASK_CLOSED.
        """
        found = await self.get(tenant, process, entity_id, task)
        if found.closed_at is None:
            return
        async with self._database.transaction(tenant) as connection:
            instance = await addresses.find(connection, process, entity_id, command_id)
        if instance is None or instance.outcome is None:
            by = found.closed_by or "the process"
            raise Conflict(f"This task was closed by {by}", code="TASK_CLOSED", details={"closed_by": found.closed_by})


def reach_of(actor: Actor) -> Reach:
    """Whose tasks are the actor's now."""
    return Reach(actor.username, tuple(_assignees(actor)), tuple(_offers(actor)))


def _assignees(actor: Actor) -> Iterator[tuple[str, str | None]]:
    yield actor.username, None
    for principal in actor.acts_for:
        if principal.in_person:
            yield principal.username, principal.process


def _offers(actor: Actor) -> Iterator[tuple[str, str | None]]:
    holders: list[tuple[Actor | Principal, str | None]] = [(actor, None)]
    holders += [(principal, principal.process) for principal in actor.acts_for]
    for holder, process in holders:
        if isinstance(holder, Actor) or holder.in_person:
            yield f"user:{holder.username}", process
        yield from ((f"role:{role}", process) for role in holder.roles)
        yield from ((f"group:{group}", process) for group in holder.groups)
