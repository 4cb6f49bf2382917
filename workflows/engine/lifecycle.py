"""What is open while a state is active: its task and its timers. Opened after the entry actions, so that titles,
assignees and due times see what those have set; closed after the exit actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workflows.definition.program import State, Task
from workflows.engine import clocks, times
from workflows.engine.draft import Draft
from workflows.engine.values import Evaluate, compile_value


@dataclass(slots=True, eq=False)
class TimerPlan:
    id: str
    event: str
    due: Callable[[Draft], tuple[str, bool]]
    """When, and whether that is working time."""
    every: bool
    pause_in: tuple[str, ...]


@dataclass(slots=True, eq=False)
class TaskPlan:
    model: Task
    title: Evaluate
    candidates: tuple[str, ...]
    assignee: Evaluate | None
    form: dict[str, Any] | None
    due: Evaluate | None
    priority: int


def compile_timers(state: State) -> tuple[TimerPlan, ...]:
    """The timers of a state; one without a time, which the form allows, is none."""
    plans = []
    for timer in state.timers:
        if timer.after is not None:
            due = _due_after(compile_value(timer.after), timer.percent or 100)
        elif timer.at is not None:
            due = _due_at(compile_value(timer.at))
        else:
            continue
        plans.append(TimerPlan(timer.id, timer.event, due, timer.every, timer.pause_in))
    return tuple(plans)


def _due_after(length: Evaluate, percent: int) -> Callable[[Draft], tuple[str, bool]]:
    def due(draft: Draft) -> tuple[str, bool]:
        wanted = length(draft)
        return clocks.after(draft.chart, draft.event.at, wanted, percent)[0], clocks.is_working(wanted)

    return due


def _due_at(moment: Evaluate) -> Callable[[Draft], tuple[str, bool]]:
    return lambda draft: (times.written(times.instant(moment(draft))), False)


def compile_task(state: State) -> TaskPlan | None:
    """The task of a state, its values compiled."""
    task = state.task
    if task is None:
        return None
    return TaskPlan(
        model=task,
        title=compile_value(task.title),
        candidates=task.candidates,
        assignee=compile_value(task.assignee) if task.assignee is not None else None,
        form=task.form,
        due=compile_value(task.due) if task.due is not None else None,
        priority=task.priority,
    )


def open_timers(draft: Draft, state: str, plans: tuple[TimerPlan, ...]) -> None:
    for plan in plans:
        open_timer(draft, state, plan)


def open_timer(draft: Draft, state: str, plan: TimerPlan) -> None:
    due, working = plan.due(draft)
    draft.start_timer(plan.id, due=due, event=plan.event, data={}, state=state, send=None)
    if plan.pause_in and working:
        draft.timers[plan.id]["working"] = True


def close_timers(draft: Draft, plans: tuple[TimerPlan, ...]) -> None:
    for plan in plans:
        draft.cancel_timer(plan.id)


def open_task(draft: Draft, state: str, plan: TaskPlan) -> None:
    """Open the task of a state that has just been entered."""
    at, length = draft.event.at, plan.due(draft) if plan.due else None
    due, why = clocks.after(draft.chart, at, length) if length is not None else (None, None)
    task = {
        "state": state,
        "title": plan.title(draft),
        "candidates": list(plan.candidates),
        "assignee": (plan.assignee(draft) or None) if plan.assignee else None,
        "opened_at": at,
        "due_at": due,
        "priority": plan.priority,
        "form": plan.form,
    }
    if why is not None:
        task["due_why"] = why
        task["working"] = True
    if plan.model.skills:
        task["skills"] = list(plan.model.skills)
    key = draft.next_number("task")
    draft.own("tasks")[key] = task
    draft.effects.append({"kind": "task_open", "task": key, **task})


def close_task(draft: Draft, state: str) -> None:
    for key in [key for key, task in draft.tasks.items() if task["state"] == state]:
        del draft.own("tasks")[key]
        draft.effects.append({"kind": "task_close", "state": state, "task": key})
