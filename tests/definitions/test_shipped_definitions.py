"""Every shipped definition is free of remarks, and its scenarios take every transition."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from activities.actions import catalogue
from api.cli.definition_files import empty_facts
from tests.definitions.shipped import DEFINITIONS, ROOT
from workflows.definition.compile import compile_file
from workflows.definition.program import Program
from workflows.engine.scenarios import run_all

SCHEMAS = sorted(ROOT.glob("*/schemas/*.json")) + sorted(ROOT.glob("*/forms/*.json"))
each = pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.stem)


def shipped(name: str) -> Program:
    program = compile_file(ROOT / f"{name}.yaml", catalogue()).program
    assert program is not None
    return program


def test_the_processes_of_the_product_are_there() -> None:
    assert {path.stem for path in DEFINITIONS} >= {
        "order",
        "work_order_operation",
        "ncr_report",
        "capa",
        "mrb",
        "webhook_delivery",
    }


@each
def test_there_is_nothing_to_remark(path: Path) -> None:
    result = compile_file(path, catalogue())

    assert [str(diagnostic) for diagnostic in result.diagnostics] == []
    assert result.program is not None
    assert result.program.process == path.stem


@each
def test_all_scenarios_pass_and_take_every_transition(path: Path) -> None:
    result = compile_file(path, catalogue())
    assert result.program is not None
    assert result.document is not None

    results, coverage = run_all(result.program, result.document.scenarios, empty_facts(result.program))

    assert {one.name: one.problems for one in results if not one.passed} == {}
    assert coverage.uncovered == []


@each
def test_every_state_and_every_transition_of_people_has_a_title(path: Path) -> None:
    """What people read is written by people, not made of an identifier."""
    for state in every_state(shipped(f"{path.parent.name}/{path.stem}")):
        if state.kind != "history":
            assert state.title, state.id
        for transition in state.transitions:
            if transition.code is not None:
                assert transition.title, transition.id


@each
def test_the_data_schema_is_closed(path: Path) -> None:
    schema = shipped(f"{path.parent.name}/{path.stem}").data_schema

    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_schemas_are_closed_and_titled(path: Path) -> None:
    """Objects take no unknown fields, except maps that say what their values are."""
    schema = json.loads(path.read_text())

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    for part in parts(schema):
        if part.get("type") == "object":
            assert part.get("additionalProperties") is False or isinstance(part["additionalProperties"], dict)


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_every_schema_is_used(path: Path) -> None:
    area = path.parents[1]
    texts = [other.read_text() for other in area.rglob("*.*") if other != path]

    assert any(path.name in text for text in texts)


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for part in schema.values():
            yield from parts(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from parts(part)


def every_state(program: Program) -> list[Any]:
    found = list(program.states)
    for state in found:
        found.extend(state.children)
    return found
