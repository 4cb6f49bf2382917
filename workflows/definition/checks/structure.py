"""Parts of a state that contradict each other, and targets that cannot be active together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from workflows.definition.document.states import Outcome, StateNode, TimerNode
from workflows.definition.lower.context import Lowering
from workflows.definition.lower.tree import Place
from workflows.definition.reader import Path

_OF_HISTORY = {"title", "description", "history", "to"}
_OF_FINAL = {"title", "description", "category", "final", "result", "emit", "entry", "exit"}


def check_structure(lowering: Lowering) -> None:
    """Reports what is wrong with the tree of states itself: kinds that contradict each other, ids used twice."""
    for place in lowering.tree.root.descendants():
        node = place.node
        if node is None:
            continue
        _shape(lowering, place, node)
        if node.initial is not None:
            _together(lowering, place, node.initial, (*node.path, "initial"))
        for outcome in outcomes_of(node):
            if outcome.to is not None and len(outcome.to) > 1:
                _together(lowering, place, outcome.to, (*outcome.path, "to"))
        for timer in node.after:
            _timer(lowering, timer)
    if lowering.document.initial is not None:
        _together(lowering, lowering.tree.root, lowering.document.initial, ("initial",))


def outcomes_of(node: StateNode) -> list[Outcome]:
    """All transitions written on a state itself."""
    found: list[Outcome] = [item for alternatives in node.transitions.values() for item in alternatives]
    return [*found, *node.after, *(node.done or ()), *(node.failed or ()), *node.always]


def _shape(lowering: Lowering, place: Place, node: StateNode) -> None:
    if node.history is not None:
        _only(lowering, node, _OF_HISTORY, "a history state")
        if place.parent is lowering.tree.root:
            _wrong(lowering, node, "history", "a history state stands inside the state that it remembers")
    elif node.final is not None:
        _only(lowering, node, _OF_FINAL, "a final state")
        if place.parent is not None and place.parent.kind == "parallel":
            _wrong(lowering, node, "final", "a region of a parallel state cannot be final itself; put it inside one")
    else:
        _ordinary(lowering, node)


def _only(lowering: Lowering, node: StateNode, allowed: set[str], what: str) -> None:
    for name in sorted(node.model_fields_set - allowed):
        key = StateNode.model_fields[name].alias or name
        _wrong(lowering, node, key, f"{what} has no `{key}`")


def _wrong(lowering: Lowering, node: StateNode, key: str, message: str, hint: str | None = None) -> None:
    lowering.problem("J203", (*node.path, key), message, hint, key=True)


def _ordinary(lowering: Lowering, node: StateNode) -> None:
    if node.to is not None:
        _wrong(lowering, node, "to", "`to` stands in a transition, or in a history state", "write it under `always`")
    if node.result is not None:
        _wrong(lowering, node, "result", "only a final state has a `result`")
    if node.emit is not None:
        _wrong(lowering, node, "emit", "only a final state has `emit`", "write `entry: [{emit: …}]`")
    if node.parallel and not node.states:
        _wrong(lowering, node, "parallel", "a parallel state has states inside")
    if node.parallel and node.initial is not None:
        _wrong(lowering, node, "initial", "a parallel state enters all its regions: no `initial`")
    if not node.states and node.initial is not None:
        _wrong(lowering, node, "initial", "`initial` without states inside")
    children = node.child is not None or node.each is not None
    if node.child is not None and node.each is not None:
        _wrong(lowering, node, "each", "`child` and `each` do not go together")
    if children and node.states:
        key = "child" if node.child is not None else "each"
        _wrong(lowering, node, key, f"a state with `{key}` has no states inside", "put it into a state of its own")
    if node.done is not None and not children and not node.states:
        _wrong(lowering, node, "done", "`done` goes with states inside, `child` or `each`")
    if node.failed is not None and not children:
        _wrong(lowering, node, "failed", "`failed` goes with `child` or `each`")


def _timer(lowering: Lowering, timer: TimerNode) -> None:
    given = timer.model_fields_set & {"in_", "at"}
    if not given:
        lowering.problem("J102", timer.path, "`in` or `at` is missing", "e.g. `in: PT24H`")
    elif len(given) > 1:
        lowering.problem("J109", (*timer.path, "at"), "`in` and `at` do not go together", key=True)
    if not timer.model_fields_set & {"to", "set", "actions", "emit", "raise_"}:
        lowering.problem("J102", timer.path, "an `after` that does nothing", "add `to` or `raise`")


def _together(lowering: Lowering, source: Place, targets: Sequence[str], path: Path) -> None:
    """Two targets can be active together when their nearest common ancestor is a parallel state."""
    places = [lowering.tree.resolve(target, source) for target in targets]
    for (_, first), (index, second) in combinations(enumerate(places), 2):
        if first is None or second is None or _compatible(first, second):
            continue
        message = f"`{first.name}` and `{second.name}` cannot be active together"
        lowering.problem(
            "J204", (*path, index), message, "several targets lie in different regions of a parallel state"
        )


def _compatible(first: Place, second: Place) -> bool:
    if first is second or first.inside(second) or second.inside(first):
        return False
    above = list(first.ancestors())
    common = next(place for place in second.ancestors() if place in above)
    return common.kind == "parallel"
