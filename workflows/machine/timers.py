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
        timers = self._course.snapshot.timers
        if not timers or self._course.snapshot.status != "running":
            return None
        timer_id = min(timers, key=lambda key: timers[key]["due"])
        return timer_id, timers[timer_id]["due"]

    async def _fire(self, timer_id: str, due: str) -> None:
        timer = self._course.snapshot.timers[timer_id]
        command = Command(
            id=f"timer:{timer_id}:{due}",
            name=timer["event"],
            actor=SYSTEM.to_json(),
            data=timer.get("data") or {},
            source="timer",
            ref=timer_id,
        )
        await self._course.take_or_report(command, self._fired, "timer")

    def _fired(self, command: Command, event: Event) -> Step:
        """Nothing, when the state was left or the timer restarted while the command waited for its turn."""
        course = self._course
        timer = course.snapshot.timers.get(str(command.ref))
        if timer is None or command.id != f"timer:{command.ref}:{timer['due']}":
            return Step(course.snapshot, [], [])
        return engine_step(course.chart, course.snapshot, event)
