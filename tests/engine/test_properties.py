"""What holds for every chart, tried on random ones, and against a second, literal reading of the standard."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.appendix_d import AppendixD, Endless
from tests.engine.charts import AT, Instance, assign, cel, final, program, regions, state, to
from tests.engine.random_charts import EVENTS, programs
from workflows.definition.program import Program
from workflows.domain.errors import RuleRefused
from workflows.engine import chart as charts
from workflows.engine.events import SYSTEM, Event, Step
from workflows.engine.snapshot import Snapshot
from workflows.engine.step import start, step
from workflows.engine.tables import ROOT, Chart

MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
walks = st.lists(st.sampled_from(EVENTS), min_size=2, max_size=8)


def begin(program: Program) -> tuple[Chart, Step | None]:
    """The first step; None where the chart does not come to rest."""
    chart = charts.load(program)
    try:
        return chart, start(chart, data={}, number="R-1", entity_id=1, tenant="t", at=AT, actor=SYSTEM)
    except RuleRefused as refused:
        return chart, _endless(refused)


def take(chart: Chart, snapshot: Snapshot, event: str) -> Step | None:
    """The next step; None where it does not come to rest."""
    try:
        return step(chart, snapshot, Event(event, {}, AT))
    except RuleRefused as refused:
        return _endless(refused)


def _endless(refused: RuleRefused) -> None:
    """Not coming to rest is the only refusal a random chart may meet."""
    assert refused.code == "MICROSTEP_BOUND"


def steps(program: Program, events: list[str]) -> list[Step]:
    chart, made = begin(program)
    found = [made] if made is not None else []
    for event in events if made is not None else ():
        following = take(chart, found[-1].snapshot, event)
        if following is not None:
            found.append(following)
    return found


@dataclass(frozen=True)
class Legality:
    """The rules of a legal configuration, SCXML 3.11."""

    chart: Chart
    active: list[int]

    def problems(self) -> list[str]:
        nodes = self.chart.nodes
        found = [] if self.active == sorted(set(self.active)) else ["not in document order"]
        for number in [ROOT, *self.active]:
            node = nodes[number]
            inside = [child for child in node.children if child in self.active]
            if node.kind == "history":
                found.append(f"history state {node.id} is active")
            if node.kind == "compound" and len(inside) != 1:
                found.append(f"compound state {node.id!r} has {len(inside)} active children")
            if node.kind == "parallel" and len(inside) != len(node.children):
                found.append(f"parallel state {node.id} lacks a region")
            if number != ROOT and node.parent != ROOT and node.parent not in self.active:
                found.append(f"{node.id} is active without its parent")
        return found


@MANY
@given(programs(), walks)
def test_the_configuration_is_always_legal(program: Program, events: list[str]) -> None:
    chart = charts.load(program)
    for made in steps(program, events):
        active = [chart.number_of[name] for name in made.snapshot.configuration]
        assert Legality(chart, active).problems() == []
        assert set(made.snapshot.entered) == set(made.snapshot.configuration)


@MANY
@given(programs(), walks)
def test_steps_are_deterministic(program: Program, events: list[str]) -> None:
    again = Program.from_canonical(program.canonical())

    assert steps(program, events) == steps(again, events)


@MANY
@given(programs(), walks)
def test_a_step_leaves_its_argument_as_it_was(program: Program, events: list[str]) -> None:
    chart, made = begin(program)
    for event in events:
        if made is None:
            break
        before = copy.deepcopy(made.snapshot)
        following = take(chart, made.snapshot, event)
        assert made.snapshot == before
        made = following or made


@MANY
@given(programs(), walks)
def test_a_snapshot_that_went_through_json_continues_the_same(program: Program, events: list[str]) -> None:
    chart, made = begin(program)
    for event in events:
        if made is None:
            break
        reloaded = Snapshot.from_json(json.loads(json.dumps(made.snapshot.to_json())))
        assert reloaded == made.snapshot
        following = take(chart, made.snapshot, event)
        assert take(chart, reloaded, event) == following
        made = following or made


@settings(MANY, max_examples=300)
@given(programs(), walks)
def test_the_engine_does_what_the_appendix_says(program: Program, events: list[str]) -> None:
    """Same configuration, same trace of actions, same count, after the start and after every event."""
    chart, made = begin(program)
    try:
        literal = AppendixD(program, 0)
    except Endless:
        assert made is None
        return
    assert made is not None
    _compare(made, literal)
    for event in events:
        made = take(chart, made.snapshot, event)
        try:
            literal.send(event)
        except Endless:
            assert made is None
            return
        assert made is not None
        _compare(made, literal)


def _compare(made: Step, literal: AppendixD) -> None:
    done = made.snapshot.status == "done"
    trace = [effect["label"] for effect in made.effects if effect["kind"] == "log"]
    if done and made.effects:
        # The appendix ends the interpreter here; its exit actions of the last final are checked elsewhere.
        trace = trace[: trace.index(f"-{made.snapshot.outcome}", len(literal.trace))]
    assert sorted(made.snapshot.configuration) == sorted(literal.configuration)
    assert trace == literal.trace
    assert made.snapshot.data["n"] == literal.n or done
    assert done is not literal.running


@dataclass(frozen=True)
class Race:
    """Regions that need so many events each, and the order in which the events come."""

    lengths: list[int]
    order: list[int]


@st.composite
def races(draw: st.DrawFn) -> Race:
    lengths = draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    needed = [region for region, length in enumerate(lengths) for _ in range(length)]
    return Race(lengths, draw(st.permutations(needed)))


def racing(lengths: list[int]) -> Program:
    """A parallel state that counts how often it is done; region i goes one further with every event `go.i`."""
    tracks = [
        state(
            f"r{region}",
            *[state(f"r{region}_{at}", to(f"r{region}_{at + 1}", event=f"go.{region}")) for at in range(length)],
            final(f"r{region}_{length}"),
        )
        for region, length in enumerate(lengths)
    ]
    p = regions("p", *tracks, to(event="done.state.p", do=[assign(done=cel("data.done + 1"))]))
    return program(p, data={"done": 0})


@MANY
@given(races())
def test_a_parallel_state_is_done_once_all_its_regions_are_and_not_before(race: Race) -> None:
    instance = Instance(racing(race.lengths))
    left = list(race.lengths)
    assert (instance.snapshot.data["done"] > 0) is not any(left)
    for region in race.order:
        instance.send(f"go.{region}")
        left[region] -= 1
        assert instance.snapshot.data["done"] == (0 if any(left) else 1)
