"""What people do with a task besides completing it: claim, release, reassign. Each is a step without a transition.

Claiming takes a task out of the queue of its candidates; whoever has the skills and is not kept apart from it may.
A quorum has nothing to claim: everybody votes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from workflows.domain.errors import Conflict, InstanceEnded, InvalidInput, NotAllowed, NotFound
from workflows.engine.draft import Draft
from workflows.engine.events import Event, Step
from workflows.engine.permissions import either, in_words, task_at
from workflows.engine.snapshot import Snapshot
from workflows.engine.standing import (
    Standing,
    apart,
    capacities,
    doers_of,
    holds_task,
    meant_as,
    standing_for_task,
    task_model,
)
from workflows.engine.tables import Chart

REASSIGN_BY = ("role:plant_manager",)
"""Who may take a task from its assignee where the definition does not say."""

_TO = re.compile(r"(?:role|group|user):[A-Za-z0-9_.@-]+", re.ASCII)


def command(chart: Chart, snapshot: Snapshot, event: Event) -> Step:
    """Carry out `event.name` on the task `event.data["task"]`: claim, release, or reassign to `event.data["to"]`.

    Raises:
        NotFound: no such open task, no such command. NotAllowed: not this actor, or not with these certificates.
        Conflict: somebody has it already, nobody has it. InvalidInput: reassigned to nobody that could be meant.
    """
    act = _COMMANDS.get(event.name)
    if act is None:
        raise NotFound(f"no task command {event.name!r}; known: {', '.join(_COMMANDS)}", code="NO_SUCH_COMMAND")
    if snapshot.status != "running":
        raise InstanceEnded(f"the instance is {snapshot.status}")
    key = str(event.data.get("task"))
    if key not in snapshot.tasks:
        raise NotFound(f"no open task {key!r}", code="NO_SUCH_TASK", details={"open": list(snapshot.tasks)})
    draft = Draft(chart, snapshot, event)
    act(draft, key)
    return draft.finished()


def claim_first(draft: Draft) -> None:
    """Before a transition that asks for it: claim the task that it is about, unless the actor has it already.

    Raises:
        NotAllowed, Conflict: as for the command.
    """
    chart = draft.chart
    arcs = (
        arc
        for number in draft.configuration
        if chart.nodes[number].atomic
        for arc in chart.arcs(number, draft.event.name)
    )
    task = next((found for arc in arcs if (found := task_at(draft, arc.source)) is not None), None)
    if task is not None and task_model(draft, task).quorum is None:
        _claim(draft, next(key for key, open_task in draft.tasks.items() if open_task is task))


def _claim(draft: Draft, key: str) -> None:
    task, actor = draft.tasks[key], draft.event.actor
    if task_model(draft, task).quorum is not None:
        raise Conflict("Everybody votes here: there is nothing to claim", code="QUORUM_NOT_CLAIMED")
    if task["assignee"] == actor.username:
        return
    if task["assignee"] is not None:
        raise Conflict(
            f"{in_words(task['assignee'])} has this task",
            code="ALREADY_CLAIMED",
            details={"assignee": task["assignee"]},
        )
    found = standing_for_task(draft, task)
    if not found.allowed:
        raise _not_allowed(found, task["candidates"])
    draft.principal = found.principal
    changed = {**task, "assignee": actor.username}
    if found.principal is not None:
        changed["claimed_for"] = found.principal.username
    _give(draft, key, changed, f"user:{actor.username}")


def _release(draft: Draft, key: str) -> None:
    task = draft.tasks[key]
    if task["assignee"] is None:
        raise Conflict("Nobody has this task", code="NOT_CLAIMED")
    _demand_control(draft, task)
    _give(draft, key, {**_without_claim(task), "assignee": None}, None)


def _reassign(draft: Draft, key: str) -> None:
    task, to = draft.tasks[key], draft.event.data.get("to")
    if not isinstance(to, str) or _TO.fullmatch(to) is None:
        rule = "user:NAME, role:NAME or group:NAME"
        raise InvalidInput(f"to: {rule}", violations=[{"field": "to", "value": to, "constraint": rule}])
    _demand_control(draft, task)
    kind, _, name = to.partition(":")
    if kind != "user":
        _give(draft, key, {**_without_claim(task), "assignee": None, "candidates": [to]}, to)
        return
    model = task_model(draft, task)
    if model.quorum is not None:
        raise Conflict("Everybody votes here: it belongs to nobody alone", code="QUORUM_NOT_CLAIMED")
    for word in model.not_by:
        if word != "assignee" and name in doers_of(draft, word, task):
            raise _not_allowed(apart(word, name, draft.event.actor), [])
    _give(draft, key, {**_without_claim(task), "assignee": name}, to)


def _demand_control(draft: Draft, task: dict[str, Any]) -> None:
    """Only whoever has the task, and those the definition names, may give it away."""
    actor, words = draft.event.actor, task_model(draft, task).reassign_by or REASSIGN_BY
    for principal in capacities(draft):
        if holds_task(task, actor, principal) or any(meant_as(word, actor, principal) for word in words):
            draft.principal = principal
            return
    held = [f"user:{task['assignee']}"] if task["assignee"] is not None else []
    raise _not_allowed(Standing(False), [*held, *words])


def _not_allowed(found: Standing, words: list[str]) -> NotAllowed:
    names = either([in_words(word.partition(":")[2]) for word in words])
    reason = found.reason or f"Only {names} may do this, not you"
    return NotAllowed(reason, code=found.error or "FORBIDDEN", details=found.details)


def _without_claim(task: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in task.items() if name != "claimed_for"}


def _give(draft: Draft, key: str, task: dict[str, Any], to: str | None) -> None:
    draft.own("tasks")[key] = task
    draft.effects.append({"kind": "task_assign", "state": task["state"], "task": key, "to": to})


_COMMANDS: dict[str, Callable[[Draft, str], None]] = {"claim": _claim, "release": _release, "reassign": _reassign}
