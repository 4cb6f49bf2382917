"""Incidents, and what can be done about them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import AwareDatetime

from activities.services.incidents import IncidentFilter
from api.contracts.platform import examples, translate
from api.contracts.platform.errors import PlatformRoute
from api.contracts.platform.schemas import Acknowledgement, IncidentList, IncidentView, MovedView, Repair
from api.deps import Asked, From, Who
from api.operation import ACCEPTED_RESPONSE, operation
from api.paging import PageNumber, PerPage
from api.repeats import command_id
from api.resolve import EntityRef, EntityType, instance_id
from workflows.domain.errors import Conflict, IdempotencyMismatch, InvalidInput, NotFound

router = APIRouter(prefix="/api/v1", route_class=PlatformRoute)

Act = Literal["retry", "skip", "patch", "move"]
_EITHER = {"true": True, "false": False, "all": None}
IncidentId = Annotated[str, Path(max_length=100, description="Id of the incident within the instance.")]
OfType = Annotated[str | None, Query(max_length=100, description="Only this process.")]


@router.get("/incidents", response_model=IncidentList)
@operation("incident.read", response=examples.INCIDENTS)
async def incidents(
    who: Who,
    asked: Asked,
    resolved: Annotated[
        Literal["true", "false", "all"], Query(description="Open ones, resolved ones, or all.")
    ] = "false",
    acknowledged: Annotated[
        Literal["true", "false", "all"], Query(description="Those that somebody looks after, nobody does, or all.")
    ] = "all",
    entity_type: OfType = None,
    state: Annotated[str | None, Query(max_length=200, description="Where the instance waits.")] = None,
    kind: Annotated[Literal["effect", "timer", "child", "event"] | None, Query(description="What failed.")] = None,
    code: Annotated[str | None, Query(max_length=200, description="Of the error.")] = None,
    opened_before: Annotated[
        AwareDatetime | None, Query(description="For those of a certain age; the moment itself does not count.")
    ] = None,
    page: PageNumber = 1,
    per_page: PerPage = 50,
) -> dict[str, Any]:
    """Incidents, newest first: what failed and waits for a decision."""
    wanted = IncidentFilter(
        process=entity_type,
        state=state,
        kind=kind,
        code=code,
        resolved=_EITHER[resolved],
        acknowledged=_EITHER[acknowledged],
        opened_before=opened_before,
    )
    found = await asked.incidents.page(who.tenant, wanted, page=page, per_page=per_page)
    return translate.paged("incidents", map(translate.incident, found.items), found)


@router.post("/workflows/{entity_type}/{entity_id}/incidents/{incident}/acknowledge", response_model=IncidentView)
@operation(
    "incident.act",
    repeat="harmless",
    request=examples.ACKNOWLEDGE,
    response=examples.ACKNOWLEDGED,
    errors=(NotFound("there is no open incident 9", code="NO_SUCH_INCIDENT"),),
)
async def acknowledge_incident(
    entity_type: EntityType,
    entity_id: EntityRef,
    incident: IncidentId,
    body: Acknowledgement,
    who: Who,
    asked: Asked,
    origin: From,
) -> dict[str, Any]:
    """Say that one looks after an open incident, so that others need not. The instance waits on; the first counts."""
    found = await asked.incidents.acknowledge(
        who.tenant,
        entity_type,
        await instance_id(asked, who, entity_type, entity_id),
        incident,
        actor=who.actor,
        origin=origin,
        reason=body.reason,
    )
    return translate.incident(found)


@router.post(
    "/workflows/{entity_type}/{entity_id}/incidents/{incident}/{act}",
    response_model=MovedView,
    responses=ACCEPTED_RESPONSE,
)
@operation(
    "incident.act",
    repeat="own",
    request=examples.REPAIR,
    response=examples.REPAIRED,
    errors=(
        NotFound("there is no open incident 9", code="NO_SUCH_INCIDENT"),
        Conflict("this incident has nothing to retry", code="INCIDENT_NOT_RETRYABLE"),
        IdempotencyMismatch("The idempotency key was used for another request"),
    ),
)
async def act_on_incident(
    entity_type: EntityType,
    entity_id: EntityRef,
    incident: IncidentId,
    act: Annotated[Act, Path(description="What to do about it.")],
    body: Repair,
    request: Request,
    who: Who,
    asked: Asked,
) -> dict[str, Any]:
    """Act on an open incident.

    `retry`: try again what failed. `skip`: go on as if it had succeeded with nothing to report. `patch`: change the
    instance's data by a JSON merge patch, then try again. `move`: leave the state for another one. Each with a
    reason, and on record in the step log.
    """
    _demand_matching(act, body)
    found = await instance_id(asked, who, entity_type, entity_id)
    outcome = await asked.instances.repair(
        who.tenant,
        entity_type,
        found,
        incident,
        act,
        reason=body.reason,
        actor=who.actor,
        patch=body.data,
        target=body.target,
        command_id=command_id(request),
    )
    return translate.moved(outcome)


def _demand_matching(act: Act, body: Repair) -> None:
    """`data` belongs to patch and `target` to move; each needs its own and takes no other."""
    for field, owner, given in (("data", "patch", body.data), ("target", "move", body.target)):
        if (given is not None) != (act == owner):
            constraint = f"is required for {owner}" if act == owner else f"is only for {owner}"
            violation = {"field": field, "value": None, "constraint": constraint}
            raise InvalidInput(f"{field} {constraint}", violations=[violation])
