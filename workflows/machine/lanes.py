"""Carries out committed effects: in order within the state that caused them, side by side across states.

An effect stays in the snapshot until its report is committed, so a new run or a crash starts it again with the same
idempotency key: at least once, recognisable. Exhausted retries are reported, never swallowed.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

from workflows.domain.errors import JidokaError
from workflows.engine.events import SYSTEM, Event, Step
from workflows.engine.step import step as engine_step
from workflows.machine.course import Course
from workflows.machine.failures import refused
from workflows.messages.instance import (
    ACTIVITY_PERFORM,
    ACTIVITY_SEND,
    ACTIVITY_START,
    CORE_QUEUE,
    EFFECTS_QUEUE,
    HEARTBEAT_S,
    Command,
    EffectCall,
    workflow_id,
)

ACTIVITIES = {
    "do": ACTIVITY_PERFORM,
    "send": ACTIVITY_SEND,
    "start": ACTIVITY_START,
    "child_start": ACTIVITY_START,
    "child_cancel": ACTIVITY_SEND,
}
DONE = {"child_start": "child.started"}
DEFAULT_TIMEOUT_S = 30.0
DEFAULT_RETRY = {"first_s": 1.0, "factor": 2.0, "most_s": 3600.0, "attempts": 8}


class Lanes:
    """One coroutine per state that has effects waiting."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._running: dict[str, asyncio.Task[None]] = {}

    def idle(self) -> bool:
        """Nothing is in flight; what waits for a repair does not count."""
        return not self._running

    def wake(self) -> None:
        """Start a lane for every state whose next effect may go."""
        for effect in self._course.snapshot.pending.values():
            lane = str(effect.get("state"))
            if lane not in self._running and self._next(lane) is not None:
                self._running[lane] = asyncio.create_task(self._run(lane))

    async def stop(self) -> None:
        """Abandon what is in flight; the next run takes it up again."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _next(self, lane: str) -> dict[str, Any] | None:
        snapshot = self._course.snapshot
        for effect in snapshot.pending.values():
            if str(effect.get("state")) == lane:
                broken = any(
                    incident["kind"] == "effect" and incident["ref"] == effect["id"]
                    for incident in snapshot.incidents.values()
                )
                return None if broken else effect
        return None

    async def _run(self, lane: str) -> None:
        try:
            while (effect := self._next(lane)) is not None:
                await self._carry_out(effect)
        finally:
            self._running.pop(lane, None)

    async def _carry_out(self, effect: dict[str, Any]) -> None:
        attempt_round = int(effect.get("attempt_round", 0))
        result: dict[str, Any] | None = None
        error: JidokaError | None = None
        try:
            result = await self._activity(effect, attempt_round)
        except ActivityError as failure:
            if is_cancelled_exception(failure):
                raise asyncio.CancelledError from failure
            error = _described(failure)
        await self._report(effect, attempt_round, result, error)

    async def _report(
        self,
        effect: dict[str, Any],
        attempt_round: int,
        result: dict[str, Any] | None,
        error: JidokaError | None,
    ) -> None:
        """Tell the engine how an effect ended; a failure the definition does not handle is an incident."""
        kind, ref = effect["kind"], effect["id"]
        command = Command(
            id=f"effect:{ref}:{attempt_round}",
            name=f"done.do.{effect['def']}" if kind == "do" else DONE.get(kind, f"done.{kind}"),
            actor=SYSTEM.to_json(),
            data=result or {},
            source="effect",
            ref=ref,
        )
        if error is None:
            await self._course.take_or_report(command, self._noted, "effect")
        elif not await self._handled(effect, command, error):
            await self._course.open_incident(command, "effect", error, state=effect.get("state"), again=False)

    async def _handled(self, effect: dict[str, Any], command: Command, error: JidokaError) -> bool:
        """Whether the definition took the failure; not when it never does, or its state has been left meanwhile."""
        if effect["kind"] != "do" or not effect.get("handles_failure"):
            return False

        def failed(_: Command, event: Event) -> Step:
            step = engine_step(self._course.chart, self._course.snapshot, event)
            if not step.taken:
                raise error
            return step

        told = {"error": {"code": error.code, "message": error.message, "details": error.details}}
        try:
            await self._course.take(replace(command, name=f"error.do.{effect['def']}", data=told), failed)
        except JidokaError:
            return False
        return True

    def _noted(self, _: Command, event: Event) -> Step:
        return engine_step(self._course.chart, self._course.snapshot, event)

    async def _activity(self, effect: dict[str, Any], attempt_round: int) -> dict[str, Any]:
        instance = self._course.instance
        address = workflow_id(instance.tenant, instance.process, instance.entity_id)
        retry = {**DEFAULT_RETRY, **(effect.get("retry") or {})}
        kind = effect["kind"]
        call = EffectCall(
            tenant=instance.tenant,
            process=instance.process,
            entity_id=instance.entity_id,
            number=instance.number,
            digest=instance.digest,
            effect=effect,
            # A second start or message would be a second one: only actions get a new key with a retry by people.
            key=f"{address}:{effect['id']}" + (f":{attempt_round}" if kind == "do" else ""),
            data=self._course.snapshot.data if kind == "do" else {},
        )
        result: dict[str, Any] = await workflow.execute_activity(
            ACTIVITIES[kind],
            call,
            result_type=dict[str, Any],
            task_queue=effects_queue(),
            activity_id=f"{effect['id']}.{attempt_round}",
            start_to_close_timeout=dt.timedelta(seconds=effect.get("timeout_s") or DEFAULT_TIMEOUT_S),
            heartbeat_timeout=dt.timedelta(seconds=HEARTBEAT_S),
            retry_policy=RetryPolicy(
                initial_interval=dt.timedelta(seconds=retry["first_s"]),
                backoff_coefficient=max(1.0, retry["factor"]),
                maximum_interval=dt.timedelta(seconds=max(retry["most_s"], retry["first_s"])),
                maximum_attempts=retry["attempts"],
            ),
            summary=effect.get("action") or effect.get("event") or effect.get("process"),
        )
        return result or {}


def effects_queue() -> str:
    """The effects queue that belongs to the queue this run is on."""
    return EFFECTS_QUEUE + workflow.info().task_queue.removeprefix(CORE_QUEUE)


def _described(failure: ActivityError) -> JidokaError:
    """What finally stopped an activity."""
    cause = failure.cause
    return refused(failure) or JidokaError(
        str(cause or failure)[:500],
        code=getattr(cause, "type", None) or type(cause).__name__,
        details={"retry_state": failure.retry_state.name if failure.retry_state else None},
    )
