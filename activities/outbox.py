"""The dispatcher: carries events from the outbox to one `webhook_delivery` process for each endpoint that listens.

Two durable steps, each safe to be killed at any point and to be run by several dispatchers at once. *Plan*: in one
transaction an event becomes delivery rows, each with an instance id reserved, and counts as dispatched. *Start*: a
delivery row without a start gets its process, by that id, and is marked; a start that was not marked is started
again and finds the first. Nothing is lost, and what is doubled collapses into one process.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from activities.store.database import Database
from activities.store.repositories import outbox, webhook_deliveries, webhook_endpoints
from activities.store.repositories.outbox import Event
from activities.store.repositories.webhook_deliveries import PROCESS, Draft, Unstarted
from activities.store.repositories.webhook_endpoints import Endpoint
from activities.webhooks.message import body, matches, message_id
from workflows.domain.errors import Unavailable
from workflows.engine.events import SYSTEM, Actor

_log = logging.getLogger(__name__)

StartProcess = Callable[[Unstarted], Awaitable[object]]
"""Starts the process of a delivery. Called again for the same delivery it must find the first."""


class Starter(Protocol):
    """The part of `Instances` that is needed here."""

    async def start(
        self,
        tenant: str,
        process: str,
        data: dict[str, Any],
        *,
        actor: Actor,
        idempotency_key: str | None = None,
        entity_id: int | None = None,
    ) -> object: ...


def through(instances: Starter) -> StartProcess:
    """Starts deliveries as instances."""

    async def start(delivery: Unstarted) -> object:
        data: dict[str, Any] = {
            "delivery": delivery.id,
            "endpoint": delivery.endpoint_id,
            "event": delivery.event,
        }
        if delivery.replays is not None:
            data["replays"] = str(delivery.replays)
        return await instances.start(
            delivery.tenant,
            PROCESS,
            data,
            actor=SYSTEM,
            idempotency_key=f"delivery/{delivery.id}",
            entity_id=delivery.entity_id,
        )

    return start


@dataclass(frozen=True, slots=True)
class Pace:
    events: int = 100
    """Events planned in one transaction."""
    starts: int = 20
    """Processes started at once."""
    start_s: float = 20.0
    """Patience with one start."""
    idle_s: float = 0.1
    """Wait after a round that found nothing; doubled up to `most_idle_s` while nothing comes."""
    most_idle_s: float = 0.4
    trouble_s: float = 2.0
    """Wait after a round that failed."""
    most_postponed_s: float = 300.0
    """Longest wait before a delivery that could not be started is tried again."""


class Dispatcher:
    def __init__(self, database: Database, start_process: StartProcess, *, pace: Pace | None = None) -> None:
        self._database = database
        self._start_process = start_process
        self._pace = pace or Pace()

    async def run(self) -> None:
        """Until cancelled; whatever goes wrong in a round is logged and tried again."""
        idle_s = self._pace.idle_s
        while True:
            try:
                done = await self.plan() + await self.start()
            except Exception as problem:
                level = logging.WARNING if isinstance(problem, Unavailable) else logging.ERROR
                _log.log(level, "dispatching failed: %s", problem, exc_info=not isinstance(problem, Unavailable))
                await asyncio.sleep(self._pace.trouble_s)
                continue
            if done:
                idle_s = self._pace.idle_s
            else:
                await asyncio.sleep(idle_s)
                idle_s = min(idle_s * 2, self._pace.most_idle_s)

    async def plan(self) -> int:
        """Turns a batch of events into deliveries; gives how many events."""
        async with self._database.system() as connection:
            events = await outbox.claim(connection, self._pace.events)
            if not events:
                return 0
            tenants = sorted({event.tenant for event in events})
            listening = await webhook_endpoints.listening(connection, tenants)
            drafts = [draft for event in events for draft in _drafts(event, listening[event.tenant])]
            await webhook_deliveries.add(connection, drafts)
            await outbox.mark_dispatched(connection, [event.id for event in events])
        return len(events)

    async def start(self) -> int:
        """Starts a batch of deliveries that have no process yet; gives how many were started.

        Raises:
            Unavailable: Temporal or the database is away; those that were started are marked.
        """
        away: Unavailable | None = None
        started: list[int] = []
        async with self._database.system() as connection:
            claimed = await webhook_deliveries.claim_unstarted(connection, self._pace.starts)
            problems = await asyncio.gather(*(self._try_start(delivery) for delivery in claimed))
            for delivery, problem in zip(claimed, problems, strict=True):
                if problem is None:
                    started.append(delivery.id)
                elif isinstance(problem, Unavailable):
                    away = problem
                else:
                    _log.error("webhook delivery %d cannot be started: %r", delivery.id, problem)
                    wait_s = min(2.0**delivery.failures, self._pace.most_postponed_s)
                    await webhook_deliveries.postpone_start(connection, delivery.id, dt.timedelta(seconds=wait_s))
            await webhook_deliveries.mark_started(connection, started)
        if away is not None:
            raise away
        return len(started)

    async def _try_start(self, delivery: Unstarted) -> Exception | None:
        try:
            async with asyncio.timeout(self._pace.start_s):
                await self._start_process(delivery)
        except Exception as problem:  # one delivery that cannot be started must not hold up the others
            return problem
        return None


def _drafts(event: Event, endpoints: list[Endpoint]) -> list[Draft]:
    """A delivery for each endpoint that wants the event. What deliveries themselves tell would go round for ever."""
    if event.process == PROCESS:
        return []
    webhook_id = message_id(event.tenant, f"outbox/{event.id}")
    return [
        Draft(event.tenant, endpoint.id, webhook_id, event.event, body(event.envelope, endpoint.id), event.id)
        for endpoint in endpoints
        if matches(endpoint.events, event.event)
    ]
