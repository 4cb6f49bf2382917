"""Workflow transitions and the work list, as unison-erp.md §6.4 has them.

`/workflows/tasks` and `/workflows/definitions` stand before the platform's `/workflows/{entity_type}`, which would
match them too.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request

from api.contract import Contract
from api.contracts.unison import examples
from api.contracts.unison.errors import UnisonError, UnisonRoute, envelope
from api.contracts.unison.schemas import (
    TransitionBody,
    TransitionDone,
    WorkflowDefinitions,
    WorkList,
)
from api.contracts.unison.translate import definition, transition_done, work_item
from api.deps import Asked, From, Who
from api.operation import ACCEPTED_RESPONSE, operation
from api.paging import PageNumber, PerPage
from api.people import assignee
from api.repeats import command_id
from api.resolve import EntityRef, EntityType, TransitionCode, instance_id
from api.signing import signed, taken_out
from workflows.domain.errors import (
    IdempotencyMismatch,
    InvalidInput,
    JidokaError,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    RuleRefused,
    UnknownTransition,
)

router = APIRouter(prefix="/api/v1/workflows", route_class=UnisonRoute)

_REFUSALS: tuple[JidokaError, ...] = (
    NotAllowed("This task is assigned to QC Manager, not you"),
    NotAllowed("This needs an electronic signature", code="SIGNATURE_REQUIRED"),
    NotAuthenticated("The user name or the password is wrong", code="SIGNATURE_WRONG_PASSWORD"),
    NotFound("no ncr_report with id 235"),
    UnknownTransition("'approve' is not available in closed; available: nothing"),
    IdempotencyMismatch("The idempotency key was used for another request"),
    RuleRefused("Not possible now: data.disposition != null does not hold", code="DISPOSITION_MISSING"),
    InvalidInput("comment: is required", violations=[{"field": "comment", "value": None, "constraint": "is required"}]),
)


@router.post(
    "/{entity_type}/{entity_id}/transition/{transition_code}",
    response_model=TransitionDone,
    responses=ACCEPTED_RESPONSE,
)
@operation(
    "instance.transition",
    repeat="own",
    request=examples.TRANSITION,
    response=examples.TRANSITION_DONE,
    errors=_REFUSALS,
)
async def transition(
    entity_type: EntityType,
    entity_id: EntityRef,
    transition_code: TransitionCode,
    request: Request,
    who: Who,
    asked: Asked,
    origin: From,
    body: Annotated[TransitionBody | None, Body(description="`comment`, and the fields of the form.")] = None,
) -> dict[str, Any]:
    """Execute workflow transition.

    Who may, what the body must carry and what else is demanded is said by the process definition; `GET` of the
    instance lists it for the caller. The body may be left out.

    Where the definition asks for an electronic signature, `signature` carries the caller's `password` once more, the
    `meaning` and, at the first signature of a session or after a pause, the `username`. What is signed are the data of
    the instance, its files and the fields of this body but the comment.
    """
    data, signing = taken_out(body or {})
    _demand_comment(data)
    found = await instance_id(asked, who, entity_type, entity_id)
    signature = await signed(asked, who, origin, (entity_type, found, transition_code), data, signing)
    outcome = await asked.instances.transition(
        who.tenant,
        entity_type,
        found,
        transition_code,
        data,
        actor=who.actor,
        command_id=command_id(request),
        **signature,
    )
    return transition_done(outcome, who.actor, await assignee(asked.accounts, who.tenant, outcome.task))


@router.get("/tasks", response_model=WorkList)
@operation("instance.read", response=examples.WORK_LIST)
async def tasks(
    who: Who,
    asked: Asked,
    page: PageNumber = 1,
    per_page: PerPage = 50,
) -> dict[str, Any]:
    """Open workflow tasks of the caller: assigned to them, or open to one of their roles; most urgent first."""
    actor = who.actor
    found = await asked.reading.inbox(
        who.tenant, actor.username, roles=actor.roles, groups=actor.groups, page=page, per_page=per_page
    )
    return {"tasks": [work_item(task) for task in found.items], "total": found.total}


@router.get("/definitions", response_model=WorkflowDefinitions)
@operation("definition.read", response=examples.DEFINITIONS)
async def definitions(who: Who, asked: Asked) -> dict[str, Any]:
    """Workflow definitions per entity type: the versions that new instances get."""
    listed = await asked.definitions.list_definitions(who.tenant)
    details = [await asked.definitions.get(who.tenant, item.process) for item in listed]
    return {"definitions": [definition(detail.program) for detail in details]}


def _demand_comment(data: dict[str, Any]) -> None:
    comment = data.get("comment")
    if comment is not None and not isinstance(comment, str):
        violation = {"field": "comment", "value": None, "constraint": "must be text"}
        raise InvalidInput("comment must be text", violations=[violation])


CONTRACT = Contract(
    name="unison",
    title="Unison ERP",
    description="Workflow transitions and the work list of the Unison Manufacturing ERP contract (§6.4).",
    router=router,
    envelope=envelope,
    error_model=UnisonError,
    prefixes=("/api/v1/workflows",),
)
