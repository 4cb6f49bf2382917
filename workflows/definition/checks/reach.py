"""What can be reached and what cannot be left: over the states and transitions, guards taken as possible."""

from __future__ import annotations

from collections.abc import Iterable

from workflows.definition.document.states import StateNode
from workflows.definition.lower.context import Lowering
from workflows.definition.lower.tree import Place
from workflows.definition.program import Program, State, Transition


class Reach:
    """The states that an instance may come into."""

    def __init__(self, lowering: Lowering, program: Program) -> None:
        self.lowering = lowering
        self.states: dict[str, State] = {}
        self.parents: dict[str, State | None] = {}
        self._index(program.states, None)
        self.reached: set[str] = set()
        self._fresh: list[State] = []
        self._enter(program.initial)
        while self._fresh:
            state = self._fresh.pop()
            for transition in state.transitions:
                self._enter(transition)

    def _index(self, states: Iterable[State], parent: State | None) -> None:
        for state in states:
            self.states[state.id], self.parents[state.id] = state, parent
            self._index(state.children, state)

    def _enter(self, transition: Transition) -> None:
        for target in transition.targets:
            state = self.states[target]
            for ancestor in self.above(state):
                self._mark(ancestor)
                if ancestor.kind == "parallel":
                    self._descend(ancestor)
            self._mark(state)
            self._descend(state)

    def _descend(self, state: State) -> None:
        """What entering a state enters by default."""
        if state.kind == "parallel":
            inner = [child for child in state.children if child.kind != "history" and child.id not in self.reached]
            for child in inner:
                self._mark(child)
                self._descend(child)
        elif state.initial is not None and any(target not in self.reached for target in state.initial.targets):
            self._enter(state.initial)

    def _mark(self, state: State) -> None:
        if state.id not in self.reached:
            self.reached.add(state.id)
            self._fresh.append(state)

    def above(self, state: State) -> list[State]:
        """Its ancestors, nearest first."""
        found, parent = [], self.parents[state.id]
        while parent is not None:
            found.append(parent)
            parent = self.parents[parent.id]
        return found


def check_reach(lowering: Lowering, program: Program) -> None:
    """Reports states that nothing leads to, states without a way out, and joins that can never complete."""
    reach = Reach(lowering, program)
    for place in lowering.tree.root.descendants():
        node = place.node
        assert node is not None
        if place.id not in reach.reached:
            _unreachable(lowering, place, node, reach)
        else:
            _dead_end(lowering, place, node, reach)
            _waiting(lowering, node)
            _join(lowering, place, node, reach)


def _unreachable(lowering: Lowering, place: Place, node: StateNode, reach: Reach) -> None:
    """Reported once for a state, not again for those inside it."""
    parent = place.parent
    if parent is not None and parent is not lowering.tree.root and parent.id not in reach.reached:
        return
    lowering.problem(
        "J501", node.path, f"the state `{place.id}` cannot be reached", "no transition leads there", key=True
    )


def _dead_end(lowering: Lowering, place: Place, node: StateNode, reach: Reach) -> None:
    """An atomic state that no transition of it or of a state around it leaves."""
    if place.kind not in ("atomic", "final") or place.parent is None:
        return
    if place.parent.kind == "parallel" or (place.kind == "final" and place.parent is lowering.tree.root):
        return
    state = reach.states[place.id]
    around = [state, *reach.above(state)]
    if not any(transition.targets for owner in around for transition in owner.transitions):
        hint = "make it final?" if place.kind == "atomic" else "add `done` to the state around it"
        lowering.problem("J502", node.path, f"the state `{place.id}` has no way out", hint, key=True)


def _waiting(lowering: Lowering, node: StateNode) -> None:
    if node.task is not None and node.task.due is None and not node.after:
        message = "people may wait here for ever: the task has no `due` and the state no `after`"
        lowering.problem("J506", (*node.path, "task"), message, "add `due`, and `escalate`", key=True)


def _join(lowering: Lowering, place: Place, node: StateNode, reach: Reach) -> None:
    """`done` of a state with states inside: a final state must be reachable in it, in every region when parallel."""
    if node.done is None or place.kind not in ("compound", "parallel"):
        return
    regions = [place] if place.kind == "compound" else [c for c in place.children.values() if c.kind != "history"]
    for region in regions:
        if not _can_be_done(region, reach):
            message = f"`done` is never taken: no final state of `{region.id}` can be reached"
            lowering.problem("J504", (*node.path, "done"), message, key=True)


def _can_be_done(region: Place, reach: Reach) -> bool:
    if region.kind == "parallel":
        inner = [child for child in region.children.values() if child.kind != "history"]
        return all(_can_be_done(child, reach) for child in inner)
    return any(child.kind == "final" and child.id in reach.reached for child in region.children.values())
