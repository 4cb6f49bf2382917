"""Instances: start, list, look at, cancel."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.auth.identity import Identity
from api.contracts.platform import examples, translate
from api.contracts.platform.errors import PlatformRoute
from api.contracts.platform.queries import InstanceQuery
from api.contracts.platform.schemas import (
    InstanceDetailView,
    InstanceList,
    MovedView,
    Reason,
    StartedView,
    StartInput,
    StepList,
    WaitList,
)
from api.deps import Asked, Services, Who
from api.operation import ACCEPTED_RESPONSE, operation
from api.paging import PageNumber, PerPage
from api.people import assignee
from api.repeats import command_id
from api.resolve import EntityRef, EntityType, instance_id
from workflows.domain.errors import (
    AlreadyExists,
    IdempotencyMismatch,
    InstanceEnded,
    InvalidInput,
    NotAllowed,
    NotFound,
    RuleRefused,
)
from workflows.domain.records import InstanceDetail
from workflows.engine.events import Verdict

router = APIRouter(prefix="/api/v1/workflows", route_class=PlatformRoute)

HISTORY_SHOWN = 50
_MISSING = NotFound("no ncr_report with id 235", details={"process": "ncr_report", "id": 235})
_REUSED = IdempotencyMismatch("The idempotency key was used for another request")


@router.post("/{entity_type}", status_code=201, response_model=StartedView, responses=ACCEPTED_RESPONSE)
@operation(
    "instance.start",
    repeat="own",
    request=examples.START,
    response=examples.STARTED,
    errors=(
        NotFound("no published process 'ncr'", code="NO_SUCH_PROCESS"),
        NotAllowed("Only Inspector may do this, not you"),
        AlreadyExists(
            "NCR-2025-042 exists already", code="NUMBER_TAKEN", details={"id": 234, "number": "NCR-2025-042"}
        ),
        _REUSED,
    ),
)
async def start(
    entity_type: EntityType, body: StartInput, request: Request, response: Response, who: Who, asked: Asked
) -> dict[str, Any]:
    """Start an instance of the version in force.

    Answers when the first step is committed: a `GET` that follows shows it. A number that is taken answers 409 with
    the `id` of the instance that has it.
    """
    started = await asked.instances.start(
        who.tenant,
        entity_type,
        body.data,
        actor=who.actor,
        number=body.number,
        idempotency_key=command_id(request),
    )
    response.headers["Location"] = f"/api/v1/workflows/{started.entity_type}/{started.id}"
    return {
        "id": started.id,
        "number": started.number,
        "entity_type": started.entity_type,
        "state": started.state,
    }


@router.get("", response_model=InstanceList)
@operation("instance.read", response=examples.INSTANCES)
async def list_all(who: Who, asked: Asked, wanted: Annotated[InstanceQuery, Query()]) -> dict[str, Any]:
    """Instances of all processes, newest first."""
    return await _listed(asked, who, None, wanted)


@router.get("/{entity_type}", response_model=InstanceList)
@operation("instance.read", response=examples.INSTANCES, errors=(NotFound("no process ncr", code="NO_SUCH_PROCESS"),))
async def list_of_type(
    entity_type: EntityType, who: Who, asked: Asked, wanted: Annotated[InstanceQuery, Query()]
) -> dict[str, Any]:
    """Instances of one process, newest first."""
    answer = await _listed(asked, who, entity_type, wanted)
    if not answer["instances"]:
        await asked.definitions.versions(who.tenant, entity_type)  # an unknown process is no empty list
    return answer


@router.get("/{entity_type}/{entity_id}", response_model=InstanceDetailView)
@operation("instance.read", response=examples.INSTANCE, errors=(_MISSING,))
async def get(entity_type: EntityType, entity_id: EntityRef, who: Who, asked: Asked) -> dict[str, Any]:
    """One instance: where it stands, what is open, and what the caller may do now, or why not."""
    found = await instance_id(asked, who, entity_type, entity_id)
    detail = await asked.reading.get_instance(who.tenant, entity_type, found)
    verdicts, problem = await _verdicts(asked, who, entity_type, found)
    last_page = max(1, -(-detail.summary.seq // HISTORY_SHOWN))
    history = await asked.reading.history(who.tenant, entity_type, found, page=last_page, per_page=HISTORY_SHOWN)
    return translate.instance_detail(
        detail,
        verdicts,
        history.items,
        await assignee(asked.accounts, who.tenant, _last_task(detail)),
    ) | {"transitions_error": problem}


@router.get("/{entity_type}/{entity_id}/history", response_model=StepList)
@operation("instance.read", response=examples.HISTORY, errors=(_MISSING,))
async def history(
    entity_type: EntityType,
    entity_id: EntityRef,
    who: Who,
    asked: Asked,
    page: PageNumber = 1,
    per_page: PerPage = 50,
) -> dict[str, Any]:
    """The step log, first step first: who did what, with which effect on state and data."""
    found = await instance_id(asked, who, entity_type, entity_id)
    steps = await asked.reading.history(who.tenant, entity_type, found, page=page, per_page=per_page)
    return translate.paged("steps", map(translate.step, steps.items), steps)


@router.get("/{entity_type}/{entity_id}/waiting", response_model=WaitList)
@operation("instance.read", response=examples.WAITS, errors=(_MISSING,))
async def waiting(entity_type: EntityType, entity_id: EntityRef, who: Who, asked: Asked) -> dict[str, Any]:
    """Why it waits: for whom or what, since when, until when, what happens then, and what the caller can do."""
    found = await instance_id(asked, who, entity_type, entity_id)
    return {"waits": await asked.instances.waiting(who.tenant, entity_type, found, who.actor)}


@router.post("/{entity_type}/{entity_id}/cancel", response_model=MovedView, responses=ACCEPTED_RESPONSE)
@operation(
    "instance.cancel",
    repeat="own",
    request=examples.CANCEL,
    response=examples.CANCELLED,
    errors=(_MISSING, InstanceEnded("NCR-2025-042 has ended (done)"), _REUSED),
)
async def cancel(
    entity_type: EntityType, entity_id: EntityRef, body: Reason, request: Request, who: Who, asked: Asked
) -> dict[str, Any]:
    """End an instance early: exit actions run, children are cancelled, timers dropped."""
    found = await instance_id(asked, who, entity_type, entity_id)
    outcome = await asked.instances.cancel(
        who.tenant,
        entity_type,
        found,
        reason=body.reason,
        actor=who.actor,
        command_id=command_id(request),
    )
    return translate.moved(outcome)


async def _verdicts(asked: Services, who: Identity, process: str, found: int) -> tuple[list[Verdict], str | None]:
    """What the caller may do, or why that cannot be said: what a definition gets wrong must not hide the instance."""
    try:
        return await asked.instances.verdicts(who.tenant, process, found, who.actor), None
    except (InvalidInput, RuleRefused) as problem:
        return [], problem.message


async def _listed(asked: Services, who: Identity, process: str | None, wanted: InstanceQuery) -> dict[str, Any]:
    found = await asked.reading.list_instances(
        who.tenant, wanted.filter(process, who.actor.username), page=wanted.page, per_page=wanted.per_page
    )
    return translate.paged("instances", map(translate.instance, found.items), found)


def _last_task(detail: InstanceDetail) -> dict[str, Any] | None:
    """Of several open tasks the one opened last is the one the caller is told about."""
    if not detail.tasks:
        return None
    task = detail.tasks[-1]
    return {"assignee": task.assignee, "candidates": task.candidates}
