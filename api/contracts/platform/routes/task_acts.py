"""Claim, release, reassign and complete tasks; one, or many at once."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fastapi import APIRouter, Request

from activities.services.collaboration import Place
from activities.services.task_acts import Item, TaskCommand
from api.auth.identity import Identity
from api.contracts.platform import tasks, translate
from api.contracts.platform.errors import PlatformRoute
from api.contracts.platform.routes.tasks import NO_TASK, TaskId
from api.contracts.platform.schemas import MovedView
from api.contracts.platform.tasks import BulkInput, BulkView, Completion, Reassignment, TaskReason
from api.deps import Asked, From, Services, Who
from api.operation import ACCEPTED_RESPONSE, operation
from api.repeats import command_id
from api.resolve import EntityRef, EntityType, instance_id
from api.signing import FIELD, signed, taken_out
from workflows.domain.errors import Conflict, IdempotencyMismatch, InvalidInput, NotAllowed

router = APIRouter(prefix="/api/v1/tasks", route_class=PlatformRoute)

_REUSED = IdempotencyMismatch("The idempotency key was used for another request")
_TAKEN = Conflict("Anna Beck has this task already", code="ALREADY_CLAIMED", details={"assignee": "anna.beck"})
_FREE = Conflict("Nobody has claimed this task", code="NOT_CLAIMED")
_CLOSED = Conflict("This task was closed by anna.beck", code="TASK_CLOSED", details={"closed_by": "anna.beck"})
_NOT_MEANT = NotAllowed("This task is assigned to QC Manager, not you")
_EXPIRED = NotAllowed(
    "Your certificate for welding has expired",
    code="CERTIFICATE_EXPIRED",
    details={"skill": "welding", "valid_until": "2025-10-31T00:00:00Z"},
)
_APART = NotAllowed(
    "You created this; somebody else must approve it",
    code="SEPARATION_OF_DUTIES",
    details={"rule": "creator", "username": "jane.inspector"},
)


@router.post("/bulk", response_model=BulkView)
@operation("instance.transition", request=tasks.BULK_INPUT, response=tasks.BULK, errors=(_REUSED,))
async def bulk(body: BulkInput, request: Request, who: Who, asked: Asked, origin: From) -> dict[str, Any]:
    """Do the same with up to 100 tasks. The list is put on record first; then each item gets its own result.

    Every item is judged as if it were sent alone. Answers 200 however the items end; the totals add up.
    """
    items = [Item(item.entity_type, item.entity_id, item.task) for item in body.items]
    _demand_distinct(items)
    _demand_matching(body)
    command = TaskCommand(body.action, body.transition, body.data, body.to, body.reason, body.claim)
    results = await asked.task_acts.many(
        who.tenant, items, command, actor=who.actor, command_id=command_id(request), origin=origin
    )
    return tasks.bulk(results)


@router.post("/{entity_type}/{entity_id}/{task}/claim", response_model=MovedView, responses=ACCEPTED_RESPONSE)
@operation(
    "instance.transition",
    repeat="own",
    request={"reason": "I know this supplier"},
    response=tasks.MOVED,
    errors=(NO_TASK, _TAKEN, _NOT_MEANT, _EXPIRED, _APART, _REUSED),
)
async def claim(
    entity_type: EntityType,
    entity_id: EntityRef,
    task: TaskId,
    request: Request,
    who: Who,
    asked: Asked,
    body: TaskReason | None = None,
) -> dict[str, Any]:
    """Take a task that is open to several; from then on it is the caller's alone. The body may be left out."""
    command = TaskCommand("claim", reason=body.reason if body else None)
    return await _acted(asked, who, request, (entity_type, entity_id, task), command)


@router.post("/{entity_type}/{entity_id}/{task}/release", response_model=MovedView, responses=ACCEPTED_RESPONSE)
@operation(
    "instance.transition",
    repeat="own",
    request={"reason": "Not my product"},
    response=tasks.MOVED,
    errors=(NO_TASK, _FREE, _NOT_MEANT, _REUSED),
)
async def release(
    entity_type: EntityType,
    entity_id: EntityRef,
    task: TaskId,
    request: Request,
    who: Who,
    asked: Asked,
    body: TaskReason | None = None,
) -> dict[str, Any]:
    """Give a task back to all who may take it. The body may be left out."""
    command = TaskCommand("release", reason=body.reason if body else None)
    return await _acted(asked, who, request, (entity_type, entity_id, task), command)


@router.post("/{entity_type}/{entity_id}/{task}/reassign", response_model=MovedView, responses=ACCEPTED_RESPONSE)
@operation(
    "instance.transition",
    repeat="own",
    request=tasks.REASSIGN,
    response=tasks.MOVED,
    errors=(NO_TASK, _NOT_MEANT, _APART, _REUSED),
)
async def reassign(
    entity_type: EntityType,
    entity_id: EntityRef,
    task: TaskId,
    body: Reassignment,
    request: Request,
    who: Who,
    asked: Asked,
) -> dict[str, Any]:
    """Give a task to a person, a role or a group; by who has it, or whom the definition lets reassign it."""
    command = TaskCommand("reassign", to=body.to, reason=body.reason)
    return await _acted(asked, who, request, (entity_type, entity_id, task), command)


@router.post("/{entity_type}/{entity_id}/{task}/complete", response_model=MovedView, responses=ACCEPTED_RESPONSE)
@operation(
    "instance.transition",
    repeat="own",
    request=tasks.COMPLETE,
    response=tasks.MOVED,
    errors=(NO_TASK, _CLOSED, _NOT_MEANT, _EXPIRED, _APART, _REUSED),
)
async def complete(
    entity_type: EntityType,
    entity_id: EntityRef,
    task: TaskId,
    body: Completion,
    request: Request,
    who: Who,
    asked: Asked,
    origin: From,
) -> dict[str, Any]:
    """Take a transition for this task, and no other: once somebody else has closed it, the answer is 409.

    With `claim` the task is claimed in the same step: nobody comes between. The caller's draft is forgotten.
    """
    _demand_text(body.data.get("comment"))
    if FIELD in body.data:
        raise _misplaced("data.signature", "belongs beside data")
    sent = {} if body.signature is None else {FIELD: body.signature}
    _, signing = taken_out(sent)
    found = await instance_id(asked, who, entity_type, entity_id)
    await asked.inbox.get(who.tenant, entity_type, found, task)
    signature = await signed(asked, who, origin, (entity_type, found, body.transition), body.data, signing)
    command = TaskCommand("complete", body.transition, body.data, claim=body.claim)
    moved = await _acted(asked, who, request, (entity_type, str(found), task), command, **signature)
    await asked.collaboration.drop_draft(Place(who.tenant, entity_type, found), task, actor=who.actor)
    return moved


async def _acted(
    asked: Services,
    who: Identity,
    request: Request,
    place: tuple[str, str, str],
    command: TaskCommand,
    **signature: Any,
) -> dict[str, Any]:
    process, reference, task = place
    item = Item(process, await instance_id(asked, who, process, reference), task)
    outcome = await asked.task_acts.one(
        who.tenant, item, command, actor=who.actor, command_id=command_id(request), **signature
    )
    return translate.moved(outcome)


def _demand_distinct(items: list[Item]) -> None:
    ((item, times),) = Counter(items).most_common(1)
    if times > 1:
        raise _misplaced("items", f"names task {item.task} of {item.process} {item.entity_id} more than once")


def _demand_matching(body: BulkInput) -> None:
    """What an action needs it must have, and what belongs to another it must not."""
    given = (
        ("transition", "complete", body.transition is not None, True),
        ("to", "reassign", body.to is not None, True),
        ("data", "complete", bool(body.data), False),
        ("claim", "complete", body.claim, False),
    )
    for field, owner, present, needed in given:
        if present and body.action != owner:
            raise _misplaced(field, f"is only for {owner}")
        if needed and not present and body.action == owner:
            raise _misplaced(field, f"is required for {owner}")
    _demand_text(body.data.get("comment"))
    if FIELD in body.data:
        raise _misplaced("data.signature", "cannot be given for many; what must be signed is signed one by one")


def _demand_text(comment: Any) -> None:
    if comment is not None and not isinstance(comment, str):
        raise _misplaced("data.comment", "must be text")


def _misplaced(field: str, constraint: str) -> InvalidInput:
    violation = {"field": field, "value": None, "constraint": constraint}
    return InvalidInput(f"{field} {constraint}", violations=[violation])
