"""Acting on tasks: claim, release, reassign, complete; one, or a list of them.

A list is put on record before its first item is touched, and every item goes the way a single one goes: what is
refused to a person alone is refused in a list. One that fails does not stop the others.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

import structlog

from activities.services.audit import Audit
from activities.services.inbox import Inbox
from activities.services.instances import Instances
from activities.services.origin import Origin
from workflows.domain.errors import JidokaError, NotAllowed, RuleRefused, UnknownTransition
from workflows.engine.events import Actor
from workflows.messages.instance import Outcome

__all__ = ["Act", "Item", "ItemResult", "TaskActs", "TaskCommand"]

log = structlog.get_logger(__name__)

AT_ONCE = 4
"""Items of one list under way at the same time; other people's commands go on beside them."""
_DENIALS = (NotAllowed, RuleRefused, UnknownTransition)
Act: TypeAlias = Literal["claim", "release", "reassign", "complete"]
Status: TypeAlias = Literal["done", "accepted", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class TaskCommand:
    """What is to be done with a task."""

    act: Act
    transition: str | None = None
    """Of `complete`."""
    data: dict[str, Any] = field(default_factory=dict)
    """Of `complete`: what the transition takes."""
    to: str | None = None
    """Of `reassign`: `user:NAME`, `role:NAME` or `group:NAME`."""
    reason: str | None = None
    claim: bool = False
    """Of `complete`: claim first, in the same step."""


@dataclass(frozen=True, slots=True)
class Item:
    process: str
    entity_id: int
    task: str


@dataclass(frozen=True, slots=True)
class ItemResult:
    item: Item
    status: Status
    """`accepted`: it will be carried out, but was not in time. `failed`: something broke; it may be tried again."""
    state: str | None = None
    code: str | None = None
    """Stable code of the refusal or failure."""
    reason: str | None = None


class TaskActs:
    """One per process."""

    def __init__(self, inbox: Inbox, instances: Instances, audit: Audit) -> None:
        self._inbox = inbox
        self._instances = instances
        self._audit = audit

    async def one(
        self,
        tenant: str,
        item: Item,
        command: TaskCommand,
        *,
        actor: Actor,
        command_id: str,
        **more: Any,
    ) -> Outcome:
        """
        Args:
            more: what a signature adds, as `Instances.transition` takes it.

        Raises:
            NotFound: no such task.
            Conflict: TASK_CLOSED, and what the engine says.
            Whatever `Instances.task` and `Instances.transition` raise.
        """
        where = (tenant, item.process, item.entity_id)
        if command.act != "complete":
            return await self._instances.task(
                *where,
                command.act,
                item.task,
                actor=actor,
                to=command.to,
                reason=command.reason,
                command_id=command_id,
            )
        await self._inbox.demand_open(*where, item.task, command_id)
        data = command.data if command.reason is None else {**command.data, "comment": command.reason}
        return await self._instances.transition(
            *where, command.transition or "", data, actor=actor, command_id=command_id, claim=command.claim, **more
        )

    async def many(
        self, tenant: str, items: list[Item], command: TaskCommand, *, actor: Actor, command_id: str, origin: Origin
    ) -> list[ItemResult]:
        """One result for each item, in the order given; a repeat under the same `command_id` does nothing twice."""
        frozen = {"command": asdict(command), "items": [asdict(item) for item in items]}
        await self._audit.record(tenant, origin.entry("task.bulk", actor, ("bulk", command_id), after=frozen))
        turn = asyncio.Semaphore(AT_ONCE)

        async def result(item: Item) -> ItemResult:
            async with turn:
                return await self._result(tenant, item, command, actor, _item_id(command_id, item), origin)

        results = list(await asyncio.gather(*(result(item) for item in items)))
        totals = dict(Counter(found.status for found in results))
        await self._audit.record(tenant, origin.entry("task.bulk_done", actor, ("bulk", command_id), after=totals))
        return results

    async def _result(
        self, tenant: str, item: Item, command: TaskCommand, actor: Actor, command_id: str, origin: Origin
    ) -> ItemResult:
        try:
            outcome = await self.one(tenant, item, command, actor=actor, command_id=command_id)
        except JidokaError as problem:
            await self._record_denial(tenant, item, command, actor, problem, origin)
            return ItemResult(item, _status(problem), code=problem.code, reason=problem.message)
        except Exception:  # one item must not take the others' results with it
            log.exception("bulk_item_failed", process=item.process, entity_id=item.entity_id, task=item.task)
            reason = "An unexpected error occurred; the request id leads to it in the log"
            return ItemResult(item, "failed", code=JidokaError.code, reason=reason)
        return ItemResult(item, "done", state=",".join(outcome.state))

    async def _record_denial(
        self, tenant: str, item: Item, command: TaskCommand, actor: Actor, problem: JidokaError, origin: Origin
    ) -> None:
        """As a single attempt is recorded."""
        if isinstance(problem, _DENIALS):
            place = (item.process, str(item.entity_id))
            action = command.transition or command.act
            await self._audit.record(tenant, origin.entry(action, actor, place, refused=problem))


def _status(problem: JidokaError) -> Status:
    if problem.status == 202:
        return "accepted"
    return "refused" if 400 <= problem.status < 500 else "failed"


def _item_id(command_id: str, item: Item) -> str:
    told = f"{command_id}\0{item.process}\0{item.entity_id}\0{item.task}"
    return f"bulk:{hashlib.sha256(told.encode()).hexdigest()[:40]}"
