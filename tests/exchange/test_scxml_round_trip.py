"""A program that has gone out as SCXML and come back behaves as it did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from activities.actions import catalogue
from tests.definitions.shipped import DEFINITIONS
from tests.exchange.random_charts import programs, steps
from workflows.definition.compile import compile_file
from workflows.definition.exchange.scxml_export import to_scxml
from workflows.definition.exchange.scxml_import import import_scxml
from workflows.definition.program import Program
from workflows.domain.errors import JidokaError
from workflows.engine.simulation import Simulation


def trace(program: Program, given: list[dict[str, Any]]) -> list[Any]:
    """State, data and effects after the start and each step; an error ends the trace with its code."""
    simulation = Simulation(program)
    seen: list[Any] = []
    try:
        for step in [{"start": {}}, *given]:
            if "advance" in step:
                effects = simulation.advance(step["advance"])
            else:
                effects = simulation.send(step["event"]) if "event" in step else simulation.start({})
            seen.append((simulation.state, simulation.snapshot.data, effects, simulation.taken))
    except JidokaError as problem:
        seen.append(problem.code)
    return seen


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(program=programs(), given_steps=steps())
def test_random_charts_behave_the_same_after_the_round_trip(program: Program, given_steps: list[Any]) -> None:
    returned = import_scxml(to_scxml(program))

    assert trace(returned, given_steps) == trace(program, given_steps)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(program=programs())
def test_the_second_export_is_the_first(program: Program) -> None:
    once = to_scxml(program)

    assert to_scxml(import_scxml(once)) == once


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.stem)
def test_shipped_definitions_keep_everything(path: Path) -> None:
    """Tasks, forms, permissions, facts, actions and their retries come back as they were."""
    program = compile_file(path, catalogue()).program
    assert program is not None

    returned = import_scxml(to_scxml(program))

    assert to_scxml(returned) == to_scxml(program)
    assert returned.data_schema == program.data_schema
    assert [state.task for state in every_state(returned)] == [state.task for state in every_state(program)]
    assert permissions(returned) == permissions(program)


def every_state(program: Program) -> list[Any]:
    found = list(program.states)
    for state in found:
        found.extend(state.children)
    return found


def permissions(program: Program) -> list[Any]:
    return [
        (t.id, t.code, t.by, t.title, t.require, t.form, t.refusal)
        for state in every_state(program)
        for t in state.transitions
    ]
