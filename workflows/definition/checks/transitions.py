"""Alternatives, permissions and payloads of transitions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from workflows.definition.checks.guards import exhaustive
from workflows.definition.document.states import Outcome, StateNode, TransitionNode
from workflows.definition.lower.context import Lowering
from workflows.definition.lower.transitions import RESERVED_CODES
from workflows.definition.lower.tree import Place
from workflows.definition.program import Program, State, Transition
from workflows.definition.suggestions import did_you_mean
from workflows.definition.typing.shapes import shape_of


def check_transitions(lowering: Lowering, program: Program) -> None:
    """Reports alternatives never taken, refusals without a code, and transitions nobody may take."""
    by_id = {state.id: state for state in all_states(program.states)}
    raised = {event for event, _ in lowering.raised}
    for place in lowering.tree.root.descendants():
        node = place.node
        assert node is not None
        for alternatives in alternatives_of(node):
            _order(lowering, alternatives)
        by_code: dict[str | None, list[Transition]] = {}
        for item in by_id[place.id].transitions:
            by_code.setdefault(item.code, []).append(item)
        for code, written in node.transitions.items():
            _refusal(lowering, written)
            for alternative, transition in zip(written, by_code[code], strict=False):
                _payload(lowering, alternative, transition)
                _permission(lowering, place, alternative, transition, raised)
    for code, written in lowering.document.transitions.items():
        _order(lowering, written)
        _refusal(lowering, written)
        if written[0].by is None and code not in raised:
            message = f"`{code}` has no `by`: only the system may take it, and where there is a task its candidates"
            lowering.problem("J507", written[0].path, message, "add `by: [role:…]`", key=True)
    _events(lowering, program)
    _failures(lowering)
    if not program.start_by:
        message = "nobody may start an instance but the system"
        lowering.problem("J508", ("process",), message, "add `start: {by: [role:…]}`, or `by: [system]`", key=True)


def all_states(states: Sequence[State]) -> Iterator[State]:
    """In document order, the inner after the outer."""
    for state in states:
        yield state
        yield from all_states(state.children)


def alternatives_of(node: StateNode) -> list[Sequence[Outcome]]:
    """Lists of which the first that holds is taken."""
    found: list[Sequence[Outcome]] = list(node.transitions.values())
    return [*found, node.done or [], node.failed or [], node.always]


def _order(lowering: Lowering, alternatives: Sequence[Outcome]) -> None:
    """An alternative is judged among those that the same people may take."""
    seen: dict[tuple[tuple[str, ...], str | None], int] = {}
    for index, (item, people) in enumerate(zip(alternatives, _people(alternatives), strict=True)):
        guard = None if item.when is None else " ".join(item.when.split())
        if (people, None) in seen:
            message = "this alternative can never be taken: the one before it always holds"
            lowering.problem("J205", item.path, message, "put the guarded alternatives first")
        elif (people, guard) in seen:
            message = f"this alternative can never be taken: alternative {seen[people, guard] + 1} has the same guard"
            lowering.problem("J205", (*item.path, "when"), message)
        seen.setdefault((people, guard), index)


def _people(alternatives: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """Who may take each alternative, as written; left out, it is those of the one before."""
    found: list[tuple[str, ...]] = []
    for item in alternatives:
        written = tuple(getattr(item, "by", None) or ())
        found.append(written or (found[-1] if found else ()))
    return found


def _refusal(lowering: Lowering, alternatives: Sequence[TransitionNode]) -> None:
    last = alternatives[-1]
    same_people = len(set(_people(alternatives))) == 1
    guards = [item.when for item in alternatives if item.when is not None] if same_people else []
    complete = exhaustive(guards, lowering.data_shape)
    if last.otherwise is not None and len(alternatives) > 1 and complete:
        message = "`else` is never used: one of the guards always holds"
        lowering.problem("J205", (*last.path, "else"), message, key=True)
    elif last.otherwise is None and guards and len(guards) == len(alternatives) and not complete:
        message = "when no guard holds the caller gets only a general refusal"
        lowering.problem("J505", (*last.path, "when"), message, "add `else: AN_ERROR_CODE`", key=True)


def _payload(lowering: Lowering, written: TransitionNode, transition: Transition) -> None:
    if transition.form is None:
        return
    shape = shape_of(transition.form)
    if shape.kind != "object":
        return
    for index, name in enumerate(written.require):
        if name not in shape.fields:
            hint = did_you_mean(name, shape.fields) or f"known: {', '.join(sorted(shape.fields))}"
            lowering.problem("J411", (*written.path, "require", index), f"the form has no field `{name}`", hint)


def _permission(
    lowering: Lowering, place: Place, written: TransitionNode, transition: Transition, raised: set[str]
) -> None:
    path = (*written.path, "by") if written.by is not None else written.path
    words = set(transition.by)
    if not words and transition.code not in raised:
        message = f"nobody may take `{transition.code}`: it has no `by`, and nothing here raises it"
        lowering.problem("J507", path, message, "add `by: [role:…]`, or `by: [system]` for a message", key=True)
    elif words and words <= {"assignee", "candidates"} and not _task_near(place):
        lowering.problem("J507", path, f"nobody may take `{transition.code}`: there is no task here", key=True)


def _task_near(place: Place) -> bool:
    """As the engine looks for the task a transition is about: here, around, or within."""
    near = (place, *place.ancestors(), *place.descendants())
    return any(other.node is not None and other.node.task is not None for other in near)


def _events(lowering: Lowering, program: Program) -> None:
    """Events that are raised, and timers that are cancelled, must exist on the other side."""
    taken = {event for state in all_states(program.states) for item in state.transitions for event in item.events}
    for event, path in lowering.raised:
        if not is_taken(event, taken):
            hint = did_you_mean(event, sorted(known for known in taken if not RESERVED_CODES.fullmatch(known)))
            lowering.problem("J509", path, f"no transition takes `{event}`", hint)
    for identity, path in lowering.cancelled:
        if identity not in lowering.send_ids:
            hint = did_you_mean(identity, sorted(lowering.send_ids))
            lowering.problem("J206", path, f"no `send` has the id `{identity}`", hint)


def is_taken(event: str, taken: Collection[str]) -> bool:
    """Whether a descriptor is the event, or a dot-separated prefix of it."""
    parts = event.split(".")
    return any(".".join(parts[:length]) in taken for length in range(1, len(parts) + 1))


def _failures(lowering: Lowering) -> None:
    for alternatives in lowering.failures:
        guards = [item.when for item in alternatives if item.when is not None]
        if len(guards) == len(alternatives) and not exhaustive(guards, lowering.data_shape):
            message = "when no guard holds the failure is lost"
            lowering.problem("J510", alternatives[-1].path, message, "end with an alternative without `when`")
