"""The working copy of one step: a snapshot under change, its queues, and the effects gathered so far.

Copies a part of the snapshot only when it is first changed, and never changes what it was given; so a step that
fails half way leaves nothing behind. Knows no algorithm: `interpreter` decides what happens.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workflows.definition.expressions import Scope
from workflows.domain.errors import Conflict, ExpressionFailed, InvalidInput, RuleRefused
from workflows.engine import times
from workflows.engine.events import Event, Principal, Step
from workflows.engine.snapshot import Snapshot, Status

if TYPE_CHECKING:
    from workflows.engine.tables import Chart


class Draft:
    """One step in the making. `configuration` holds node numbers in document order."""

    __slots__ = (
        "_constant",
        "_owned",
        "_scope",
        "base",
        "chart",
        "children",
        "completed",
        "configuration",
        "counters",
        "data",
        "doers",
        "effects",
        "entered",
        "entries",
        "event",
        "event_name",
        "exits",
        "external",
        "history",
        "incidents",
        "internal",
        "microsteps",
        "names",
        "outcome",
        "paused",
        "payload",
        "pending",
        "principal",
        "result",
        "signatures",
        "status",
        "taken",
        "tasks",
        "timers",
        "to_invoke",
    )

    def __init__(self, chart: Chart, base: Snapshot, event: Event) -> None:
        self.chart = chart
        self.base = base
        self.event = event
        self.event_name = event.name
        self.payload: Any = event.data
        try:
            self.configuration = [chart.number_of[name] for name in base.configuration]
        except KeyError as problem:
            raise Conflict(
                f"the program has no state {problem.args[0]!r} that the instance is in", code="STATE_UNKNOWN"
            ) from problem
        self.status: Status = base.status
        self.history = base.history
        self.data = base.data
        self.timers = base.timers
        self.tasks = base.tasks
        self.children = base.children
        self.pending = base.pending
        self.completed = base.completed
        self.incidents = base.incidents
        self.counters = base.counters
        self.entered = base.entered
        self.outcome = base.outcome
        self.result = base.result
        self.doers = base.doers
        self.signatures = base.signatures
        self.paused = base.paused
        self.principal: Principal | None = None
        """Whom the actor stands in for in this step."""
        self.effects: list[dict[str, Any]] = []
        self.taken: list[str] = []
        self.entries: list[str] = []
        self.exits: list[str] = []
        self.internal: deque[tuple[str, Any]] = deque()
        self.external: deque[tuple[str, Any]] = deque()
        self.to_invoke: list[int] = []
        self.names: dict[str, Any] = {}
        self.microsteps = 0
        self._owned: set[str] = set()
        self._scope: Scope | None = None
        self._constant: dict[str, Any] | None = None

    # --- what expressions see --------------------------------------------------------------------------------

    def scope(self) -> Scope:
        """The names in scope, as of now; made anew only after something they show has changed."""
        if self._scope is None:
            nodes = self.chart.nodes
            self._scope = Scope(
                {
                    **self._unchanging(),
                    "data": self.data,
                    "event": self.payload,
                    "state": [nodes[number].id for number in self.configuration],
                    "children": [child_view(key, child) for key, child in self.children.items()],
                    "instance": {
                        "id": self.base.entity_id,
                        "process": self.chart.program.process,
                        "tenant": self.base.tenant,
                        "event": self.event_name,
                    },
                    **self.names,
                },
                self.chart.tables,
            )
        return self._scope

    def _unchanging(self) -> dict[str, Any]:
        if self._constant is None:
            self._constant = {
                "number": self.base.number,
                "now": times.instant(self.event.at),
                "actor": self.event.actor.to_json(),
                "facts": self.event.facts,
            }
        return self._constant

    def stale(self) -> None:
        """Something that expressions see has changed."""
        self._scope = None

    def see(self, name: str, payload: Any) -> None:
        """`event` is this one from now on, until the next one is taken."""
        self.event_name = name
        self.payload = payload
        self._scope = None

    def bind(self, names: Mapping[str, Any]) -> dict[str, Any]:
        """Bind loop names; returns the earlier bindings, to be put back by `names = …` and `stale()`."""
        earlier = self.names
        self.names = {**earlier, **names}
        self._scope = None
        return earlier

    # --- changes ---------------------------------------------------------------------------------------------

    def own(self, part: str) -> Any:
        """The named part of the snapshot, safe to change; top level only, nested values stay shared."""
        value = getattr(self, part)
        if part not in self._owned:
            value = value.copy()
            setattr(self, part, value)
            self._owned.add(part)
        return value

    @property
    def data_changed(self) -> bool:
        return "data" in self._owned

    def assign(self, path: tuple[str, ...], value: Any) -> None:
        """Set one place in data; maps on the way are copied, missing ones made."""
        place = self.own("data")
        for key in path[:-1]:
            inner = place.get(key)
            if inner is not None and not isinstance(inner, dict):
                dotted = ".".join(path)
                raise ExpressionFailed(
                    f"cannot set data.{dotted}: {key} is not a map",
                    details={"expression": dotted, "reason": f"{key} is not a map", "inputs": {key: inner}},
                )
            place[key] = {} if inner is None else inner.copy()
            place = place[key]
        place[path[-1]] = value
        self._scope = None

    def next_number(self, counter: str) -> str:
        counters = self.own("counters")
        counters[counter] = counters.get(counter, 0) + 1
        return str(counters[counter])

    def pend(self, effect: dict[str, Any]) -> dict[str, Any]:
        """Number an effect, emit it and keep it until it reports back."""
        effect["id"] = self.next_number("effect")
        self.own("pending")[effect["id"]] = effect
        self.effects.append(effect)
        return effect

    def start_timer(self, timer: str, *, due: str, event: str, data: Any, state: str | None, send: str | None) -> None:
        self.own("timers")[timer] = {"due": due, "event": event, "data": data, "state": state, "send": send}
        self.effects.append({"kind": "timer_start", "timer": timer, "due": due, "event": event, "state": state})

    def cancel_timer(self, timer: str) -> None:
        """Drop a timer; one that is not running is none."""
        if timer in self.timers:
            dropped = self.own("timers").pop(timer)
            self.effects.append({"kind": "timer_cancel", "timer": timer, "state": dropped["state"]})
        elif timer in self.paused:
            del self.own("paused")[timer]

    def open_incident(
        self, *, kind: str, ref: str | None, state: str | None, error: dict[str, Any], event: dict[str, Any] | None
    ) -> None:
        incident = {"kind": kind, "ref": ref, "state": state, "error": error, "since": self.event.at, "event": event}
        self.own("incidents")[self.next_number("incident")] = incident

    def count_microstep(self) -> None:
        self.microsteps += 1
        if self.microsteps > self.chart.program.max_microsteps:
            states = [self.chart.nodes[number].id for number in self.configuration]
            raise RuleRefused(
                f"the step did not come to rest within {self.chart.program.max_microsteps} micro-steps",
                code="MICROSTEP_BOUND",
                details={"states": states, "transitions": self.taken[-5:]},
            )

    # --- result ----------------------------------------------------------------------------------------------

    def finished(self) -> Step:
        """The step as a value.

        Raises:
            InvalidInput: the data have changed and now break the schema (`DATA_INVALID`).
        """
        if "data" in self._owned:
            violations = self.chart.data_violations(self.data)
            if violations:
                raise InvalidInput(
                    f"data would break their schema: {violations[0]['field']} {violations[0]['constraint']}",
                    code="DATA_INVALID",
                    violations=violations,
                )
        base = self.base
        nodes = self.chart.nodes
        snapshot = Snapshot(
            self.status,
            [nodes[number].id for number in self.configuration],
            self.history,
            self.data,
            base.number,
            base.entity_id,
            base.tenant,
            self.timers,
            self.tasks,
            self.children,
            self.pending,
            self.completed,
            self.incidents,
            self.counters,
            self.entered,
            base.creator,
            self.outcome,
            self.result,
            self.doers,
            self.signatures,
            self.paused,
        )
        principal = self.principal
        stood_in_for = {"username": principal.username, "name": principal.name} if principal else None
        return Step(snapshot, self.effects, self.taken, self.entries, self.exits, stood_in_for)


def child_view(key: str, child: Mapping[str, Any]) -> dict[str, Any]:
    """What expressions see of a child instance."""
    return {
        "id": key,
        "state": child["state"],
        "process": child["process"],
        "index": child["index"],
        "status": child["status"],
        "outcome": child["outcome"],
        "data": child["result"] or {},
    }
