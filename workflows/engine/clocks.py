"""How long things take: clock time, or working time on the calendar of the process; and clocks that stand still.

A clock with `pause_in` stands still while one of these states is active. What is left then is kept in seconds, of
working time where it was given in working time, and counted on from the step that leaves the last of these states.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from workflows.domain.calendars import Calendar, add, add_working_time, parse, working_seconds_between
from workflows.domain.errors import ExpressionFailed
from workflows.engine import times
from workflows.engine.draft import Draft

if TYPE_CHECKING:
    from workflows.engine.tables import Chart


def is_working(length: object) -> bool:
    """Whether a length is working time such as `2 working days`."""
    return isinstance(length, str) and "working" in length


def after(chart: Chart, at: str, length: object, percent: int = 100) -> tuple[str, str | None]:
    """The instant so much of `length` after `at`, and for working time the reason, for people.

    Raises:
        ExpressionFailed: no such length, or working time in a process without a calendar.
        InvalidInput: `CALENDAR_EXHAUSTED`.
    """
    start = times.instant(at)
    if not is_working(length):
        try:
            return times.written(start + times.duration(length) * (percent / 100)), None
        except OverflowError:
            return times.after(at, length), None  # says what is wrong
    calendar = calendar_of(chart, length)
    due, why = add(calendar, start, parse(str(length)))
    if percent != 100:
        due, why = add_working_time(calendar, start, working_seconds_between(calendar, start, due) * percent / 100)
    return times.written(due), why


def calendar_of(chart: Chart, length: object) -> Calendar:
    if chart.calendar is None:
        reason = "the process has no calendar"
        raise ExpressionFailed(
            f"{length!r} cannot be counted: {reason}",
            details={"expression": str(length), "reason": reason, "inputs": {}},
        )
    return chart.calendar


def stand_still(draft: Draft) -> None:
    """At the end of a step: stop and start again the clocks that the states it came to rest in ask for."""
    if not draft.chart.pauses or draft.status != "running":
        return
    nodes = draft.chart.nodes
    active = {nodes[number].id for number in draft.configuration}
    for number in draft.configuration:
        for plan in nodes[number].timers:
            if plan.pause_in:
                _timer(draft, plan.id, paused=_any(plan.pause_in, active))
    for key, task in list(draft.tasks.items()):
        of_task = nodes[draft.chart.number_of[task["state"]]].task
        if of_task is not None and of_task.model.pause_in:
            _task(draft, key, task, paused=_any(of_task.model.pause_in, active))


def _any(states: Iterable[str], active: set[str]) -> bool:
    return any(state in active for state in states)


def _timer(draft: Draft, timer: str, *, paused: bool) -> None:
    if paused and timer in draft.timers:
        running = draft.timers[timer]
        draft.cancel_timer(timer)
        left = _left(draft, running["due"], working=running.get("working", False))
        kept = {name: value for name, value in running.items() if name != "due"}
        draft.own("paused")[timer] = {**kept, "remaining_s": left, "since": draft.event.at}
    elif not paused and timer in draft.paused:
        kept = draft.own("paused").pop(timer)
        due = _resumed(draft, kept["remaining_s"], working=kept.get("working", False))
        draft.start_timer(
            timer, due=due[0], event=kept["event"], data=kept["data"], state=kept["state"], send=kept["send"]
        )
        if kept.get("working"):
            draft.timers[timer]["working"] = True


def _task(draft: Draft, key: str, task: dict[str, Any], *, paused: bool) -> None:
    """The due time that people see stands still with the timers."""
    if paused and task["due_at"] is not None:
        left = _left(draft, task["due_at"], working=task.get("working", False))
        why = "The clock stands still"
        changed = {**task, "due_at": None, "due_why": why, "remaining_s": left}
    elif not paused and "remaining_s" in task:
        due, why_due = _resumed(draft, task["remaining_s"], working=task.get("working", False))
        changed = {name: value for name, value in task.items() if name not in ("remaining_s", "due_why")}
        changed |= {"due_at": due} | ({"due_why": why_due} if why_due else {})
    else:
        return
    draft.own("tasks")[key] = changed
    effect = {"kind": "task_due", "state": task["state"], "task": key, "due_at": changed["due_at"]}
    draft.effects.append({**effect, "due_why": changed.get("due_why")})


def _left(draft: Draft, due: str, *, working: bool) -> float:
    now, then = times.instant(draft.event.at), times.instant(due)
    if working:
        return max(0.0, working_seconds_between(calendar_of(draft.chart, due), now, then))
    return max(0.0, (then - now).total_seconds())


def _resumed(draft: Draft, seconds: float, *, working: bool) -> tuple[str, str | None]:
    now = times.instant(draft.event.at)
    if working:
        due, why = add_working_time(calendar_of(draft.chart, seconds), now, seconds)
        return times.written(due), why
    return times.written(now + dt.timedelta(seconds=seconds)), None
