"""Which facts a step may read: they are looked up before the step, for the engine itself asks nobody.

Rather one too many than one too few: every alternative, everything that may be entered, left or raised in the
same step counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from workflows.definition.expressions import tables_read
from workflows.engine.draft import Draft
from workflows.engine.events import Event
from workflows.engine.snapshot import Snapshot
from workflows.engine.tables import ROOT, Arc, Chart, Node, matches
from workflows.engine.values import compile_record

_FACT = re.compile(r"(?<![\w.])facts(?:\.(\w+)|\[['\"](\w+)['\"]\])?")
_STATE_FIELDS = {"children", "transitions", "initial"}


def facts_needed(chart: Chart, snapshot: Snapshot, event_name: str | None) -> list[str]:
    """Names of the facts that guards and actions may read when this event comes; None: any event people may send."""
    if not chart.program.facts:
        return []
    reach = _Reach(chart)
    active = [chart.number_of[state] for state in snapshot.configuration if state in chart.number_of]
    reach.stay(active)
    for number in active:
        for arc in chart.nodes[number].arcs:
            if matches(arc, event_name) if event_name is not None else arc.descriptors:
                reach.take(arc)
    return reach.facts()


def facts_at_start(chart: Chart) -> list[str]:
    """Names of the facts that the start of an instance may read."""
    if not chart.program.facts or chart.initial is None:
        return []
    reach = _Reach(chart)
    for action in chart.program.script:
        reach.read(action.model_dump(mode="json"))
    reach.take(chart.initial)
    return reach.facts()


def fact_calls(chart: Chart, snapshot: Snapshot, names: Iterable[str], event: Event) -> dict[str, dict[str, Any]]:
    """`{name: {"call": registered fact, "with": evaluated arguments}}`.

    Raises:
        ExpressionFailed: an argument could not be evaluated.
    """
    draft = Draft(chart, snapshot, event)
    facts = chart.program.facts
    return {
        name: {"call": facts[name].call, "with": compile_record(facts[name].with_)(draft)}
        for name in names
        if name in facts
    }


class _Reach:
    """What one step can reach, as a growing set of nodes, transitions and raised events."""

    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self._names: dict[str, None] = {}
        self._raised: dict[str, None] = {"done.state": None, "done.invoke": None, "error.invoke": None}
        self._nodes: dict[int, None] = {}
        self._arcs: dict[Arc, None] = {}

    def facts(self) -> list[str]:
        """Names found, in the order of the program, once nothing more can be reached."""
        size = -1
        while size != len(self._arcs) + len(self._nodes) + len(self._raised):
            size = len(self._arcs) + len(self._nodes) + len(self._raised)
            for number in list(self._nodes):
                for arc in self._chart.nodes[number].arcs:
                    if not arc.descriptors or any(matches(arc, name) for name in self._raised):
                        self.take(arc)
        known = self._chart.program.facts
        return list(known) if "" in self._names else [name for name in known if name in self._names]

    def stay(self, numbers: Iterable[int]) -> None:
        self._nodes.update(dict.fromkeys(numbers))

    def take(self, arc: Arc) -> None:
        if arc in self._arcs:
            return
        self._arcs[arc] = None
        self.read(arc.model.model_dump(mode="json"))
        if arc.targets:
            limit = self._chart.nodes[arc.domain if arc.domain is not None else ROOT]
            for number in list(self._nodes):
                if limit.number < number <= limit.last:
                    self._read_state(self._chart.nodes[number])
        for target in arc.targets:
            self._enter(self._chart.nodes[target])

    def _enter(self, node: Node) -> None:
        """Counts everything below and above the target as entered, which a history state may well cause."""
        top = self._chart.nodes[node.parent] if node.kind == "history" else node
        for number in (*range(top.number, top.last + 1), *top.path):
            if number not in self._nodes:
                self._nodes[number] = None
                entered = self._chart.nodes[number]
                self._read_state(entered)
                if entered.initial is not None:
                    self.read(entered.initial.model.model_dump(mode="json"))
                if entered.kind == "parallel":
                    self._enter(entered)

    def _read_state(self, node: Node) -> None:
        if node.model is not None:
            self.read(node.model.model_dump(mode="json", exclude=_STATE_FIELDS))

    def read(self, plain: Any) -> None:
        """Note the facts and the raised events in a part of the program given as plain JSON."""
        for text in _texts(plain):
            self._read_expression(text)
            for name in tables_read(text):
                table = self._chart.program.tables.get(name)
                for source in table.inputs.values() if table is not None else ():
                    self._read_expression(source)
        self._raised.update(dict.fromkeys(_raised(plain)))

    def _read_expression(self, text: str) -> None:
        for dotted, quoted in _FACT.findall(text):
            self._names[dotted or quoted] = None


def _texts(plain: Any) -> Iterator[str]:
    if isinstance(plain, str):
        yield plain
    elif isinstance(plain, dict | list):
        for item in plain.values() if isinstance(plain, dict) else plain:
            yield from _texts(item)


def _raised(plain: Any) -> Iterator[str]:
    if isinstance(plain, dict):
        if plain.get("kind") in ("raise", "send") and not plain.get("process"):
            yield plain["event"]
        for item in plain.values():
            yield from _raised(item)
    elif isinstance(plain, list):
        for item in plain:
            yield from _raised(item)
