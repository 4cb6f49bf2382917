"""The inbox, single tasks, and the caller's own drafts for them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from activities.services.collaboration import Place
from api.auth.identity import Identity
from api.contracts.platform import collaboration, tasks, translate
from api.contracts.platform.collaboration import DraftInput, DraftView
from api.contracts.platform.errors import PlatformRoute
from api.contracts.platform.tasks import TaskDetailView, TaskList, TaskQuery
from api.deps import Asked, Services, Who
from api.operation import operation
from api.resolve import EntityRef, EntityType, instance_id
from workflows.domain.errors import InvalidInput, NotFound, RuleRefused

router = APIRouter(prefix="/api/v1/tasks", route_class=PlatformRoute)

TaskId = Annotated[str, Path(max_length=100, description="Id of the task within the instance.", examples=["1"])]
NO_TASK = NotFound("There is no task 9 of ncr_report 234", code="NO_SUCH_TASK")


@router.get("", response_model=TaskList)
@operation("instance.read", response=tasks.TASKS)
async def list_tasks(who: Who, asked: Asked, wanted: Annotated[TaskQuery, Query()]) -> dict[str, Any]:
    """The inbox: tasks on one tab, and how many there are on each.

    Who acts for somebody, by delegation or as a substitute, sees that person's tasks among their own.
    """
    narrowed = wanted.filter(who.actor.username)
    found = await asked.inbox.tasks(
        who.tenant,
        who.actor,
        wanted.tab,
        narrowed,
        sort=wanted.sort,
        descending=wanted.descending,
        page=wanted.page,
        per_page=wanted.per_page,
    )
    counts = await asked.inbox.counts(who.tenant, who.actor, narrowed)
    return translate.paged("tasks", map(translate.task, found.items), found) | {"counts": asdict(counts)}


@router.get("/{entity_type}/{entity_id}/{task}", response_model=TaskDetailView)
@operation("instance.read", response=tasks.TASK, errors=(NO_TASK,))
async def get_task(
    entity_type: EntityType, entity_id: EntityRef, task: TaskId, who: Who, asked: Asked
) -> dict[str, Any]:
    """One task, open or closed, and what the caller may do at its instance now."""
    found = await instance_id(asked, who, entity_type, entity_id)
    entry = await asked.inbox.get(who.tenant, entity_type, found, task)
    allowed = [] if entry.closed_at else await _transitions(asked, who, entity_type, found)
    watching = await asked.collaboration.watches(Place(who.tenant, entity_type, found), who.actor)
    return translate.task(entry) | {"transitions": allowed, "watching": watching}


@router.get("/{entity_type}/{entity_id}/{task}/draft", response_model=DraftView)
@operation(
    "task.collaborate",
    response=collaboration.DRAFT,
    errors=(NotFound("You have no draft for task 1 of ncr_report 234", code="NO_DRAFT"),),
)
async def get_draft(
    entity_type: EntityType, entity_id: EntityRef, task: TaskId, who: Who, asked: Asked
) -> dict[str, Any]:
    """The caller's own draft; nobody sees another's."""
    place = Place(who.tenant, entity_type, await instance_id(asked, who, entity_type, entity_id))
    return collaboration.draft(await asked.collaboration.draft(place, task, actor=who.actor))


@router.put("/{entity_type}/{entity_id}/{task}/draft", response_model=DraftView)
@operation("task.collaborate", request=collaboration.DRAFT_INPUT, response=collaboration.DRAFT, errors=(NO_TASK,))
async def save_draft(
    entity_type: EntityType, entity_id: EntityRef, task: TaskId, body: DraftInput, who: Who, asked: Asked
) -> dict[str, Any]:
    """Keep what the caller has filled in so far, in place of what was kept before."""
    place = Place(who.tenant, entity_type, await instance_id(asked, who, entity_type, entity_id))
    saved = await asked.collaboration.save_draft(place, task, body.transition, body.data, actor=who.actor)
    return collaboration.draft(saved)


@router.delete("/{entity_type}/{entity_id}/{task}/draft", status_code=204)
@operation("task.collaborate", errors=(NO_TASK,))
async def drop_draft(entity_type: EntityType, entity_id: EntityRef, task: TaskId, who: Who, asked: Asked) -> Response:
    """Forget the caller's own draft."""
    place = Place(who.tenant, entity_type, await instance_id(asked, who, entity_type, entity_id))
    await asked.collaboration.drop_draft(place, task, actor=who.actor)
    return Response(status_code=204)


async def _transitions(asked: Services, who: Identity, process: str, entity_id: int) -> list[dict[str, Any]]:
    """What a definition gets wrong must not hide the task."""
    try:
        verdicts = await asked.instances.verdicts(who.tenant, process, entity_id, who.actor)
    except (InvalidInput, RuleRefused):
        return []
    return [translate.transition(verdict) for verdict in verdicts]
