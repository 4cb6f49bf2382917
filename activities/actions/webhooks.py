"""One attempt at a delivery: `webhook.deliver`. What follows from its outcome is the definition's business.

An answer of the receiver, and no answer, are results and not errors: only a missing delivery or a store that is away
fail the activity. The attempt is put on record with its result, so a repeat of the activity reports the same again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.actions.equipment import Equipment
from activities.actions.registry import ActionFailed, ActivityCall, Arguments, Registry
from activities.outbound.client import Request
from activities.outbound.guard import OutboundFailed
from activities.services.origin import Origin
from activities.store.repositories import audit, webhook_deliveries, webhook_endpoints
from activities.store.repositories.webhook_deliveries import Attempt, Message
from activities.store.repositories.webhook_endpoints import Endpoint
from activities.webhooks import health
from activities.webhooks.endpoints import ENTITY
from activities.webhooks.message import headers
from activities.webhooks.retries import next_wait, retry_after_s
from activities.webhooks.secrets import signing_keys
from workflows.engine.events import SYSTEM

actions = Registry()

_EXCERPT = 2000
"""Characters of an answer that are kept."""
_MOST_QUEUED_S = 30.0
"""Longest wait before a delivery asks again whether it is its turn."""
_FRESH = dt.timedelta(minutes=1)
"""The time of the last success is written this often at most; a busy endpoint's row would be hot."""


class Deliver(Arguments):
    delivery: int = Field(ge=1)
    attempt: int = Field(ge=1)
    wait: str = Field(
        default="", description="The schedule's wait before the next attempt, ISO 8601; empty: there is none."
    )


class Delivered(Arguments):
    outcome: Literal["delivered", "retry", "gone", "discarded"] = Field(
        description="retry: it failed; gone: it failed and the endpoint is disabled for it; "
        "discarded: nothing was sent, the endpoint was disabled or deleted before."
    )
    status: int | None = Field(default=None, description="HTTP status; null: no answer.")
    error: str | None = None
    next_wait: str = Field(
        default="PT0S", description="The wait with jitter, and not shorter than Retry-After; ISO 8601."
    )
    notice: dict[str, str] = Field(default_factory=dict, description="With gone: to, subject and text for the owner.")


@dataclass(frozen=True, slots=True)
class _Heard:
    """What came back."""

    status: int | None = None
    error: str | None = None
    response: str | None = None
    duration_ms: int = 0
    wish_s: float | None = None


@actions.activity("webhook.deliver", title="Deliver a webhook", input=Deliver, output=Delivered)
async def deliver(call: ActivityCall, asked: Deliver) -> Delivered:
    """Sends once, puts the attempt on record, and keeps the endpoint's health.

    Raises:
        ActionFailed: NO_SUCH_DELIVERY; ENDPOINT_BUSY, its turn comes.
    """
    equipment = call.equipment
    async with equipment.database.transaction(call.tenant) as connection:
        known = await webhook_deliveries.reported(connection, call.tenant, asked.delivery, asked.attempt)
        if known is not None:
            return Delivered(**known)
        message = await webhook_deliveries.message(connection, call.tenant, asked.delivery)
        if message is None:
            raise ActionFailed("NO_SUCH_DELIVERY", f"there is no delivery {asked.delivery}", retryable=False)
        endpoint = await webhook_endpoints.get(connection, call.tenant, message.endpoint_id)
    if endpoint is None or endpoint.health.status == "disabled":
        return Delivered(outcome="discarded", error="the endpoint is disabled or deleted")
    at = equipment.clock()
    with equipment.lanes.lane((call.tenant, endpoint.id)) as free:
        if not free:
            wait_s = min(2.0 * call.attempt, _MOST_QUEUED_S)
            raise ActionFailed("ENDPOINT_BUSY", "others are being delivered", retryable=True, retry_after_s=wait_s)
        heard = await _send(equipment, call.tenant, endpoint, message, at)
    async with equipment.database.transaction(call.tenant) as connection:
        return await _settle(connection, call, asked, message, heard, at)


async def _send(equipment: Equipment, tenant: str, endpoint: Endpoint, message: Message, at: dt.datetime) -> _Heard:
    keys = signing_keys(equipment.secrets, tenant, endpoint, at)
    signed = headers(message.body, message.webhook_id, keys, at)
    try:
        answer = await equipment.http.send(Request("POST", endpoint.url, signed, message.body.encode()))
    except OutboundFailed as problem:
        return _Heard(error=f"{problem.kind}: {problem.message}", duration_ms=problem.duration_ms)
    return _Heard(
        status=answer.status,
        error=None if 200 <= answer.status < 300 else f"HTTP {answer.status}",
        response=answer.body.decode(errors="replace").replace("\x00", "\ufffd")[:_EXCERPT],
        duration_ms=answer.duration_ms,
        wish_s=retry_after_s(answer.headers.get("retry-after"), at),
    )


async def _settle(
    connection: AsyncConnection, call: ActivityCall, asked: Deliver, message: Message, heard: _Heard, at: dt.datetime
) -> Delivered:
    """The attempt, its result and the endpoint's health, all in one transaction."""
    endpoint = await webhook_endpoints.get(
        connection, call.tenant, message.endpoint_id, for_update=heard.error is not None
    )
    if heard.error is None:
        result = Delivered(outcome="delivered", status=heard.status)
        if endpoint is not None:
            await _note_success(connection, call.tenant, endpoint, at)
    else:
        wait = next_wait(asked.wait, message.webhook_id, asked.attempt, heard.wish_s) if asked.wait else "PT0S"
        result = Delivered(outcome="retry", status=heard.status, error=heard.error, next_wait=wait)
        if endpoint is not None:
            after = health.after_failure(endpoint.health, call.equipment.rules, at, gone=heard.status == 410)
            await webhook_endpoints.set_health(connection, call.tenant, endpoint.id, after)
            if after.status == "disabled" and endpoint.health.status != "disabled":
                await _record_disabling(connection, call, endpoint, after)
                result = result.model_copy(update={"outcome": "gone", "notice": _notice(endpoint, after)})
    attempt = Attempt(asked.attempt, at, heard.status, heard.error, heard.duration_ms, heard.response)
    await webhook_deliveries.record(connection, call.tenant, message.id, attempt, result.model_dump())
    return result


async def _note_success(connection: AsyncConnection, tenant: str, endpoint: Endpoint, at: dt.datetime) -> None:
    if endpoint.health.failures:
        locked = await webhook_endpoints.get(connection, tenant, endpoint.id, for_update=True)
        if locked is not None:
            await webhook_endpoints.set_health(connection, tenant, endpoint.id, health.after_success(locked.health))
    if endpoint.last_success_at is None or at - endpoint.last_success_at > _FRESH:
        await webhook_endpoints.change(connection, tenant, endpoint.id, {"last_success_at": at})


async def _record_disabling(
    connection: AsyncConnection, call: ActivityCall, endpoint: Endpoint, after: health.Health
) -> None:
    entity = (ENTITY, str(endpoint.id))
    change = ({"status": endpoint.health.status}, {"status": after.status})
    origin = Origin(source="effect", request_id=call.key)
    entry = origin.entry("webhook.disable", SYSTEM, entity, before=change[0], after=change[1], reason=after.reason)
    await audit.append(connection, call.tenant, entry)


def _notice(endpoint: Endpoint, after: health.Health) -> dict[str, str]:
    return {
        "to": endpoint.owner or "role:admin",
        "subject": f"Webhook endpoint disabled: {endpoint.url}",
        "text": (
            f"The webhook endpoint {endpoint.url} is disabled: {after.reason}.\n\n"
            "It gets no more events, and deliveries that were waiting are discarded. "
            "When the receiver works again, enable the endpoint and replay what it missed."
        ),
    }
