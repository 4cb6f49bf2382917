"""Exports run in the real XState library and are in the same states as here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from activities.actions import catalogue
from tests.definitions.shipped import DEFINITIONS, ROOT
from tests.exchange.random_charts import COUNT, EVENTS, programs
from tests.exchange.xstate_library import XState
from workflows.definition.compile import compile_file, compile_text
from workflows.definition.exchange.scxml_import import import_scxml
from workflows.definition.exchange.xstate import to_xstate
from workflows.definition.program import Program, Raise
from workflows.domain.durations import duration_seconds
from workflows.domain.errors import RuleRefused
from workflows.engine.simulation import Simulation

SIMPLE = (COUNT, Raise(event="c"))
"""Actions that mean the same in JavaScript."""


@pytest.fixture(scope="module")
def xstate() -> Iterator[XState]:
    with XState() as running:
        yield running


def trace(program: Program, given_steps: list[dict[str, Any]], data: dict[str, Any] | None = None) -> list[list[str]]:
    simulation = Simulation(program)
    simulation.start(data or {})
    seen = [simulation.state]
    for step in given_steps:
        if "advance" in step:
            simulation.advance(step["advance"])
        else:
            simulation.send(step["event"], step.get("data"))
        seen.append(simulation.state)
    return seen


def run(
    xstate: XState, program: Program, given_steps: list[dict[str, Any]], answers: dict[str, bool] | None = None
) -> Any:
    translated = [
        {"advance": duration_seconds(step["advance"]) * 1000} if "advance" in step else step for step in given_steps
    ]
    return xstate.run(to_xstate(program), translated, answers or {})


def compiled(text: str) -> Program:
    result = compile_text(text, filename="test.yaml", catalogue=catalogue())
    assert result.program is not None, result.diagnostics
    return result.program


@settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
@given(program=programs(SIMPLE, across_regions=False), events=st.lists(st.sampled_from(EVENTS), max_size=8))
def test_random_charts_run_alike(xstate: XState, program: Program, events: list[str]) -> None:
    """XState differs from SCXML where transitions cross regions or stand around them; such charts are left out."""
    given_steps = [{"event": event} for event in events]
    try:
        expected = trace(program, given_steps)
    except RuleRefused:
        assume(False)  # a chart without end; the library would run it for ever

    assert run(xstate, program, given_steps) == expected


TIMERS = """
process: waits
version: "1.0.0"
title: Waits
start: {by: [anyone]}
states:
  open:
    after: {in: P1D, to: late}
    states:
      idle:
        after:
          - {in: PT10M, to: asked}
      asked:
        transitions:
          answer: {by: [anyone], to: idle}
        after:
          - {in: PT1H, to: idle}
  late: {final: true}
"""


def test_waits_become_delays(xstate: XState) -> None:
    """Restarted on re-entry, cancelled on exit, of outer and inner states."""
    program = compiled(TIMERS)
    steps = [
        {"advance": "PT9M"},
        {"advance": "PT2M"},
        {"event": "answer"},
        {"advance": "PT9M"},
        {"advance": "PT1M"},
        {"advance": "PT1H"},
        {"advance": "P1D"},
    ]

    found = run(xstate, program, steps)

    assert found == trace(program, steps)
    assert found[1:] == [["idle"], ["asked"], ["idle"], ["idle"], ["asked"], ["idle"], ["late"]]


HISTORY = """
process: remembers
version: "1.0.0"
title: Remembers
start: {by: [anyone]}
states:
  work:
    parallel: true
    transitions:
      stop: {by: [anyone], to: stopped}
    states:
      left:
        states:
          a: {transitions: {next: {by: [anyone], to: b}}}
          b: {transitions: {finish: {by: [anyone], to: left_done}}}
          left_done: {final: true}
      right:
        states:
          c: {transitions: {next: {by: [anyone], to: d}}}
          d: {transitions: {finish: {by: [anyone], to: right_done}}}
          right_done: {final: true}
      memory: {history: deep, to: [b, d]}
    done: {to: finished}
  stopped:
    transitions:
      resume: {by: [anyone], to: work.memory}
  finished: {final: true}
"""


def test_deep_history_and_the_end_of_all_regions(xstate: XState) -> None:
    program = compiled(HISTORY)
    steps = [{"event": name} for name in ("next", "stop", "resume", "finish")]

    found = run(xstate, program, steps)

    assert found == [["a", "c"], ["b", "d"], ["stopped"], ["b", "d"], ["finished"]]
    assert found == trace(program, steps)


DEEP_START = """
<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" initial="p">
  <parallel id="p">
    <state id="r1"><state id="x1"/><state id="x2"><transition event="go.*" target="x1"/></state></state>
    <state id="r2" initial="y2">
      <state id="y1"/><state id="y2"><transition event="*" target="y1"/><transition event="go" target="r2"/></state>
    </state>
    <transition event="restart" target="x2 y2"/>
  </parallel>
</scxml>
"""


@pytest.mark.parametrize("events", [["go"], ["restart", "go.on"], ["restart", "gone"], ["restart"]])
def test_imported_charts_keep_prefixes_wildcards_and_several_targets(xstate: XState, events: list[str]) -> None:
    program = import_scxml(DEEP_START)
    steps = [{"event": event} for event in events]

    assert run(xstate, program, steps) == trace(program, steps)


def test_an_initial_transition_deep_inside_becomes_a_start_node(xstate: XState) -> None:
    program = import_scxml(DEEP_START.replace('initial="p"', 'initial="x2 y1"'))

    assert run(xstate, program, []) == trace(program, []) == [["x2", "y1"]]


def test_a_shipped_process_runs_to_its_end(xstate: XState) -> None:
    """Guards are answered from outside, since the library knows no CEL."""
    program = compile_file(ROOT / "quality" / "ncr_report.yaml", catalogue()).program
    assert program is not None
    steps: list[dict[str, Any]] = [
        {"event": "accept"},
        {"event": "approve"},
        {"event": "assign", "data": {"assignee": "technician", "disposition": "rework"}},
        {"event": "resolve", "data": {"comment": "Polished"}},
        {"event": "verify"},
        {"event": "close"},
    ]
    expected = trace(program, steps, {"severity": "minor", "description": "Scratches on the cover"})

    no = ("data.draft", "data.conceded", "data.root_cause_required")
    answers = {guard: not any(name in guard for name in no) for guard in guards(to_xstate(program))}
    found = run(xstate, program, steps, answers)

    assert found == expected
    assert found[-1] == ["closed"]


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.stem)
def test_every_shipped_definition_is_a_machine_of_the_library(xstate: XState, path: Path) -> None:
    """All targets resolve, all delays and guards have a name."""
    program = compile_file(path, catalogue()).program
    assert program is not None
    machine = to_xstate(program)

    found = xstate.run(machine, [], dict.fromkeys(guards(machine), True))

    assert isinstance(found, list), found
    assert json.loads(json.dumps(machine)) == machine


def guards(part: Any) -> set[str]:
    """All guard expressions of a machine."""
    if isinstance(part, list):
        return {guard for item in part for guard in guards(item)}
    if not isinstance(part, dict):
        return set()
    own = {part["params"]["expression"]} if part.get("type") == "cel" else set()
    return own | {guard for item in part.values() for guard in guards(item)}
