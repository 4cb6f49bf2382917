"""Between instances and the shapes of unison-erp.md §6.4."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workflows.definition.program import Program, State
from workflows.domain.records import TaskEntry
from workflows.engine.events import Actor
from workflows.engine.permissions import in_words
from workflows.messages.instance import Outcome


def transition_done(outcome: Outcome, actor: Actor, current_assignee: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "previous_state": ",".join(outcome.previous_state),
        "current_state": ",".join(outcome.state),
        "current_assignee": current_assignee,
        "performed_by": {"id": actor.id, "name": actor.name},
        "performed_at": outcome.at,
    }


def work_item(task: TaskEntry) -> dict[str, Any]:
    return {
        "entity_type": task.process,
        "entity_id": task.entity_id,
        "number": task.number,
        "state": task.state,
        "assigned_at": task.opened_at,
        "due_at": task.due_at,
    }


def definition(program: Program) -> dict[str, Any]:
    states = list(_states(program.states))
    return {
        "entity_type": program.process,
        "title": program.title,
        "version": program.version,
        "states": [state.id for state in states if state.kind != "history"],
        "transitions": [
            {
                "code": transition.code,
                "title": transition.title or in_words(transition.code),
                "from_state": state.id,
                "to_states": list(transition.targets),
                "by": list(transition.by),
                "require": list(transition.require),
            }
            for state in states
            for transition in state.transitions
            if transition.code is not None
        ],
    }


def _states(states: tuple[State, ...]) -> Iterator[State]:
    for state in states:
        yield state
        yield from _states(state.children)
