"""States: tasks, timers, children, and the transitions that their shorthands stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from workflows.definition.document.base import WORKING_TIME
from workflows.definition.document.states import ChildNode, EachNode, LadderStep, ReminderNode, StateNode, TaskNode
from workflows.definition.lower.actions import ERROR, Owner, check_process, lower_actions, lower_notify, lower_set
from workflows.definition.lower.context import Lowering, Names
from workflows.definition.lower.people import lower_not_by, lower_quorum
from workflows.definition.lower.transitions import TransitionList, unknown_state
from workflows.definition.lower.tree import Place
from workflows.definition.lower.values import (
    check_roles,
    literal_seconds,
    lower_duration,
    lower_expression,
    lower_text,
    lower_values,
    lower_who,
)
from workflows.definition.program import (
    Action,
    Assign,
    Const,
    Emit,
    Invoke,
    Raise,
    State,
    Task,
    Timer,
    Transition,
    Value,
)
from workflows.definition.reader import Path
from workflows.domain.durations import format_duration

_ENDED: dict[str, Any] = {
    "index": {"type": "integer"},
    "status": {"type": "string"},
    "outcome": {"type": ["string", "null"]},
    "result": {},
}
CHILDREN_DONE = {
    "type": "object",
    "properties": {**_ENDED, "children": {"type": "array", "items": {"type": "object", "properties": _ENDED}}},
}
"""Payload when all children have ended; `outcome` and `result` only of a single one."""
CHILD_FAILED = {
    "type": "object",
    "properties": {
        "child": {"type": "string"},
        "index": {"type": "integer"},
        "outcome": {"type": ["string", "null"]},
        "error": ERROR,
    },
}
_PERCENT = re.compile(r"(\d{1,3})\s*%", re.ASCII)
_Category = Literal["waiting", "active", "success", "failure", "cancelled"]


@dataclass(slots=True)
class _Draft:
    """A state whose transitions are still being gathered."""

    place: Place
    node: StateNode
    transitions: TransitionList
    timers: list[Timer] = field(default_factory=list)
    entry: tuple[tuple[Action, ...], ...] = ()
    exit: tuple[tuple[Action, ...], ...] = ()
    task: Task | None = None
    invoke: Invoke | None = None


def lower_states(lowering: Lowering) -> tuple[State, ...]:
    """All states, in document order."""
    drafts = {place: _draft(lowering, place) for place in lowering.tree.root.descendants()}
    # The outcomes of a `do` may hold a `do` with outcomes: the list grows while it is worked off.
    while lowering.waiting:
        item = lowering.waiting.pop(0)
        drafts[item.home].transitions.add(item.outcomes, (item.event,), item.names)
    return tuple(_freeze(lowering, child, drafts) for child in lowering.tree.root.children.values())


def _draft(lowering: Lowering, place: Place) -> _Draft:
    node = place.node
    assert node is not None
    draft = _Draft(place, node, TransitionList(lowering, place))
    inside = Owner(place, place)
    if node.history is None:
        draft.entry = _blocks(lower_actions(lowering, node.entry, inside, Names()))
        if node.emit is not None:
            draft.entry += ((Emit(event=node.emit),),)
        draft.exit = _blocks(lower_actions(lowering, node.exit, Owner(place, None), Names()))
        _transitions(lowering, draft)
    if node.task is not None:
        draft.task = _task(lowering, draft, node.task)
    if node.each is not None:
        draft.invoke = _each(lowering, node.each, handles_failure=node.failed is not None)
    elif node.child is not None:
        draft.invoke = _child(lowering, node.child, handles_failure=node.failed is not None)
    return draft


def _blocks(actions: tuple[Action, ...]) -> tuple[tuple[Action, ...], ...]:
    return (actions,) if actions else ()


def _transitions(lowering: Lowering, draft: _Draft) -> None:
    node, place, transitions = draft.node, draft.place, draft.transitions
    for code, alternatives in node.transitions.items():
        transitions.add_code(code, alternatives)
    common = lowering.document.transitions if place.parent is lowering.tree.root and not node.final else {}
    for code, alternatives in common.items():
        if code not in node.transitions:
            transitions.add_code(code, alternatives)
    for timer in node.after:
        identity = _timer_id(draft)
        draft.timers.append(
            Timer(
                id=identity,
                event=identity,
                after=lower_duration(lowering, timer.in_, (*timer.path, "in"), Names()),
                at=lower_expression(lowering, timer.at, (*timer.path, "at"), Names(), "time"),
                pause_in=_pauses(lowering, draft.place, timer.pause_in, timer.path),
            )
        )
        transitions.add([timer], (identity,))
    kind = "invoke" if node.each is not None or node.child is not None else "state"
    done = Names(event=CHILDREN_DONE if kind == "invoke" else None)
    transitions.add(node.done or (), (f"done.{kind}.{place.id}",), done)
    transitions.add(node.failed or (), (f"error.invoke.{place.id}",), Names(event=CHILD_FAILED))
    if node.failed is not None:
        lowering.failures.append(node.failed)
    transitions.add(node.always, ())


def _timer_id(draft: _Draft) -> str:
    return f"after.{draft.place.id}.{len(draft.timers) + 1}"


def _task(lowering: Lowering, draft: _Draft, node: TaskNode) -> Task:
    check_roles(lowering, node.candidates, (*node.path, "candidates"))
    check_roles(lowering, node.reassign_by, (*node.path, "reassign_by"))
    form = lowering.form(node.form, (*node.path, "form")) if node.form is not None else None
    for step in node.escalate:
        _ladder_step(lowering, draft, node, step)
    for reminder in node.remind:
        _reminder(lowering, draft, node, reminder)
    return Task(
        title=lower_text(lowering, node.title, (*node.path, "title"), Names()),
        candidates=tuple(node.candidates),
        assignee=lower_expression(lowering, node.assignee, (*node.path, "assignee"), Names(), "who"),
        form=form,
        due=lower_duration(lowering, node.due, (*node.path, "due"), Names()),
        priority=node.priority,
        not_by=lower_not_by(lowering, draft.place, node.not_by, (*node.path, "not_by")),
        skills=tuple(node.skills),
        reassign_by=tuple(node.reassign_by),
        quorum=lower_quorum(lowering, draft.place, node.quorum),
        pause_in=_pauses(lowering, draft.place, node.pause_in, node.path),
    )


def _ladder_step(lowering: Lowering, draft: _Draft, task: TaskNode, step: LadderStep) -> None:
    """A timer of its own and a transition without target, so that it ends with the task."""
    clock = _ladder_clock(lowering, task, step)
    if clock is None:
        return
    identity, (after, percent) = _timer_id(draft), clock
    pauses = _pauses(lowering, draft.place, task.pause_in, task.path)
    draft.timers.append(Timer(id=identity, event=identity, after=after, percent=percent, pause_in=pauses))
    owner, names = Owner(draft.place, draft.place), Names()
    actions: list[Action] = []
    if step.notify is not None:
        actions.append(lower_notify(lowering, step.notify, (*step.path, "notify"), owner, names, {}))
    if step.assign is not None:
        to = lower_who(lowering, step.assign, (*step.path, "assign"), names)
        actions.append(Assign(state=draft.place.id, to=to))
    actions += lower_set(lowering, step.set or {}, (*step.path, "set"), names)
    actions += lower_actions(lowering, step.actions, owner, names)
    if step.emit is not None:
        actions.append(Emit(event=step.emit))
    if step.raise_ is not None:
        lowering.raised.append((step.raise_, (*step.path, "raise")))
        actions.append(Raise(event=step.raise_))
    if not actions:
        lowering.problem("J102", step.path, "a step of `escalate` that does nothing", "add `notify` or `assign`")
    draft.transitions.append((identity,), tuple(actions))


def _ladder_clock(lowering: Lowering, task: TaskNode, step: LadderStep) -> tuple[Value, int | None] | None:
    """The length until the step, or a length and how many percent of it."""
    path = (*step.path, "at")
    percent = _PERCENT.fullmatch(step.at.strip())
    if percent is None:
        if WORKING_TIME.fullmatch(step.at.strip()):
            working = lower_duration(lowering, step.at, path, Names())
            return (working, None) if working is not None else None
        return (Const(value=step.at), None) if literal_seconds(lowering, step.at, path) is not None else None
    if task.due is None:
        lowering.problem("J102", path, f"`{step.at}` of what? the task has no `due`", "add `due`, or use a duration")
        return None
    if not task.due.startswith("P"):
        due = lower_duration(lowering, task.due, (*task.path, "due"), Names())
        return (due, int(percent[1])) if due is not None else None
    seconds = literal_seconds(lowering, task.due, (*task.path, "due"))
    if seconds is None:
        return None
    return Const(value=format_duration(timedelta(seconds=round(seconds * int(percent[1]) / 100, 3)))), None


def _reminder(lowering: Lowering, draft: _Draft, task: TaskNode, node: ReminderNode) -> None:
    """A timer that starts itself again, and a transition without target."""
    identity, owner = _timer_id(draft), Owner(draft.place, draft.place)
    every = lower_duration(lowering, node.every, (*node.path, "every"), Names())
    pauses = _pauses(lowering, draft.place, task.pause_in, task.path)
    draft.timers.append(Timer(id=identity, event=identity, after=every, every=True, pause_in=pauses))
    notice = lower_notify(lowering, node.notify, (*node.path, "notify"), owner, Names(), {})
    draft.transitions.append((identity,), (notice,))


def _pauses(lowering: Lowering, place: Place, names: list[str], path: Path) -> tuple[str, ...]:
    """Ids of the states in which a clock stands still."""
    found = []
    for index, name in enumerate(names):
        state = lowering.tree.resolve(name, place)
        if state is None:
            unknown_state(lowering, name, (*path, "pause_in", index))
        else:
            found.append(state.id)
    return tuple(found)


def _child(lowering: Lowering, node: ChildNode, *, handles_failure: bool) -> Invoke:
    check_process(lowering, node.start, (*node.path, "start"))
    arguments = lower_values(lowering, node.with_, (*node.path, "with"), Names())
    return Invoke(process=node.start, with_=arguments, handles_failure=handles_failure)


def _each(lowering: Lowering, node: EachNode, *, handles_failure: bool) -> Invoke:
    check_process(lowering, node.start, (*node.path, "start"))
    of = lowering.expression(node.of, (*node.path, "of"), Names(), "list")
    names = Names().bind(**{node.as_: of})
    until = node.until
    return Invoke(
        process=node.start,
        of=of,
        item=node.as_,
        with_=lower_values(lowering, node.with_, (*node.path, "with"), names),
        sequential=node.sequential,
        until=lowering.expression(until, (*node.path, "until"), Names(), "bool") if until is not None else None,
        handles_failure=handles_failure,
    )


def _freeze(lowering: Lowering, place: Place, drafts: dict[Place, _Draft]) -> State:
    draft = drafts[place]
    node = draft.node
    return State(
        id=place.id,
        kind=place.kind,
        deep=node.history == "deep",
        title=node.title,
        category=_category(place, node),
        initial=_initial(lowering, place, node),
        entry=draft.entry,
        exit=draft.exit,
        transitions=tuple(draft.transitions.items),
        timers=tuple(draft.timers),
        task=draft.task,
        invoke=draft.invoke,
        result=lower_values(lowering, node.result, (*node.path, "result"), Names()) if node.result else None,
        children=tuple(_freeze(lowering, child, drafts) for child in place.children.values()),
    )


def _category(place: Place, node: StateNode) -> _Category:
    if node.category is not None:
        return node.category
    if node.final:
        return "success"
    return "waiting" if node.task is not None else "active"


def _initial(lowering: Lowering, place: Place, node: StateNode) -> Transition | None:
    if place.kind == "compound":
        targets = initial_targets(lowering, place, node.initial, (*node.path, "initial"))
    elif place.kind == "history":
        targets = _history_targets(lowering, place, node)
    else:
        return None
    return Transition(id=f"{place.id}/initial", targets=targets)


def initial_targets(
    lowering: Lowering, owner: Place, written: list[str] | None, path: tuple[str | int, ...]
) -> tuple[str, ...]:
    """Ids of the initial states; the first state inside when nothing is written."""
    found = []
    for index, target in enumerate(written or ()):
        place = lowering.tree.resolve_inside(target, owner)
        if place is not None:
            found.append(place.id)
        elif lowering.tree.resolve(target, owner) is not None:
            lowering.problem("J201", (*path, index), f"`{target}` is not inside this state")
        else:
            unknown_state(lowering, target, (*path, index))
    first = next((child.id for child in owner.children.values() if child.kind != "history"), None)
    return tuple(found) or ((first,) if first is not None else ())


def _history_targets(lowering: Lowering, place: Place, node: StateNode) -> tuple[str, ...]:
    assert place.parent is not None
    if node.to is None:
        parent = place.parent
        written = parent.node.initial if parent.node is not None else lowering.document.initial
        path = (*(parent.node.path if parent.node is not None else ()), "initial")
        if parent.kind == "parallel":
            return tuple(child.id for child in parent.children.values() if child.kind != "history")
        return initial_targets(lowering, parent, written, path)
    return initial_targets(lowering, place.parent, node.to, (*node.path, "to"))
