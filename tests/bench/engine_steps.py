"""Steps per second of the bare engine on one core, for a flat and for a nested, parallel chart.

Measured in processor time of this process, so that other work on the machine does not count; the best of several
rounds, for what disturbs a round only ever makes it slower.
"""

from __future__ import annotations

import time

from workflows.definition.program import Const, Program, Set, State, Transition
from workflows.engine import chart as charts
from workflows.engine.events import SYSTEM, Event
from workflows.engine.snapshot import Snapshot
from workflows.engine.step import start, step
from workflows.engine.tables import Chart

ROUNDS = 5
STEPS = 4_000
AT = "2026-01-01T00:00:00Z"


def flat_steps_per_s(rounds: int = ROUNDS, steps: int = STEPS) -> float:
    """Two atomic states and one event each: the least a step can be."""
    states = (_atomic("ping", _to("ping/0", "hit", "pong")), _atomic("pong", _to("pong/0", "hit", "ping")))
    return _steps_per_s(_program("flat", "ping", states), ["hit"], rounds, steps)


def nested_steps_per_s(rounds: int = ROUNDS, steps: int = STEPS) -> float:
    """Three levels and two regions: four states are exited and four entered by every other step, with a `set`."""
    outer = State(
        id="outer",
        kind="compound",
        initial=Transition(id="outer/initial", targets=("left",)),
        children=(_side("left", "right", "swap"), _side("right", "left", "swap")),
    )
    work = State(
        id="work",
        kind="parallel",
        children=(
            outer,
            State(
                id="light",
                kind="compound",
                initial=Transition(id="light/initial", targets=("green",)),
                children=(
                    _atomic("green", _to("green/0", "swap", "red")),
                    _atomic("red", _to("red/0", "next", "green")),
                ),
            ),
        ),
    )
    return _steps_per_s(_program("nested", "work", (work,)), ["next", "swap"], rounds, steps)


def _side(name: str, other: str, event: str) -> State:
    inner = State(
        id=f"{name}_inner",
        kind="compound",
        initial=Transition(id=f"{name}_inner/initial", targets=(f"{name}_a",)),
        children=(
            _atomic(f"{name}_a", _to(f"{name}_a/0", "next", f"{name}_b")),
            _atomic(f"{name}_b"),
        ),
    )
    return State(
        id=name,
        kind="compound",
        initial=Transition(id=f"{name}/initial", targets=(inner.id,)),
        entry=((Set(values={"side": Const(value=name)}),),),
        transitions=(_to(f"{name}/0", event, other),),
        children=(inner,),
    )


def _atomic(name: str, *transitions: Transition) -> State:
    return State(id=name, kind="atomic", transitions=transitions)


def _to(name: str, event: str, target: str) -> Transition:
    return Transition(id=name, code=event, events=(event,), targets=(target,))


def _program(name: str, initial: str, states: tuple[State, ...]) -> Program:
    return Program(
        process=name,
        version="1.0.0",
        title=name,
        initial=Transition(id="initial", targets=(initial,)),
        states=states,
        data={"side": Const(value="")},
    )


def _steps_per_s(program: Program, events: list[str], rounds: int, steps: int) -> float:
    chart = charts.load(program)
    snapshot = start(chart, data={}, number="B-1", entity_id=1, tenant="bench", at=AT, actor=SYSTEM).snapshot
    sequence = [Event(name, {}, AT) for name in events] * (steps // len(events))
    snapshot = _walk(chart, snapshot, sequence)
    best = 0.0
    for _ in range(rounds):
        began = time.process_time()
        snapshot = _walk(chart, snapshot, sequence)
        best = max(best, len(sequence) / (time.process_time() - began))
    return best


def _walk(chart: Chart, snapshot: Snapshot, sequence: list[Event]) -> Snapshot:
    for event in sequence:
        made = step(chart, snapshot, event)
        assert made.taken, f"nobody took {event.name}"
        snapshot = made.snapshot
    return snapshot
