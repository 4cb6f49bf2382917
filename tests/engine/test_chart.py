"""Programs become charts once, and broken ones are refused."""

from __future__ import annotations

import json

import pytest

from tests.engine.charts import Instance, assign, cel, program, regions, state, to
from workflows.definition.program import Items, Program, Record, Text
from workflows.domain.errors import Conflict, InvalidInput
from workflows.engine import chart as charts
from workflows.engine.draft import Draft
from workflows.engine.events import Event
from workflows.engine.snapshot import Snapshot
from workflows.engine.step import step
from workflows.engine.values import as_text, compile_value


def test_equal_programs_share_a_chart() -> None:
    one = program(state("a", to("b", event="go")), state("b"))
    other = Program.from_canonical(one.canonical())

    assert other is not one
    assert charts.load(other) is charts.load(one)


def test_children_are_numbered_within_the_range_of_their_state() -> None:
    chart = charts.load(program(regions("p", state("r1", state("x")), state("r2", state("y"))), state("z")))
    ranges = {node.id: (node.number, node.last) for node in chart.nodes}

    assert ranges == {"": (0, 6), "p": (1, 5), "r1": (2, 3), "x": (3, 3), "r2": (4, 5), "y": (5, 5), "z": (6, 6)}


@pytest.mark.parametrize(
    "broken",
    [
        program(state("a", to("nowhere", event="go"))),
        program(state("a"), state("a")),
        program(state("a", to("a", event="go", when="data.x >"))),
        program(state("a", to("a", event="go", when="nobody.x > 1"))),
        program(state("a", to("a", event="go", do=[assign(x=cel("1 +"))]))),
    ],
)
def test_what_cannot_run_is_refused_when_it_is_loaded(broken: Program) -> None:
    with pytest.raises(InvalidInput):
        charts.load(broken)


def test_a_snapshot_of_another_program_is_refused() -> None:
    instance = Instance(program(state("a")))
    with pytest.raises(Conflict) as refused:
        step(instance.chart, Snapshot(status="running", configuration=["gone"]), Event("go"))

    assert refused.value.code == "STATE_UNKNOWN"


def test_a_compound_state_without_an_initial_one_starts_with_its_first() -> None:
    assert Instance(program(state("a", state("a1"), state("a2")))).state == "a1"


def test_many_event_names_do_not_fill_the_memory() -> None:
    instance = Instance(program(state("a", to(event="go"))))
    for number in range(10_000):
        instance.chart.arcs(1, f"unknown.{number}")

    assert len(instance.chart._by_event) <= 4096


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        (5, "5"),
        (5.0, "5"),
        (2.5, "2.5"),
        (True, "true"),
        (None, ""),
        ([1, "ä"], '[1, "ä"]'),
        ({"a": 1}, '{"a": 1}'),
    ],
)
def test_values_read_well_inside_a_text(value: object, text: str) -> None:
    assert as_text(value) == text


def test_values_nest() -> None:
    nested = Record(fields={"a": Items(items=(cel("data.n"), Text(parts=("n=", "data.n", "!"))))})
    instance = Instance(program(state("s"), data={"n": 3}))
    draft = Draft(instance.chart, instance.snapshot, Event("x"))

    assert compile_value(nested)(draft) == {"a": [3, "n=3!"]}


def test_a_snapshot_survives_json() -> None:
    instance = Instance(program(state("a", entry=[assign(x=[1, {"y": None}])])))
    raw = json.dumps(instance.snapshot.to_json())

    assert Snapshot.from_json(json.loads(raw)) == instance.snapshot


def test_a_snapshot_with_an_unknown_field_is_refused() -> None:
    with pytest.raises(TypeError):
        Snapshot.from_json({"status": "running", "future": 1})
