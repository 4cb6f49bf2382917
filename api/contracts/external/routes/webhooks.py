"""Webhook subscriptions of the team, and what was delivered to them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Response

from activities.services.webhooks import Filter
from api.contracts.external import examples, translate
from api.contracts.external.errors import ExternalRoute
from api.contracts.external.paging import Limit, Offset
from api.contracts.external.refs import DeliveryId, WebhookId, record_id
from api.contracts.external.schemas import (
    DeliveryDetail,
    DeliveryList,
    DeliveryView,
    Replayed,
    ReplayRange,
    RotationInput,
    WebhookChallenged,
    WebhookInput,
    WebhookList,
    WebhookPatch,
    WebhookView,
    WebhookWithSecret,
)
from api.deps import Asked, From, Who
from api.operation import operation
from workflows.domain.errors import Conflict, InvalidInput, NotFound

router = APIRouter(prefix="/api/v1/webhooks", route_class=ExternalRoute)

_WHAT = "webhook"
_MISSING = NotFound("there is no webhook endpoint 3")
_NO_DELIVERY = NotFound("there is no webhook delivery 118")
_DISABLED = Conflict("the endpoint is disabled: gone (410)", code="ENDPOINT_DISABLED")
_REFUSED = InvalidInput(
    "url: must be https",
    violations=[{"field": "url", "value": "http://erp.example.com", "constraint": "must be https"}],
)


@router.get("", response_model=WebhookList)
@operation("webhook.manage", response=examples.WEBHOOKS)
async def list_webhooks(who: Who, asked: Asked, limit: Limit = 50, offset: Offset = 0) -> dict[str, Any]:
    """List the webhook subscriptions of the team."""
    found, total = await asked.webhooks.page(who.tenant, limit=limit, offset=offset)
    return {
        "webhooks": [translate.webhook(item) for item in found],
        "pagination": translate.pagination(total, limit, offset, len(found)),
    }


@router.post("", status_code=201, response_model=WebhookWithSecret)
@operation(
    "webhook.manage",
    shows_secret=True,
    request=examples.WEBHOOK_INPUT,
    response=examples.WEBHOOK_CREATED,
    errors=(_REFUSED,),
)
async def create_webhook(body: WebhookInput, who: Who, asked: Asked, origin: From) -> dict[str, Any]:
    """Register a webhook URL for event types; returns the signing secret once.

    Messages are signed as Standard Webhooks 1.0.0 has it (`webhook-id`, `webhook-timestamp`, `webhook-signature`).
    """
    endpoint, secret = await asked.webhooks.create(
        who.tenant,
        url=body.url,
        events=body.events,
        description=body.description or "",
        actor=who.actor,
        origin=origin,
    )
    return translate.webhook(endpoint) | {"secret": secret}


@router.get("/{webhookId}", response_model=WebhookView)
@operation("webhook.manage", response=examples.WEBHOOK, errors=(_MISSING,))
async def get_webhook(webhook_id: WebhookId, who: Who, asked: Asked) -> dict[str, Any]:
    """One webhook subscription."""
    return translate.webhook(await asked.webhooks.get(who.tenant, record_id(webhook_id, _WHAT)))


@router.patch("/{webhookId}", response_model=WebhookView)
@operation("webhook.manage", request=examples.WEBHOOK_PATCH, response=examples.WEBHOOK, errors=(_MISSING, _REFUSED))
async def change_webhook(
    webhook_id: WebhookId, body: WebhookPatch, who: Who, asked: Asked, origin: From
) -> dict[str, Any]:
    """Change url, events, description, isActive. Activating again forgets past failures."""
    changes = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    if "is_active" in changes:
        changes["enabled"] = changes.pop("is_active")
    endpoint = await asked.webhooks.change(
        who.tenant, record_id(webhook_id, _WHAT), changes, actor=who.actor, origin=origin
    )
    return translate.webhook(endpoint)


@router.delete("/{webhookId}", status_code=204, response_class=Response)
@operation("webhook.manage", errors=(_MISSING,))
async def delete_webhook(webhook_id: WebhookId, who: Who, asked: Asked, origin: From) -> None:
    """Remove a webhook subscription."""
    await asked.webhooks.delete(who.tenant, record_id(webhook_id, _WHAT), actor=who.actor, origin=origin)


@router.post("/{webhookId}/rotate-secret", response_model=WebhookWithSecret)
@operation(
    "webhook.manage",
    shows_secret=True,
    request=examples.ROTATION,
    response=examples.WEBHOOK_CREATED,
    errors=(_MISSING,),
)
async def rotate_secret(
    webhook_id: WebhookId, who: Who, asked: Asked, origin: From, body: Annotated[RotationInput | None, Body()] = None
) -> dict[str, Any]:
    """Rotate the signing secret; messages carry both signatures for a grace time, 24 hours unless told otherwise."""
    overlap = dt.timedelta(hours=(body or RotationInput()).overlap_hours)
    endpoint, secret = await asked.webhooks.rotate_secret(
        who.tenant, record_id(webhook_id, _WHAT), overlap=overlap, actor=who.actor, origin=origin
    )
    return translate.webhook(endpoint) | {"secret": secret}


@router.post("/{webhookId}/verify", response_model=WebhookChallenged)
@operation("webhook.manage", response=examples.WEBHOOK_CHALLENGED, errors=(_MISSING, _DISABLED))
async def verify_webhook(webhook_id: WebhookId, who: Who, asked: Asked, origin: From) -> dict[str, Any]:
    """Send a test event to the URL. The subscription counts as verified once a message was answered with 2xx."""
    found = record_id(webhook_id, _WHAT)
    sent = await asked.webhooks.test(who.tenant, found, actor=who.actor, origin=origin)
    endpoint = await asked.webhooks.get(who.tenant, found)
    return translate.webhook(endpoint) | {"challenge_sent_at": sent.created_at}


@router.post("/{webhookId}/test", status_code=202, response_model=DeliveryView)
@operation("webhook.manage", response=examples.DELIVERY, errors=(_MISSING, _DISABLED))
async def test_webhook(webhook_id: WebhookId, who: Who, asked: Asked, origin: From) -> dict[str, Any]:
    """Send a `webhook.test` event, whatever the subscription listens to; answers with its delivery."""
    sent = await asked.webhooks.test(who.tenant, record_id(webhook_id, _WHAT), actor=who.actor, origin=origin)
    return translate.delivery(sent)


@router.get("/{webhookId}/deliveries", response_model=DeliveryList)
@operation("webhook.manage", response=examples.DELIVERIES, errors=(_MISSING,))
async def list_deliveries(
    webhook_id: WebhookId,
    who: Who,
    asked: Asked,
    event: Annotated[str | None, Query(max_length=100)] = None,
    status: Annotated[Literal["pending", "delivering", "delivered", "retrying", "dead"] | None, Query()] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> dict[str, Any]:
    """Delivery log of a webhook, newest first."""
    endpoint = await asked.webhooks.get(who.tenant, record_id(webhook_id, _WHAT))
    wanted = Filter(endpoint_id=endpoint.id, event=event, states=translate.DELIVERY_STATES.get(status or "", ()))
    found, total = await asked.webhooks.deliveries(who.tenant, wanted, limit=limit, offset=offset)
    return {
        "deliveries": [translate.delivery(item) for item in found],
        "pagination": translate.pagination(total, limit, offset, len(found)),
    }


@router.post("/{webhookId}/deliveries/replay", status_code=202, response_model=Replayed)
@operation(
    "webhook.manage",
    request=examples.REPLAY_RANGE,
    response=examples.REPLAYED,
    errors=(_MISSING, _DISABLED, InvalidInput("more than 1000 deliveries match; narrow the range")),
)
async def replay_range(
    webhook_id: WebhookId, body: ReplayRange, who: Who, asked: Asked, origin: From
) -> dict[str, Any]:
    """Deliver a range again, oldest first, at most 1,000 at a time."""
    wanted = Filter(
        event=body.event,
        states=translate.DELIVERY_STATES.get(body.status or "", ()),
        since=body.from_date,
        until=body.to_date,
    )
    replayed = await asked.webhooks.replay_range(
        who.tenant, record_id(webhook_id, _WHAT), wanted, actor=who.actor, origin=origin
    )
    return {"replayed": replayed}


@router.get("/{webhookId}/deliveries/{deliveryId}", response_model=DeliveryDetail)
@operation("webhook.manage", response=examples.DELIVERY_DETAIL, errors=(_NO_DELIVERY,))
async def get_delivery(webhook_id: WebhookId, delivery_id: DeliveryId, who: Who, asked: Asked) -> dict[str, Any]:
    """One delivery with all its attempts."""
    found, attempts = await asked.webhooks.delivery(who.tenant, record_id(delivery_id, "webhook delivery"))
    _demand_belongs(found.endpoint_id, webhook_id, delivery_id)
    return translate.delivery(found) | {"attempt_log": [translate.attempt(item) for item in attempts]}


@router.post("/{webhookId}/deliveries/{deliveryId}/redeliver", status_code=202, response_model=DeliveryView)
@operation("webhook.manage", response=examples.DELIVERY, errors=(_NO_DELIVERY, _DISABLED))
async def redeliver(
    webhook_id: WebhookId, delivery_id: DeliveryId, who: Who, asked: Asked, origin: From
) -> dict[str, Any]:
    """Deliver again (also from the dead state): the same message with the same `webhook-id`, in a new delivery."""
    found = record_id(delivery_id, "webhook delivery")
    old, _ = await asked.webhooks.delivery(who.tenant, found)
    _demand_belongs(old.endpoint_id, webhook_id, delivery_id)
    return translate.delivery(await asked.webhooks.replay(who.tenant, found, actor=who.actor, origin=origin))


def _demand_belongs(endpoint_id: int, webhook_id: str, delivery_id: str) -> None:
    if endpoint_id != record_id(webhook_id, _WHAT):
        raise NotFound(f"there is no webhook delivery {delivery_id}")
