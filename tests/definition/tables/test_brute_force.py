"""Random tables over small domains: the checks say what trying every case says, and deciding does what the cells say.

The oracle reads the spelling of the cells by itself, so that a mistake in reading them shows as well.
"""

from __future__ import annotations

import operator
from itertools import combinations, product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.definition.expressions import Scope
from workflows.definition.tables.cells import test_of as read_cell
from workflows.definition.tables.cover import Grid, column
from workflows.definition.tables.form import Rule, Table
from workflows.definition.typing.shapes import shape_of
from workflows.domain.errors import RuleRefused
from workflows.engine.decisions import DecisionTable

SCHEMAS: dict[str, dict[str, Any]] = {
    "whole": {"type": "integer", "minimum": 0, "maximum": 4},
    "number": {"type": "number", "exclusiveMinimum": 0, "maximum": 3},
    "maybe": {"type": ["integer", "null"], "minimum": 0, "maximum": 2},
    "word": {"enum": ["a", "b", "c"]},
    "flag": {"type": "boolean"},
}
DOMAINS: dict[str, list[Any]] = {
    "whole": [0, 1, 2, 3, 4],
    "number": [0.25, 0.5, 0.75, 1.0, 1.75, 2.5, 2.75, 3.0],
    "maybe": [None, 0, 1, 2],
    "word": ["a", "b", "c"],
    "flag": [True, False],
}
"""Every value; of `number` one of every class that the literals below can tell apart."""
_OPERATORS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "!=": operator.ne,
    "==": operator.eq,
}


def numbers(name: str) -> st.SearchStrategy[str]:
    point = (
        st.integers(-1, 5).map(str) if name != "number" else st.sampled_from(["-1", "0", "0.5", "1", "2.5", "3.0", "4"])
    )
    compared = st.builds("{} {}".format, st.sampled_from(list(_OPERATORS)), point)
    ranged = st.builds("{}{}..{}{}".format, st.sampled_from("[("), point, point, st.sampled_from("])"))
    listed = st.lists(point, min_size=1, max_size=3).map(lambda items: f"[{', '.join(items)}]")
    return st.one_of(compared, ranged, listed, point)


CELLS = {
    "whole": numbers("whole"),
    "number": numbers("number"),
    "maybe": st.one_of(numbers("maybe"), st.sampled_from(["null", "!= null", "[null, 1]"])),
    "word": st.sampled_from(['"a"', '!= "b"', '["a", "c"]', '== "c"']),
    "flag": st.sampled_from(["true", "false", "!= true"]),
}
ROWS = st.fixed_dictionaries({}, optional=CELLS)
TABLES = st.lists(ROWS, min_size=1, max_size=6)


def holds(cell: str, value: Any) -> bool:
    """The meaning of a cell, read from its text."""
    for sign in ("<=", ">=", "==", "!=", "<", ">"):
        if cell.startswith(sign):
            limit = constant(cell.removeprefix(sign).strip())
            if value is None or limit is None:
                return {"==": value is limit, "!=": value is not limit}.get(sign, False)
            return bool(_OPERATORS[sign](value, limit))
    if ".." in cell:
        low, high = (constant(part) for part in cell[1:-1].split(".."))
        inside = value is not None and low <= value <= high
        return inside and (value != low or cell[0] == "[") and (value != high or cell[-1] == "]")
    several = cell[1:-1].split(",") if cell[0] == "[" else [cell]
    return value in [constant(part.strip()) for part in several]


def constant(text: str) -> Any:
    if text in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[text]
    return text.strip('"') if text.startswith('"') else float(text)


def cases(rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    used = [name for name in CELLS if any(name in row for row in rows)]
    return [dict(zip(used, values, strict=True)) for values in product(*(DOMAINS[name] for name in used))]


def matched(rows: list[dict[str, str]], case: dict[str, Any]) -> list[int]:
    return [at for at, row in enumerate(rows) if all(holds(cell, case[name]) for name, cell in row.items())]


def grid(rows: list[dict[str, str]]) -> Grid:
    parsed = [{name: read_cell(name, cell) for name, cell in row.items()} for row in rows]
    tests = [{name: test for name, test in row.items() if test is not None} for row in parsed]
    used = [name for name in CELLS if any(name in row for row in rows)]
    columns = [column(name, shape_of(SCHEMAS[name]), [row[name] for row in tests if name in row]) for name in used]
    return Grid(columns, tests, conditions_hold=False)


def decision_table(rows: list[dict[str, str]], hit: Any) -> DecisionTable:
    rules = []
    for number, row in enumerate(rows, start=1):
        tests = {name: read_cell(name, cell) for name, cell in row.items()}
        rules.append(Rule(when={name: test for name, test in tests.items() if test}, then={"rule": str(number)}))
    inputs = {name: f"data.{name}" for name in CELLS}
    return DecisionTable("it", Table(hit=hit, inputs=inputs, outputs={"rule": {"type": "integer"}}, rules=tuple(rules)))


@settings(max_examples=120, deadline=None)
@given(TABLES)
def test_a_gap_is_found_exactly_when_there_is_one(rows: list[dict[str, str]]) -> None:
    case = grid(rows).uncovered()

    assert (case is None) == all(matched(rows, each) for each in cases(rows))
    assert case is None or matched(rows, case) == []


@settings(max_examples=120, deadline=None)
@given(TABLES)
def test_an_overlap_is_found_exactly_when_there_is_one(rows: list[dict[str, str]]) -> None:
    found = grid(rows)
    together = {pair for case in cases(rows) for pair in combinations(matched(rows, case), 2)}

    for pair in combinations(range(len(rows)), 2):
        case = found.common(*pair)
        assert (case is not None) == (pair in together)
        assert case is None or set(pair) <= set(matched(rows, case))


@settings(max_examples=120, deadline=None)
@given(TABLES)
def test_a_rule_is_called_never_first_exactly_when_it_never_is(rows: list[dict[str, str]]) -> None:
    found = grid(rows)
    first = {numbers[0] for case in cases(rows) if (numbers := matched(rows, case))}
    ever = {number for case in cases(rows) for number in matched(rows, case)}

    for number in range(len(rows)):
        assert found.possible(number) == (number in ever)
        case = found.reached(number, before=found)
        assert (case is not None) == (number in first)
        assert case is None or matched(rows, case)[0] == number


@settings(max_examples=150, deadline=None)
@given(TABLES, st.fixed_dictionaries({name: st.sampled_from(values) for name, values in DOMAINS.items()}))
def test_a_decision_is_what_the_cells_say_whenever_it_is_taken(
    rows: list[dict[str, str]], data: dict[str, Any]
) -> None:
    expected = [number + 1 for number in matched(rows, data)]

    for hit in ("unique", "first", "collect"):
        outcomes = []
        for _ in range(2):
            try:
                given_out = decision_table(rows, hit).decide(Scope({"data": data}))
            except RuleRefused as refused:
                outcomes.append((refused.code, refused.details["rules"]))
            else:
                outcomes.append(("", [item["rule"] for item in (given_out if hit == "collect" else [given_out])]))
        assert outcomes[0] == outcomes[1]
        if not expected:
            assert outcomes[0] == ("TABLE_NO_RULE", [])
        elif hit == "unique" and len(expected) > 1:
            assert outcomes[0] == ("TABLE_NOT_UNIQUE", expected)
        else:
            assert outcomes[0] == ("", expected[:1] if hit == "first" else expected)
