"""The tables of a chart: numbered states, transitions by event, compiled expressions. `chart` builds them.

Nodes are numbered in document order from 1; node 0 stands for the process itself, so the descendants of a node
are a range of numbers. Nothing here depends on an instance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jsonschema import Draft202012Validator

from workflows.definition.expressions import Expression
from workflows.definition.payload import Acceptance, violations
from workflows.definition.program import Do, Program, State, Transition
from workflows.domain.calendars import Calendar
from workflows.engine.actions import Run
from workflows.engine.children import InvokePlan
from workflows.engine.decisions import DecisionTable
from workflows.engine.lifecycle import TaskPlan, TimerPlan
from workflows.engine.values import Evaluate

ROOT = 0
_CACHED_EVENTS = 4096


@dataclass(slots=True, eq=False)
class EntryPlan:
    """What taking a transition enters: nodes in entry order, and what else runs after the entry of some."""

    nodes: tuple[int, ...]
    defaults: frozenset[int]
    """Compound nodes entered by default: the actions of their initial transition run."""
    history: dict[int, tuple[Run, ...]]
    """Parent of a history state without a record -> the actions of its default transition."""


@dataclass(slots=True, eq=False)
class Arc:
    """A transition."""

    model: Transition
    id: str
    source: int
    descriptors: tuple[str, ...]
    guard: Expression | None
    targets: tuple[int, ...]
    through_history: bool
    """A target is a history state: domain and entry depend on what the instance remembers."""
    actions: tuple[Run, ...]
    by: tuple[str, ...]
    accepts: Acceptance
    """What the payload must look like: form and required names."""
    domain: int | None = None
    plan: EntryPlan | None = None


@dataclass(slots=True, eq=False)
class Node:
    """A state; `last` is the highest number among its descendants and itself."""

    model: State | None
    id: str
    number: int
    parent: int
    kind: str
    path: tuple[int, ...]
    """Proper ancestors, nearest first, without the root."""
    atomic: bool
    final: bool
    last: int = 0
    children: tuple[int, ...] = ()
    """Child states that can be active, in document order."""
    histories: tuple[int, ...] = ()
    deep: bool = False
    arcs: tuple[Arc, ...] = ()
    initial: Arc | None = None
    entry: tuple[Run, ...] = ()
    exit: tuple[Run, ...] = ()
    timers: tuple[TimerPlan, ...] = ()
    task: TaskPlan | None = None
    invoke: InvokePlan | None = None
    result: Evaluate | None = None
    lively: bool = False
    """Has timers, a task or child instances."""
    eventful: bool = False
    """Something happens on its entry besides the entry itself."""


@dataclass(slots=True, eq=False)
class Chart:
    """Everything about a Program that steps need; shared by all its instances, changed by none."""

    program: Program
    digest: str
    nodes: list[Node] = field(default_factory=list)
    number_of: dict[str, int] = field(default_factory=dict)
    """State id -> node number."""
    initial: Arc | None = None
    script: tuple[Run, ...] = ()
    data: list[tuple[str, Evaluate]] = field(default_factory=list)
    dos: dict[str, Do] = field(default_factory=dict)
    """`do` actions by their id."""
    tables: dict[str, DecisionTable] = field(default_factory=dict)
    calendar: Calendar | None = None
    pauses: bool = False
    """Some clock stands still in some state."""
    validator: Draft202012Validator | None = None
    has_forms: bool = False
    eventless: dict[int, tuple[Arc, ...]] = field(default_factory=dict)
    """Atomic node -> eventless transitions of it and its ancestors, inner first; only nodes that have any."""
    _by_event: dict[tuple[int, str], tuple[Arc, ...]] = field(default_factory=dict)

    def arcs(self, atomic: int, event: str) -> tuple[Arc, ...]:
        """Transitions of an atomic node and its ancestors that an event may take, inner first, document order."""
        found = self._by_event.get((atomic, event))
        if found is None:
            node = self.nodes[atomic]
            found = tuple(
                arc for number in (atomic, *node.path) for arc in self.nodes[number].arcs if matches(arc, event)
            )
            if len(self._by_event) >= _CACHED_EVENTS:
                self._by_event.clear()
            self._by_event[atomic, event] = found
        return found

    def atomic(self, configuration: list[str]) -> list[str]:
        """Sorted ids of the atomic states in a configuration: the state that people see."""
        return sorted(name for name in configuration if self.nodes[self.number_of[name]].atomic)

    def normal(self, configuration: list[int], event: str, data: Any) -> Any:
        """The payload with numbers of the types that the form of the first transition that may take it gives them."""
        if self.has_forms and isinstance(data, dict):
            for number in configuration:
                if self.nodes[number].atomic:
                    for arc in self.arcs(number, event):
                        if arc.model.form is not None:
                            return arc.accepts.normal(data)
        return data

    def data_violations(self, data: dict[str, Any]) -> list[dict[str, Any]]:
        """What in the data breaks their schema: {"field", "value", "constraint"}, at most 20; none without schema."""
        return violations(self.validator, data) if self.validator is not None else []


def matches(arc: Arc, event: str) -> bool:
    """Whether a descriptor of the transition is the event's name or a dot-separated prefix of it."""
    return any(descriptor in ("*", event) or event.startswith(descriptor + ".") for descriptor in arc.descriptors)
