"""A tenant, a receiver and the webhook service of its own for every test."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from activities.actions.equipment import Equipment
from activities.actions.registry import default
from activities.services.origin import Origin
from activities.services.webhooks import Delivery, Endpoint, Webhooks
from activities.store.database import Database
from tests.effects import ANNA, Clock, add_user, call, equipment, new_tenant
from tests.receiver import Receiver, receiving

HERE = Origin(ip="127.0.0.1", request_id="r-1")


@dataclass
class Post:
    """Webhooks of one tenant: the service that manages them and the action that delivers them."""

    tenant: str
    database: Database
    service: Webhooks
    equipment: Equipment
    clock: Clock

    async def endpoint(self, url: str, *events: str, **fields: Any) -> tuple[Endpoint, str]:
        return await self.service.create(
            self.tenant, url=url, events=events or ("*",), actor=ANNA, origin=HERE, **fields
        )

    async def test_event(self, endpoint: Endpoint) -> Delivery:
        return await self.service.test(self.tenant, endpoint.id, actor=ANNA, origin=HERE)

    async def attempt(self, delivery: Delivery, number: int = 1, wait: str = "PT5S") -> dict[str, Any]:
        """One attempt, as the process of the delivery makes it."""
        key = f"{self.tenant}/webhook_delivery/{delivery.entity_id}:{number}:0"
        effect = call(self.equipment, self.tenant, process="webhook_delivery", key=key)
        return await default().run_activity(
            effect, "webhook.deliver", {"delivery": delivery.id, "attempt": number, "wait": wait}
        )

    async def emit(self, event: str, entity_id: int, sequence: int = 1, process: str = "order") -> None:
        """An event as a step writes it."""
        envelope = {
            "event": event,
            "type": event,
            "timestamp": "2026-11-20T12:00:00Z",
            "teamId": self.tenant,
            "data": {"entityId": entity_id},
            "sequence": sequence,
        }
        await self.run_sql(
            "INSERT INTO outbox (tenant_id, event, payload, process, entity_id, sequence)"
            " VALUES (:t, :e, cast(:envelope as json), :p, :i, :s)",
            envelope=json.dumps(envelope),
            e=event,
            i=entity_id,
            s=sequence,
            p=process,
        )

    async def run_sql(self, query: str, **values: Any) -> Any:
        async with self.database.transaction(self.tenant) as connection:
            result = await connection.execute(text(query), {"t": self.tenant, **values})
            return result.all() if result.returns_rows else None


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


@pytest.fixture
async def post(database: Database, tmp_path: Path) -> Post:
    tenant = await new_tenant(database)
    await add_user(database, tenant, "anna", email="anna@plant.example", roles=["admin"])
    clock = Clock()
    given = equipment(database, tmp_path, clock=clock)
    service = Webhooks(database, given.http, given.secrets, now=clock)
    return Post(tenant, database, service, given, clock)
