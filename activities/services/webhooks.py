"""Webhook endpoints and what was delivered to them: made, changed, tried out, looked at, replayed.

A delivery that is asked for here (a test, a replay) is a row; the dispatcher starts it like those that events cause,
so none is lost between the request and its start.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.outbound.client import GuardedClient
from activities.outbound.guard import OutboundFailed
from activities.secrets import SecretBox
from activities.services.origin import Origin
from activities.store.database import Database
from activities.store.repositories import audit, webhook_deliveries, webhook_endpoints
from activities.store.repositories.webhook_deliveries import Attempt, Delivery, Draft, Filter
from activities.store.repositories.webhook_endpoints import Endpoint, health_columns
from activities.webhooks.endpoints import ENTITY, demand_enabled, demand_events, invalid, view
from activities.webhooks.health import Health
from activities.webhooks.message import body, message_id, new_secret
from activities.webhooks.secrets import seal
from workflows.domain.errors import Conflict, InvalidInput, NotFound
from workflows.engine.events import Actor

__all__ = ["Attempt", "Delivery", "Endpoint", "Filter", "Webhooks"]

TEST_EVENT = "webhook.test"
MOST_ENDPOINTS = 100
"""Per tenant; every event is matched against all of them."""
MOST_REPLAYED = 1000
"""Deliveries of one request; a longer range is replayed in parts."""
OVERLAP = dt.timedelta(hours=24)
"""Time in which the old secret goes on signing beside the new one."""


class Webhooks:
    """One per process. What is managed here is allowed by the caller's policy check; it is recorded here."""

    def __init__(
        self,
        database: Database,
        http: GuardedClient,
        secrets: SecretBox,
        *,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._database = database
        self._http = http
        self._secrets = secrets
        self._now = now

    # --- endpoints --------------------------------------------------------------------------------------------

    async def create(
        self,
        tenant: str,
        *,
        url: str,
        events: Sequence[str],
        description: str = "",
        owner: str | None = None,
        actor: Actor,
        origin: Origin,
    ) -> tuple[Endpoint, str]:
        """The endpoint and its signing secret, which nobody can show again.

        Args:
            events: names, `order.*`, or `*`.
            owner: `user:NAME` or a mail address that hears when the endpoint is disabled; None: whoever creates it.

        Raises:
            InvalidInput: a URL the guard refuses (not https, private, …), or a malformed event.
            Conflict: TOO_MANY_ENDPOINTS.
        """
        await self._demand_url(url)
        demand_events(events)
        secret = new_secret()
        values = {
            "url": url,
            "events": list(dict.fromkeys(events)),
            "description": description,
            "owner": owner or (f"user:{actor.username}" if actor.kind == "user" else None),
            "secret": seal(self._secrets, tenant, secret),
            "created_by": actor.username,
        }
        async with self._database.transaction(tenant) as connection:
            if await webhook_endpoints.count(connection, tenant) >= MOST_ENDPOINTS:
                raise Conflict(f"a tenant has at most {MOST_ENDPOINTS} endpoints", code="TOO_MANY_ENDPOINTS")
            endpoint = await webhook_endpoints.add(connection, tenant, values)
            await _record(connection, tenant, "create", endpoint, actor, origin, after=view(endpoint))
        return endpoint, secret

    async def page(self, tenant: str, *, limit: int, offset: int) -> tuple[list[Endpoint], int]:
        """In the order of creation, with the number of all."""
        async with self._database.transaction(tenant) as connection:
            return await webhook_endpoints.page(connection, tenant, limit=limit, offset=offset)

    async def get(self, tenant: str, endpoint_id: int) -> Endpoint:
        """Raises NotFound."""
        async with self._database.transaction(tenant) as connection:
            return await _endpoint(connection, tenant, endpoint_id)

    async def change(
        self, tenant: str, endpoint_id: int, changes: dict[str, Any], *, actor: Actor, origin: Origin
    ) -> Endpoint:
        """`changes`: any of url, events, description, owner, and enabled (a boolean).

        Enabling forgets past failures; disabling discards what waits for another attempt.

        Raises:
            NotFound.
            InvalidInput: as for `create`.
        """
        values = dict(changes)
        if "url" in values:
            await self._demand_url(values["url"])
        if "events" in values:
            demand_events(values["events"])
        enabled = values.pop("enabled", None)
        async with self._database.transaction(tenant) as connection:
            before = await _endpoint(connection, tenant, endpoint_id, for_update=True)
            if enabled is True and before.health.status == "disabled":
                values |= health_columns(Health())
            elif enabled is False and before.health.status != "disabled":
                values |= health_columns(
                    replace(before.health, status="disabled", reason=f"disabled by {actor.username}")
                )
            if not values:
                return before
            after = await webhook_endpoints.change(connection, tenant, endpoint_id, values)
            await _record(connection, tenant, "update", after, actor, origin, before=view(before), after=view(after))
        return after

    async def delete(self, tenant: str, endpoint_id: int, *, actor: Actor, origin: Origin) -> None:
        """The endpoint gets nothing more; its delivery log stays. Raises NotFound."""
        async with self._database.transaction(tenant) as connection:
            endpoint = await _endpoint(connection, tenant, endpoint_id, for_update=True)
            await webhook_endpoints.change(connection, tenant, endpoint_id, {"deleted_at": self._now()})
            await _record(connection, tenant, "delete", endpoint, actor, origin, before=view(endpoint))

    async def rotate_secret(
        self, tenant: str, endpoint_id: int, *, overlap: dt.timedelta = OVERLAP, actor: Actor, origin: Origin
    ) -> tuple[Endpoint, str]:
        """A new secret, shown once. For `overlap` messages carry both signatures. Raises NotFound."""
        secret = new_secret()
        async with self._database.transaction(tenant) as connection:
            before = await _endpoint(connection, tenant, endpoint_id, for_update=True)
            values = {
                "secret": seal(self._secrets, tenant, secret),
                "previous_secret": before.secret,
                "previous_secret_until": self._now() + overlap,
            }
            after = await webhook_endpoints.change(connection, tenant, endpoint_id, values)
            await _record(connection, tenant, "rotate_secret", after, actor, origin)
        return after, secret

    # --- deliveries -------------------------------------------------------------------------------------------

    async def test(self, tenant: str, endpoint_id: int, *, actor: Actor, origin: Origin) -> Delivery:
        """A `webhook.test` event for this endpoint alone, whatever it subscribed to.

        Raises:
            NotFound.
            Conflict: ENDPOINT_DISABLED.
        """
        now = self._now()
        stamp = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        envelope = {
            "event": TEST_EVENT,
            "timestamp": stamp,
            "teamId": tenant,
            "data": {"message": "This is a test. Nothing happened in production.", "requestedBy": actor.username},
            "sequence": 0,
        }
        async with self._database.transaction(tenant) as connection:
            endpoint = await _endpoint(connection, tenant, endpoint_id)
            demand_enabled(endpoint)
            draft = Draft(
                tenant,
                endpoint_id,
                message_id(tenant, f"test/{endpoint_id}/{stamp}"),
                TEST_EVENT,
                body(envelope, endpoint_id),
                test=True,
                requested_by=actor.username,
            )
            delivery = await _added(connection, tenant, draft)
            await _record(connection, tenant, "test", endpoint, actor, origin)
        return delivery

    async def deliveries(self, tenant: str, wanted: Filter, *, limit: int, offset: int) -> tuple[list[Delivery], int]:
        """Newest first, with the number of all that match."""
        async with self._database.transaction(tenant) as connection:
            return await webhook_deliveries.page(connection, tenant, wanted, limit=limit, offset=offset)

    async def delivery(self, tenant: str, delivery_id: int) -> tuple[Delivery, list[Attempt]]:
        """One delivery with all its attempts. Raises NotFound."""
        async with self._database.transaction(tenant) as connection:
            found = await _delivery(connection, tenant, delivery_id)
            return found, await webhook_deliveries.attempts(connection, tenant, delivery_id)

    async def replay(self, tenant: str, delivery_id: int, *, actor: Actor, origin: Origin) -> Delivery:
        """Sends the same message again, in a new delivery with a schedule of its own.

        Body and `webhook-id` stay: a receiver that has handled the message drops it (Standard Webhooks).

        Raises:
            NotFound: no such delivery, or its endpoint is deleted.
            Conflict: ENDPOINT_DISABLED.
        """
        async with self._database.transaction(tenant) as connection:
            old = await _delivery(connection, tenant, delivery_id)
            endpoint = await _endpoint(connection, tenant, old.endpoint_id)
            demand_enabled(endpoint)
            new = await _added(connection, tenant, _again(tenant, old, actor))
            await _record(connection, tenant, "replay", endpoint, actor, origin, after={"delivery": delivery_id})
        return new

    async def replay_range(self, tenant: str, endpoint_id: int, wanted: Filter, *, actor: Actor, origin: Origin) -> int:
        """Replays what matches, oldest first; replays themselves are not replayed. Gives how many.

        Raises:
            NotFound.
            Conflict: ENDPOINT_DISABLED.
            InvalidInput: more than `MOST_REPLAYED` match.
        """
        wanted = replace(wanted, endpoint_id=endpoint_id, originals=True)
        async with self._database.transaction(tenant) as connection:
            endpoint = await _endpoint(connection, tenant, endpoint_id)
            demand_enabled(endpoint)
            found = await webhook_deliveries.matching(connection, tenant, wanted, limit=MOST_REPLAYED + 1)
            if len(found) > MOST_REPLAYED:
                raise InvalidInput(f"more than {MOST_REPLAYED} deliveries match; narrow the range")
            added = await webhook_deliveries.add(connection, [_again(tenant, old, actor) for old in found])
            await _record(connection, tenant, "replay", endpoint, actor, origin, after={"deliveries": len(added)})
        return len(added)

    # --- common -----------------------------------------------------------------------------------------------

    async def _demand_url(self, url: str) -> None:
        """A name that does not resolve yet is accepted: receivers are often set up later; each attempt asks again."""
        try:
            await self._http.check(url)
        except OutboundFailed as problem:
            if problem.kind == "address":
                raise invalid("url", url, problem.message) from problem


async def _record(
    connection: AsyncConnection,
    tenant: str,
    deed: str,
    endpoint: Endpoint,
    actor: Actor,
    origin: Origin,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    entry = origin.entry(f"webhook.{deed}", actor, (ENTITY, str(endpoint.id)), before=before, after=after)
    await audit.append(connection, tenant, entry)


async def _endpoint(
    connection: AsyncConnection, tenant: str, endpoint_id: int, *, for_update: bool = False
) -> Endpoint:
    found = await webhook_endpoints.get(connection, tenant, endpoint_id, for_update=for_update)
    if found is None:
        raise NotFound(f"there is no webhook endpoint {endpoint_id}")
    return found


async def _delivery(connection: AsyncConnection, tenant: str, delivery_id: int) -> Delivery:
    found = await webhook_deliveries.get(connection, tenant, delivery_id)
    if found is None:
        raise NotFound(f"there is no webhook delivery {delivery_id}")
    return found


async def _added(connection: AsyncConnection, tenant: str, draft: Draft) -> Delivery:
    [added] = await webhook_deliveries.add(connection, [draft])
    return await _delivery(connection, tenant, added)


def _again(tenant: str, old: Delivery, actor: Actor) -> Draft:
    return Draft(
        tenant,
        old.endpoint_id,
        old.webhook_id,
        old.event,
        old.body,
        test=old.test,
        replay_of=old.id,
        requested_by=actor.username,
    )
