"""Eventless transitions that lead round without end: a cycle in which every transition always holds."""

from __future__ import annotations

from workflows.definition.checks.transitions import all_states
from workflows.definition.lower.context import Lowering
from workflows.definition.program import Program, State, Transition


def check_loops(lowering: Lowering, program: Program) -> None:
    """Follow unguarded eventless transitions from every state, through the default entry of their targets."""
    states = {state.id: state for state in all_states(program.states)}
    parents = {child.id: state.id for state in states.values() for child in state.children}
    nexts = {state.id: _next(state, states, parents) for state in states.values()}
    reported: set[str] = set()
    for start in nexts:
        cycle = _cycle(start, nexts)
        if cycle and not reported & set(cycle):
            reported.update(cycle)
            place = lowering.tree.by_id[cycle[0]]
            assert place.node is not None
            way = " → ".join(f"`{name}`" for name in (*cycle, cycle[0]))
            path = (*place.node.path, "always") if place.node.always else place.node.path
            lowering.problem("J503", path, f"eventless transitions without end: {way}", "add `when`", key=True)


def _next(state: State, states: dict[str, State], parents: dict[str, str]) -> str | None:
    """The atomic state in which an atomic state's eventless transition that always holds ends."""
    if state.kind != "atomic":
        return None
    at: str | None = state.id
    while at is not None:
        eventless = [transition for transition in states[at].transitions if not transition.events]
        if eventless:
            # A guarded alternative before it may break the loop.
            first = eventless[0]
            if first.when is not None:
                return None
            return _landing(first, states) if first.targets else state.id
        at = parents.get(at)
    return None


def _landing(transition: Transition, states: dict[str, State]) -> str | None:
    """Where a single target is entered by default; None where that is not one atomic state."""
    while len(transition.targets) == 1:
        state = states[transition.targets[0]]
        if state.kind == "atomic":
            return state.id
        if state.kind != "compound" or state.initial is None:
            return None
        transition = state.initial
    return None


def _cycle(start: str, nexts: dict[str, str | None]) -> list[str]:
    """The states of the cycle that `start` itself lies on, beginning with it."""
    way, at = [start], nexts[start]
    while at is not None and at not in way:
        way.append(at)
        at = nexts[at]
    return way if at == start else []
