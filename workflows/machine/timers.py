"""Fires an instance's timers: one coroutine, always waiting for what is due next.

Due times are absolute and stand in the snapshot, so a new run, a restart or a changed state needs no bookkeeping here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from temporalio import workflow

from workflows.engine.events import SYSTEM, Event, Step
from workflows.engine.step import step as engine_step
from workflows.machine.course import Course
from workflows.messages.instance import Command


class Timers:
    """The timers of one course; `watch` runs as long as the run does."""

    def __init__(self, course: Course, stopped: Callable[[], bool]) -> None:
        self._course = course
        self._stopped = stopped

    async def watch(self) -> None:
        """Until stopped; wakes early when a step changes what is due next."""
        while not self._stopped():
            following = self._next()
            if following is None:
                await workflow.wait_condition(lambda: self._stopped() or self._next() is not None)
            elif await self._is_due(following):
                await self._fire(*following)

    async def _is_due(self, following: tuple[str, str]) -> bool:
        timer_id, due = following
        wait = dt.datetime.fromisoformat(due) - workflow.now()
        if wait <= dt.timedelta():
            return True
        try:
            await workflow.wait_condition(
                lambda: self._stopped() or self._next() != following, timeout=wait, timeout_summary=timer_id
            )
        except TimeoutError:
            return True
        return False

    def _next(self) -> tuple[str, str] | None:
        """The timer due first that does not wait for a repair."""
        snapshot = self._course.snapshot
        if not snapshot.timers or snapshot.status != "running":
            return None
        broken = [incident["ref"] for incident in snapshot.incidents.values() if incident["kind"] == "timer"]
        due = [(timer["due"], timer_id) for timer_id, timer in snapshot.timers.items() if timer_id not in broken]
        if not due:
            return None
        at, timer_id = min(due)
        return timer_id, at

    async def _fire(self, timer_id: str, due: str) -> None:
        course = self._course
        timer = course.snapshot.timers[timer_id]
        # The sequence number tells apart two timers of one state that are due at the same absolute time.
        command = Command(
            id=f"timer:{timer_id}:{course.seq}",
            name=timer["event"],
            actor=SYSTEM.to_json(),
            data=timer.get("data") or {},
            source="timer",
            ref=timer_id,
        )

        def fired(_: Command, event: Event) -> Step:
            # Nothing, when the state was left or the timer restarted while the command waited for its turn.
            if course.snapshot.timers.get(timer_id, {}).get("due") != due:
                return Step(course.snapshot, [], [])
            return engine_step(course.chart, course.snapshot, event)

        await course.take_or_report(command, fired, "timer")
