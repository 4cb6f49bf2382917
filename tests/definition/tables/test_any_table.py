"""Whatever stands in a table, the compiler answers with diagnostics, and what it takes the engine can run."""

from __future__ import annotations

import contextlib
import copy
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.definition.catalogues import CATALOGUE
from tests.definition.tables.written import told
from workflows.definition.compile import compile_text
from workflows.definition.diagnostics import CODES, Report
from workflows.definition.reader import read
from workflows.domain.errors import RuleRefused
from workflows.engine import chart as charts
from workflows.engine.simulation import Simulation

GOOD = Path(__file__).parents[1] / "corpus" / "good"
SOURCE, TABLE = (read((GOOD / name).read_text(), Report(name)) for name in ("tables.yaml", "tables/approval.yaml"))
assert SOURCE is not None
assert TABLE is not None
TREE: dict[str, Any] = {**SOURCE.value, "tables": {**SOURCE.value["tables"], "approval": TABLE.value}, "scenarios": []}
WORDS = st.sampled_from(
    ["-", "", "null", "< 5", "<= 'a'", "!= null", "[1..5)", "(5..1]", "[1..", '["minor", 1]', "[]", '"minor"', "1e999",
     "severity", "cost > 1.0", "data.cost", "tables.board", "event.x", "first", "collect", "integer", "sum",
     "\x00", "\ud800"]
)  # fmt: skip
KEYS = st.sampled_from(["severity", "cost", "role", "level", "when", "then", "inputs", "hit", "member", "data", "now"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


PLACES = places(TREE["tables"], ("tables",))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=2))
def test_a_changed_table_gives_diagnostics_or_a_program_that_runs(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    tree = copy.deepcopy(TREE)
    for path, value in changes:
        owner: Any = tree
        for part in path[:-1]:
            owner = owner[part] if isinstance(owner, dict | list) and part in _keys(owner) else {}
        if isinstance(owner, dict | list) and path[-1] in _keys(owner):
            owner[path[-1]] = value
    found = compile_text(json.dumps(tree), filename="it.yaml", catalogue=CATALOGUE)

    assert {item.code for item in found.diagnostics} <= CODES.keys()
    assert (found.program is None) == bool(found.errors)
    if found.program is not None:
        charts.load(found.program)
        simulation = Simulation(found.program, facts={"holds": 1})
        simulation.start({"severity": "major", "cost": 1500.0, "customer": False, "lot": "L-1"})
        with contextlib.suppress(RuleRefused):
            simulation.send("submit")


def _keys(owner: dict[str, Any] | list[Any]) -> list[Any]:
    return list(owner) if isinstance(owner, dict) else list(range(len(owner)))


@pytest.mark.parametrize(
    "table",
    [
        "hit: first\ninputs: {quantity: data.quantity, cost: data.estimated_cost}\noutputs: {role: string}\nrules:\n"
        + "".join(f"  - {{when: {{quantity: {n}, cost: '> {n}'}}, then: {{role: '\"x\"'}}}}\n" for n in range(1000)),
        "inputs: {code: data.code}\noutputs: {role: string}\nrules:\n  - {when: {code: ["
        + ", ".join(f"'\"{n}\"'" for n in range(20_000))
        + "]}, then: {role: '\"x\"'}}\n",
        "inputs: {quantity: data.quantity}\noutputs: {role: string}\nrules:\n"
        + "".join(
            f"  - {{when: {{quantity: 'quantity % {n} == 0'}}, then: {{role: '\"x\"'}}}}\n" for n in range(1, 900)
        ),
    ],
    ids=["rows", "literals", "conditions"],
)
def test_a_large_table_is_answered_within_seconds(table: str) -> None:
    began = time.process_time()

    assert told(table)
    assert time.process_time() - began < 10
