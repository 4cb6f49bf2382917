"""Short ways to write Programs by hand, and to run them and read what happened."""

from __future__ import annotations

from typing import Any

from workflows.definition.program import (
    Action,
    Cel,
    Const,
    Log,
    Program,
    Record,
    Set,
    State,
    Text,
    Transition,
    Value,
)
from workflows.engine import chart as charts
from workflows.engine.events import SYSTEM, Actor, Event, Step
from workflows.engine.snapshot import Snapshot
from workflows.engine.step import start, step

AT = "2026-03-02T08:00:00Z"


def cel(source: str) -> Cel:
    return Cel(source=source)


def const(plain: Any) -> Const:
    return Const(value=plain)


def note(label: str, value: Value | None = None) -> Log:
    """An action that only leaves a trace."""
    return Log(label=label, value=value)


def assign(**values: Any) -> Set:
    """`set`; a `Value` as it is, anything else as a constant. `__` in a name stands for a dot."""
    return Set(values={name.replace("__", "."): as_value(item) for name, item in values.items()})


def as_value(item: Any) -> Value:
    return item if isinstance(item, Const | Cel | Record | Text) else const(item)


def to(*targets: str, event: str | None = None, when: str | None = None, **more: Any) -> dict[str, Any]:
    """A transition, numbered by the state it is given to. `event` None: eventless."""
    actions = more.pop("do", ())
    return {"events": (event,) if event else (), "when": when, "targets": targets, "actions": tuple(actions), **more}


def offer(code: str, *targets: str, by: tuple[str, ...] = ("anyone",), **more: Any) -> dict[str, Any]:
    """A transition people may take."""
    return to(*targets, event=code, code=code, by=by, **more)


def state(name: str, *inside: State | dict[str, Any], traced: bool = False, **more: Any) -> State:
    """A state of child states and transitions; its kind follows from what is in it unless `kind` says so.

    `traced`: entry and exit leave `+name` and `-name`. `initial`: id of a child, or a whole transition.
    """
    children = tuple(item for item in inside if isinstance(item, State))
    transitions = tuple(
        Transition(id=f"{name}/{position}", **item)
        for position, item in enumerate(item for item in inside if isinstance(item, dict))
    )
    kind = more.pop("kind", "compound" if any(child.kind != "history" for child in children) else "atomic")
    initial = more.pop("initial", None)
    if isinstance(initial, str):
        initial = Transition(id=f"{name}/initial", targets=(initial,))
    entry: tuple[tuple[Action, ...], ...] = (tuple(more.pop("entry", ())),)
    leave: tuple[tuple[Action, ...], ...] = (tuple(more.pop("exit", ())),)
    if traced:
        entry, leave = ((note(f"+{name}"),), *entry), ((note(f"-{name}"),), *leave)
    return State(
        id=name,
        kind=kind,
        initial=initial,
        entry=entry,
        exit=leave,
        transitions=transitions,
        children=children,
        **more,
    )


def regions(name: str, *inside: State | dict[str, Any], **more: Any) -> State:
    return state(name, *inside, kind="parallel", **more)


def final(name: str, **more: Any) -> State:
    return state(name, kind="final", **more)


def history(name: str, default: str, *, deep: bool = False, do: tuple[Action, ...] = ()) -> State:
    transition = Transition(id=f"{name}/default", targets=(default,), actions=do)
    return State(id=name, kind="history", deep=deep, initial=transition)


def program(*states: State, **more: Any) -> Program:
    initial = more.pop("initial", states[0].id)
    if isinstance(initial, str):
        initial = Transition(id="initial", targets=(initial,))
    data = {name: as_value(item) for name, item in more.pop("data", {}).items()}
    title = more.pop("title", "Test process")
    return Program(process="test", version="1.0.0", title=title, initial=initial, states=states, data=data, **more)


class Instance:
    """One instance taken from step to step; `last` is the latest step."""

    def __init__(self, form: Program, *, data: dict[str, Any] | None = None, actor: Actor = SYSTEM) -> None:
        self.chart = charts.load(form)
        self.last: Step = start(
            self.chart, data=data or {}, number="T-1", entity_id=1, tenant="demo", at=AT, actor=actor
        )

    @property
    def snapshot(self) -> Snapshot:
        return self.last.snapshot

    @property
    def state(self) -> str:
        """Active atomic states, sorted and joined with blanks."""
        nodes = [self.chart.nodes[self.chart.number_of[name]] for name in self.snapshot.configuration]
        return " ".join(sorted(node.id for node in nodes if node.atomic))

    def send(self, name: str, data: Any = None, *, at: str = AT, **more: Any) -> Step:
        self.last = step(self.chart, self.snapshot, Event(name, {} if data is None else data, at, **more))
        return self.last

    def fire(self, timer: str) -> Step:
        """Let a timer that is running fire at its due time."""
        running = self.snapshot.timers[timer]
        return self.send(running["event"], running["data"], at=running["due"], ref=timer)

    def effects(self, *kinds: str) -> list[dict[str, Any]]:
        return [effect for effect in self.last.effects if effect["kind"] in kinds]

    @property
    def trace(self) -> list[str]:
        """Labels of the log effects of the latest step."""
        return [effect["label"] for effect in self.effects("log")]
