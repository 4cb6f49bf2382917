"""Whether there is an answer to "why is it waiting?" in every state that an instance can rest in."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.definition.lower.context import Lowering
from workflows.definition.program import Program, State


def check_waiting(lowering: Lowering, program: Program) -> None:
    """States outside of parallel ones are reported as dead ends."""
    for state, answered in answers(program):
        place = lowering.tree.by_id.get(state.id)
        if answered or place is None or place.node is None:
            continue
        if place.parent is not None and place.parent.kind == "parallel":
            message = f"nobody can say why an instance waits in `{state.id}`"
            lowering.problem("J807", place.node.path, message, "add a task, a transition or an `after`", key=True)


def answers(program: Program) -> Iterator[tuple[State, bool]]:
    """Every state that an instance can rest in, and whether something there says why it waits. Where guards of
    eventless transitions decide whether it rests, they say so."""
    yield from _answers(program.states, ())


def _answers(states: tuple[State, ...], around: tuple[State, ...]) -> Iterator[tuple[State, bool]]:
    in_region = any(owner.kind == "parallel" for owner in around)
    for state in states:
        yield from _answers(state.children, (state, *around))
        if state.kind == "atomic":
            yield state, any(_awaits(owner) for owner in (state, *around))
        elif state.kind == "final" and in_region:
            yield state, True  # the other regions


def _awaits(state: State) -> bool:
    """A task, a timer, children, an event that somebody or something brings, or a condition."""
    return bool(state.task or state.timers or state.invoke or state.transitions)
