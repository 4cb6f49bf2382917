"""Builds the chart of a Program, once per digest: all that does not depend on an instance is worked out here."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator

from jsonschema import Draft202012Validator

from workflows.definition import program as form
from workflows.definition.expressions import compile_expression
from workflows.definition.payload import Acceptance
from workflows.domain.calendars import calendar_from_json
from workflows.domain.errors import InvalidInput
from workflows.engine.actions import compile_blocks
from workflows.engine.children import compile_invoke
from workflows.engine.decisions import DecisionTable
from workflows.engine.lifecycle import compile_task, compile_timers
from workflows.engine.tables import ROOT, Arc, Chart, Node
from workflows.engine.values import compile_record, compile_value

_CACHED_CHARTS = 256
_guard = threading.Lock()
_by_digest: OrderedDict[str, Chart] = OrderedDict()
_by_identity: OrderedDict[int, tuple[form.Program, Chart]] = OrderedDict()


def load(program: form.Program) -> Chart:
    """The chart of a program; made once per digest.

    Raises:
        InvalidInput: an expression in it is none, or a target does not exist.
    """
    with _guard:
        known = _by_identity.get(id(program))
    if known is not None and known[0] is program:
        return known[1]
    digest = program.digest
    with _guard:
        found = _by_digest.get(digest)
    found = found or _build(program, digest)
    with _guard:
        _by_digest[digest] = found
        _by_identity[id(program)] = (program, found)
        for cache in (_by_digest, _by_identity):
            while len(cache) > _CACHED_CHARTS:
                cache.popitem(last=False)
    return found


def _build(program: form.Program, digest: str) -> Chart:
    chart = Chart(program, digest)
    root = Node(None, "", ROOT, -1, "compound", (), atomic=False, final=False)
    chart.nodes.append(root)
    for state in program.states:
        _number(chart, state, root)
    _close_range(chart, root)
    for node in chart.nodes[1:]:
        _compile_state(chart, node)
    chart.initial = _arc(chart, program.initial, ROOT)
    chart.script = compile_blocks([program.script], None)
    chart.data = [(name, compile_value(value)) for name, value in program.data.items()]
    chart.tables = {name: DecisionTable(name, table) for name, table in program.tables.items()}
    chart.calendar = calendar_from_json(program.calendar) if program.calendar else None
    chart.pauses = any(
        any(plan.pause_in for plan in node.timers) or (node.task is not None and bool(node.task.model.pause_in))
        for node in chart.nodes
    )
    chart.dos = {do.id: do for do in _dos(program)}
    if program.data_schema:
        chart.validator = Draft202012Validator(program.data_schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for node in chart.nodes:
        if node.atomic:
            found = tuple(
                arc for at in (node.number, *node.path) for arc in chart.nodes[at].arcs if not arc.descriptors
            )
            if found:
                chart.eventless[node.number] = found
    return chart


def _number(chart: Chart, state: form.State, parent: Node) -> None:
    number = len(chart.nodes)
    path = (parent.number, *parent.path) if parent.number != ROOT else ()
    atomic = state.kind in ("atomic", "final")
    node = Node(state, state.id, number, parent.number, state.kind, path, atomic, state.kind == "final")
    node.deep = state.deep
    if state.id in chart.number_of:
        raise InvalidInput(f"two states have the id {state.id!r}")
    chart.nodes.append(node)
    chart.number_of[state.id] = number
    for child in state.children:
        _number(chart, child, node)
    _close_range(chart, node)


def _close_range(chart: Chart, node: Node) -> None:
    node.last = len(chart.nodes) - 1
    below = [other for other in chart.nodes[node.number + 1 :] if other.parent == node.number]
    node.children = tuple(other.number for other in below if other.kind != "history")
    node.histories = tuple(other.number for other in below if other.kind == "history")


def _compile_state(chart: Chart, node: Node) -> None:
    state = node.model
    assert state is not None, "only the root has no model"
    node.arcs = tuple(_arc(chart, transition, node.number) for transition in state.transitions)
    if node.kind in ("compound", "history"):
        node.initial = _arc(chart, state.initial or _first_child(chart, node), node.number)
    node.entry = compile_blocks(state.entry, state.id)
    node.exit = compile_blocks(state.exit, state.id)
    node.timers = compile_timers(state)
    node.task = compile_task(state)
    node.invoke = compile_invoke(state)
    if state.content is not None:
        node.result = compile_value(state.content)
    elif state.result is not None:
        node.result = compile_record(state.result)
    node.lively = bool(node.timers or node.task or node.invoke)
    with_actions = node.initial is not None and bool(node.initial.actions)
    node.eventful = bool(node.entry or node.lively or node.final or with_actions or node.histories)


def _first_child(chart: Chart, node: Node) -> form.Transition:
    if not node.children:
        raise InvalidInput(f"state {node.id!r} needs an initial state")
    return form.Transition(id=f"{node.id}/initial", targets=(chart.nodes[node.children[0]].id,))


def _arc(chart: Chart, model: form.Transition, source: int) -> Arc:
    unknown = [target for target in model.targets if target not in chart.number_of]
    if unknown:
        raise InvalidInput(f"transition {model.id!r} goes to {unknown[0]!r}, which is no state")
    targets = tuple(chart.number_of[target] for target in model.targets)
    owner = chart.nodes[source]
    arc = Arc(
        model=model,
        id=model.id,
        source=source,
        descriptors=tuple(_descriptor(event) for event in model.events),
        guard=compile_expression(model.when) if model.when is not None else None,
        targets=targets,
        through_history=any(chart.nodes[target].kind == "history" for target in targets),
        actions=compile_blocks([model.actions], owner.id or None),
        by=model.by,
        accepts=Acceptance(model.form or {}, require=model.require),
    )
    chart.has_forms = chart.has_forms or model.form is not None
    if targets and not arc.through_history:
        arc.domain = domain(chart, arc, targets)
    return arc


def domain(chart: Chart, arc: Arc, targets: tuple[int, ...]) -> int:
    """The node whose descendants the transition exits: the source when internal, else the least compound ancestor.

    Source: SCXML Appendix D, getTransitionDomain and findLCCA; never a parallel state.
    """
    source = chart.nodes[arc.source]
    if arc.model.internal and source.kind == "compound" and _contains(source, targets):
        return source.number
    for number in source.path:
        ancestor = chart.nodes[number]
        if ancestor.kind == "compound" and _contains(ancestor, targets):
            return number
    return ROOT


def _contains(node: Node, targets: tuple[int, ...]) -> bool:
    return all(node.number < target <= node.last for target in targets)


def _descriptor(event: str) -> str:
    """`error.*` and `error.` mean `error`."""
    return event if event == "*" else event.removesuffix("*").removesuffix(".")


def _dos(program: form.Program) -> Iterator[form.Do]:
    for state in _states(program.states):
        arcs = [*state.transitions, *([state.initial] if state.initial else [])]
        for block in (*state.entry, *state.exit, *(arc.actions for arc in arcs)):
            yield from _dos_within(block)
    yield from _dos_within((*program.initial.actions, *program.script))


def _states(states: tuple[form.State, ...]) -> Iterator[form.State]:
    for state in states:
        yield state
        yield from _states(state.children)


def _dos_within(actions: tuple[form.Action, ...]) -> Iterator[form.Do]:
    for action in actions:
        if isinstance(action, form.Do):
            yield action
        elif isinstance(action, form.If):
            for branch in action.branches:
                yield from _dos_within(branch.actions)
            yield from _dos_within(action.otherwise)
        elif isinstance(action, form.ForEach):
            yield from _dos_within(action.actions)
