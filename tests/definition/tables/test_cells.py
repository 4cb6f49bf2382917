"""How cells are read."""

from __future__ import annotations

from typing import Any

import pytest

from workflows.definition.tables.cells import NoLiteral, literal, test_of, written
from workflows.definition.tables.form import Among, Compare, Condition, Equal, Test, Within

read = test_of
del test_of  # or it would be collected


@pytest.mark.parametrize(
    ("raw", "test"),
    [
        ("-", None),
        (" - ", None),
        ('"minor"', Equal(value="minor")),
        ("'minor'", Equal(value="minor")),
        ('== "minor"', Equal(value="minor")),
        ('"a \\"b\\" \\u00e9"', Equal(value='a "b" é')),
        ('"<= 5"', Equal(value="<= 5")),
        ('"[1..5]"', Equal(value="[1..5]")),
        ("5", Equal(value=5)),
        ("-5", Equal(value=-5)),
        ("5.0", Equal(value=5.0)),
        ("1e3", Equal(value=1000.0)),
        ("true", Equal(value=True)),
        ("null", Equal(value=None)),
        (5, Equal(value=5)),
        (False, Equal(value=False)),
        (None, Equal(value=None)),
        ('["a", "b,c"]', Among(values=("a", "b,c"))),
        ("[1,2.5 , null]", Among(values=(1, 2.5, None))),
        (['"a"', 2], Among(values=("a", 2))),
        ("<= 10", Compare(operator="<=", value=10)),
        ("<10.5", Compare(operator="<", value=10.5)),
        (">= -1", Compare(operator=">=", value=-1)),
        ('> "2026-01-31"', Compare(operator=">", value="2026-01-31")),
        ("!= true", Compare(operator="!=", value=True)),
        ("[1..5)", Within(low=1, high=5, low_in=True, high_in=False)),
        ("( -1.5 .. 5 ]", Within(low=-1.5, high=5, low_in=False, high_in=True)),
        ('["a".."f"]', Within(low="a", high="f", low_in=True, high_in=True)),
        ("<= limit", Condition(source="x <= limit")),
        ("!= data.code", Condition(source="x != data.code")),
        ("x % 2 == 0", Condition(source="x % 2 == 0")),
        ('x.startsWith("<")', Condition(source='x.startsWith("<")')),
        ("x in [1, y]", Condition(source="x in [1, y]")),
        ("99999999999999999999", Condition(source="99999999999999999999")),
        ("[1..", Condition(source="[1..")),
    ],
)
def test_a_cell_is_the_simplest_test_that_it_can_be(raw: Any, test: Test | None) -> None:
    found = read("x", raw)

    assert found == test
    assert repr(found) == repr(test), "1 and 1.0 and true are different values"


@pytest.mark.parametrize(
    "text", ["", "minor", "1 + 1", "007", "1.", ".5", "'a' 'b'", '"\\x41"', "1e999", "9" * 19, "-"]
)
def test_what_is_no_literal(text: str) -> None:
    with pytest.raises(NoLiteral):
        literal(text)


@pytest.mark.parametrize(
    ("value", "cel"),
    [
        (1, "1"),
        (1.0, "1.0"),
        (True, "true"),
        (None, "null"),
        (' "a" ', '"a"'),
        (['"a"', ["x + 1", 2]], '["a", [x + 1, 2]]'),
        ({"role": '"a"', "level": 1}, '{"role": "a", "level": 1}'),
    ],
)
def test_values_are_written_as_cel(value: Any, cel: str) -> None:
    assert written(value) == cel
