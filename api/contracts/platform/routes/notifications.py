"""What the caller is told, and how the caller wants to be told. Nothing here is about anybody else."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from api.contracts.platform import notifications as bodies
from api.contracts.platform import translate
from api.contracts.platform.errors import PlatformRoute
from api.contracts.platform.notifications import (
    NotificationList,
    NotificationView,
    PreferencesInput,
    PreferencesView,
    ReadAll,
)
from api.deps import Asked, From, Who
from api.operation import operation
from api.paging import PageNumber, PerPage
from workflows.domain.errors import InvalidInput, NotFound

router = APIRouter(prefix="/api/v1", route_class=PlatformRoute)

_SWITCHED_OFF = InvalidInput(
    "critical: Input should be 'at_once'",
    violations=[{"field": "critical", "value": "in_app", "constraint": "Input should be 'at_once'"}],
)


@router.get("/notifications", response_model=NotificationList)
@operation("notification.own", response=bodies.NOTIFICATIONS)
async def list_notifications(
    who: Who,
    asked: Asked,
    unread: Annotated[Literal["true", "false", "all"], Query(description="Unread ones, read ones, or all.")] = "all",
    page: PageNumber = 1,
    per_page: PerPage = 50,
) -> dict[str, Any]:
    """What the caller was told: unread first, newest first. Looking marks nothing as read."""
    found, counts = await asked.notifications.page(
        who.tenant,
        who.actor.username,
        unread={"true": True, "false": False, "all": None}[unread],
        page=page,
        per_page=per_page,
    )
    listed = translate.paged("notifications", map(bodies.notification, found.items), found)
    return listed | {"counts": bodies.counts(counts)}


@router.post("/notifications/read-all", response_model=ReadAll)
@operation("notification.own", repeat="harmless", response=bodies.READ_ALL)
async def read_all(who: Who, asked: Asked) -> dict[str, Any]:
    """Mark all of the caller's notifications as read; those that wait for a digest are left out of it."""
    return {"read": await asked.notifications.mark_all_read(who.tenant, who.actor.username)}


@router.get("/notifications/preferences", response_model=PreferencesView)
@operation("notification.own", response=bodies.PREFERENCES)
async def get_preferences(who: Who, asked: Asked) -> dict[str, Any]:
    """How letters reach the caller, and in which language."""
    return bodies.preferences(await asked.notifications.preferences(who.tenant, who.actor.username))


@router.put("/notifications/preferences", response_model=PreferencesView)
@operation("notification.own", request=bodies.PREFERENCES, response=bodies.PREFERENCES, errors=(_SWITCHED_OFF,))
async def put_preferences(body: PreferencesInput, who: Who, asked: Asked, origin: From) -> dict[str, Any]:
    """Choose how letters come. In the application everything is shown, and critical notices always come at once."""
    chosen = await asked.notifications.choose(who.tenant, who.actor, body.chosen(), origin)
    return bodies.preferences(chosen)


@router.post("/notifications/{notification_id}/read", response_model=NotificationView)
@operation(
    "notification.own",
    repeat="harmless",
    response=bodies.READ,
    errors=(NotFound("There is no notification 91"),),
)
async def read(notification_id: Annotated[int, Path(ge=1, le=10**18)], who: Who, asked: Asked) -> dict[str, Any]:
    """Mark one as read."""
    return bodies.notification(await asked.notifications.mark_read(who.tenant, who.actor.username, notification_id))
