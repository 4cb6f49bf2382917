"""Comments at an instance, and who watches it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from activities.services.collaboration import Place
from api.contracts.platform import collaboration, translate
from api.contracts.platform.collaboration import CommentCreated, CommentInput, CommentList, WatcherList, WatchInput
from api.contracts.platform.errors import PlatformRoute
from api.deps import Asked, From, Who
from api.operation import operation
from api.paging import PageNumber, PerPage
from api.resolve import EntityRef, EntityType, instance_id
from workflows.domain.errors import InvalidInput, NotFound

router = APIRouter(prefix="/api/v1/workflows/{entity_type}/{entity_id}", route_class=PlatformRoute)

_MISSING = NotFound("no ncr_report with id 235")
_NO_TASK = NotFound("There is no task 9 of ncr_report 234", code="NO_SUCH_TASK")
_NO_USER = InvalidInput(
    "username must be an active user",
    violations=[{"field": "username", "value": "nobody", "constraint": "must be an active user"}],
)


@router.get("/comments", response_model=CommentList)
@operation("instance.read", response=collaboration.COMMENTS, errors=(_MISSING, _NO_TASK))
async def list_comments(
    entity_type: EntityType,
    entity_id: EntityRef,
    who: Who,
    asked: Asked,
    task: Annotated[str | None, Query(max_length=100, description="Only those at this task.")] = None,
    page: PageNumber = 1,
    per_page: PerPage = 50,
) -> dict[str, Any]:
    """Comments, oldest first."""
    place = Place(who.tenant, entity_type, await instance_id(asked, who, entity_type, entity_id))
    found = await asked.collaboration.comments(place, task=task, page=page, per_page=per_page)
    return translate.paged("comments", map(collaboration.comment, found.items), found)


@router.post("/comments", status_code=201, response_model=CommentCreated)
@operation(
    "task.collaborate",
    request=collaboration.COMMENT_INPUT,
    response=collaboration.COMMENT_CREATED,
    errors=(_MISSING, _NO_TASK),
)
async def comment(
    entity_type: EntityType, entity_id: EntityRef, body: CommentInput, who: Who, asked: Asked, origin: From
) -> dict[str, Any]:
    """Write a comment. It stays as it is: nothing is edited or deleted.

    Who is mentioned with `@name` watches the instance from now on, and so does the writer.
    """
    place = Place(who.tenant, entity_type, await instance_id(asked, who, entity_type, entity_id))
    made, unknown = await asked.collaboration.comment(place, body.text, task=body.task, actor=who.actor, origin=origin)
    return collaboration.comment(made) | {"unknown_mentions": unknown}


@router.get("/watchers", response_model=WatcherList)
@operation("instance.read", response=collaboration.WATCHERS, errors=(_MISSING,))
async def list_watchers(entity_type: EntityType, entity_id: EntityRef, who: Who, asked: Asked) -> dict[str, Any]:
    """Who watches the instance, by name."""
    place = Place(who.tenant, entity_type, await instance_id(asked, who, entity_type, entity_id))
    return collaboration.watchers(await asked.collaboration.watchers(place))


@router.post("/watchers", response_model=WatcherList)
@operation(
    "task.collaborate",
    repeat="harmless",
    request={"username": "anna.beck"},
    response=collaboration.WATCHERS,
    errors=(_MISSING, _NO_USER),
)
async def watch(
    entity_type: EntityType, entity_id: EntityRef, body: WatchInput, who: Who, asked: Asked, origin: From
) -> dict[str, Any]:
    """Watch the instance, or let somebody else watch it; answers who watches now."""
    place = Place(who.tenant, entity_type, await instance_id(asked, who, entity_type, entity_id))
    found = await asked.collaboration.watch(place, body.username, actor=who.actor, origin=origin)
    return collaboration.watchers(found)


@router.delete("/watchers/{username}", status_code=204)
@operation("task.collaborate", errors=(_MISSING,))
async def unwatch(
    entity_type: EntityType,
    entity_id: EntityRef,
    username: Annotated[str, Path(max_length=200, description="User name.")],
    who: Who,
    asked: Asked,
    origin: From,
) -> Response:
    """Watch no more; for others only with the permission to manage people."""
    place = Place(who.tenant, entity_type, await instance_id(asked, who, entity_type, entity_id))
    if username.lower() != who.actor.username.lower():
        await asked.collaboration.watchers(place)  # what does not exist is not forbidden
        who.require("people.manage")
    await asked.collaboration.unwatch(place, username, actor=who.actor, origin=origin)
    return Response(status_code=204)
