"""Why is it waiting: for every state of every shipped process there is an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from activities.actions import catalogue
from tests.engine.charts import AT
from tests.engine.people import Plant, person
from workflows.definition.checks.waiting import answers
from workflows.definition.compile import compile_file
from workflows.definition.folder import process_files
from workflows.engine.scenarios import actor_of, first_starter
from workflows.engine.simulation import Simulation
from workflows.engine.waiting import explain

SHIPPED = sorted(process_files(Path(__file__).parents[2] / "definitions"))

WORK = """
process: work
version: "1.0.0"
title: Work
start: {by: [role:inspector]}
states:
  review:
    title: Under review
    task: {title: Review it, candidates: [role:qc_manager, user:ann], due: PT8H}
    transitions:
      approve: {to: split}
      stop: {by: [role:supervisor], to: stopped}
  split:
    parallel: true
    states:
      left: {states: {busy: {after: {in: PT1H, to: over}}, over: {final: true}}}
      right: {states: {ready: {transitions: {go: {by: [role:engineer], to: gone}}}, gone: {final: true}}}
    done: {to: stopped}
  stopped: {final: true}
"""
INA, ANN, EVE = person("ina", "inspector"), person("ann"), person("eve", "engineer")


def why(plant: Plant, actor: object = INA) -> list[dict[str, object]]:
    return explain(plant.instance.chart, plant.instance.snapshot, actor, AT)  # type: ignore[arg-type]  # an actor


def test_a_task_is_waited_for_by_its_people_until_it_is_due() -> None:
    plant = Plant(WORK, INA)

    assert why(plant, ANN) == [
        {
            "state": "review",
            "title": "Under review",
            "since": AT,
            "waits_for": ["QC Manager or Ann to complete 'Review it'"],
            "until": "2026-03-02T16:00:00Z",
            "why": None,
            "then": "'Review it' is late",
            "you_can": ["approve"],
        }
    ]
    plant.command("claim", ANN)
    assert why(plant)[0]["waits_for"] == ["Ann to complete 'Review it'"]
    assert why(plant)[0]["you_can"] == []


def test_each_region_says_what_it_waits_for() -> None:
    plant = Plant(WORK, INA)
    plant.act("approve", ANN)
    busy, ready = why(plant, EVE)

    assert (busy["state"], busy["waits_for"]) == ("busy", ["the time 2026-03-02T09:00:00Z"])
    assert (busy["until"], busy["you_can"]) == ("2026-03-02T09:00:00Z", [])
    assert (ready["state"], ready["waits_for"], ready["you_can"]) == ("ready", ["Engineer: Go"], ["go"])

    plant.act("go", EVE)
    assert why(plant)[1]["waits_for"] == ["the other parts of Split"]


def test_what_has_ended_waits_for_nothing() -> None:
    plant = Plant(WORK, INA)
    plant.act("stop", person("sue", "supervisor"))

    assert why(plant) == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_no_state_of_a_shipped_process_lacks_an_answer(path: Path) -> None:
    program = compile_file(path, catalogue()).program
    assert program is not None

    assert [state.id for state, answered in answers(program) if not answered] == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_scenario_of_a_shipped_process_begins_with_an_answer(path: Path) -> None:
    compilation = compile_file(path, catalogue())
    assert compilation.program is not None
    assert compilation.document is not None
    for scenario in compilation.document.scenarios:
        found = Simulation(compilation.program, facts=dict(scenario.facts))
        by = scenario.start.by
        found.start(scenario.start.data, actor_of(by) if by else first_starter(compilation.program.start_by))
        chart, snapshot = found._chart, found.snapshot
        for entry in explain(chart, snapshot, INA, found.at, found.facts):
            assert entry["waits_for"], entry
