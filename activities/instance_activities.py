"""The activities an instance needs: commit a step, look up facts, carry out an effect, reach other instances.

Refusals of the business are never retried; everything else is, by the policy the interpreter gave. Knows Temporal on
one side and plain services on the other.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.actions.context import ActionFailed, ActivityCall, FactLook, SqlStep
from activities.actions.equipment import Equipment
from activities.actions.registry import Registry
from activities.services.instances import Instances
from activities.store.commit import commit_step
from activities.store.database import Database
from activities.store.repositories import attempts
from workflows.domain.errors import InstanceEnded, JidokaError, NotFound, Unavailable, UnknownTransition
from workflows.engine.events import SYSTEM, Actor
from workflows.machine.failures import refusal
from workflows.messages.instance import (
    ACTIVITY_COMMIT,
    ACTIVITY_FACTS,
    ACTIVITY_PERFORM,
    ACTIVITY_SEND,
    ACTIVITY_START,
    HEARTBEAT_S,
    EffectCall,
    FactsCall,
    StepReceipt,
    StepRecord,
)


class InstanceActivities:
    """Bound to one worker; `core` and `effects` list what to register on which queue."""

    def __init__(self, *, database: Database, registry: Registry, instances: Instances, equipment: Equipment) -> None:
        self._database = database
        self._registry = registry
        self._instances = instances
        self._equipment = equipment

    def core(self) -> list[Callable[..., Any]]:
        """For the queue of commits and look-ups."""
        return [self.commit, self.facts]

    def effects(self) -> list[Callable[..., Any]]:
        """For the queue of what reaches out of the house."""
        return [self.perform, self.send, self.start]

    @activity.defn(name=ACTIVITY_COMMIT)
    async def commit(self, record: StepRecord) -> StepReceipt:
        async with _judged():
            return await commit_step(self._database, record, self._run_sql_action)

    @activity.defn(name=ACTIVITY_FACTS)
    async def facts(self, call: FactsCall) -> dict[str, Any]:
        async with _judged(), self._database.transaction(call.tenant) as connection:
            look = FactLook(connection, call.tenant, call.process, call.entity_id)
            return {
                name: await self._registry.resolve_fact(look, fact["call"], fact["with"])
                for name, fact in call.facts.items()
            }

    @activity.defn(name=ACTIVITY_PERFORM)
    async def perform(self, call: EffectCall) -> dict[str, Any]:
        effect = call.effect
        attempt = activity.info().attempt
        schedule = (effect.get("retry") or {}).get("schedule_s")
        async with _alive(), _judged(schedule=schedule, attempt=attempt), self._failures_kept(call):
            return await self._registry.run_activity(
                ActivityCall(
                    equipment=self._equipment,
                    tenant=call.tenant,
                    process=call.process,
                    entity_id=call.entity_id,
                    number=call.number,
                    key=call.key,
                    digest=call.digest,
                    attempt=attempt,
                    data=call.data,
                ),
                effect["action"],
                effect.get("with") or {},
            )

    @activity.defn(name=ACTIVITY_SEND)
    async def send(self, call: EffectCall) -> dict[str, Any]:
        """Deliver a message to another instance. One that has ended cannot hear it, and that is said in the result."""
        async with _alive(), _judged(retried=(NotFound, UnknownTransition)), self._failures_kept(call):
            try:
                return await self._instances.deliver(call)
            except InstanceEnded:
                return {"delivered": False, "reason": "the other instance has ended"}

    @activity.defn(name=ACTIVITY_START)
    async def start(self, call: EffectCall) -> dict[str, Any]:
        async with _alive(), _judged(), self._failures_kept(call):
            return await self._instances.start_from(call)

    @asynccontextmanager
    async def _failures_kept(self, call: EffectCall) -> AsyncIterator[None]:
        """Inside, a failed attempt is put on record for people; Temporal shows only how the last one ended."""
        try:
            yield
        except JidokaError as error:
            effect = call.effect
            with suppress(Unavailable):
                async with self._database.transaction(call.tenant) as connection:
                    await attempts.add(
                        connection,
                        call.tenant,
                        call.process,
                        call.entity_id,
                        effect=str(effect.get("id") or effect["kind"]),
                        action=effect.get("action") or effect["kind"],
                        attempt=activity.info().attempt,
                        error={"code": error.code, "message": error.message, "details": error.details},
                        next_at=None,
                    )
            raise

    async def _run_sql_action(
        self, connection: AsyncConnection, record: StepRecord, effect: dict[str, Any]
    ) -> dict[str, Any]:
        step = SqlStep(
            connection=connection,
            tenant=record.tenant,
            process=record.process,
            entity_id=record.entity_id,
            number=record.number,
            at=dt.datetime.fromisoformat(record.at),
            actor=Actor.from_json(record.command["actor"]) if record.command.get("actor") else SYSTEM,
        )
        return await self._registry.run_sql(step, effect["action"], effect.get("with") or {})


@asynccontextmanager
async def _alive() -> AsyncIterator[None]:
    """Inside, the server is told now and then that the effect is being worked on."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S / 3)
            activity.heartbeat()

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()


@asynccontextmanager
async def _judged(
    *, retried: tuple[type[JidokaError], ...] = (), schedule: list[float] | None = None, attempt: int = 1
) -> AsyncIterator[None]:
    """Inside, an error becomes a failure that says whether and when trying again helps."""
    try:
        yield
    except ActionFailed as error:
        if not error.retryable:
            raise refusal(error) from error
        wait_s = error.retry_after_s
        if wait_s is None and schedule:
            wait_s = schedule[min(attempt, len(schedule)) - 1]
        raise _try_again(error, wait_s) from error
    except JidokaError as error:
        if isinstance(error, (Unavailable, *retried)):
            raise _try_again(error, None) from error
        raise refusal(error) from error


def _try_again(error: JidokaError, wait_s: float | None) -> ApplicationError:
    return ApplicationError(
        error.message,
        error.to_json(),
        type=error.code,
        next_retry_delay=None if wait_s is None else dt.timedelta(seconds=wait_s),
    )
