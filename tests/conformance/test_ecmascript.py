"""ECMAScript expressions as CEL: same values for the same data, or a refusal."""

from __future__ import annotations

from typing import Any

import pytest

from workflows.definition.exchange import ecmascript, ecmascript_cel
from workflows.definition.exchange.ecmascript import NotConvertible
from workflows.definition.expressions import Scope, compile_expression
from workflows.domain.errors import ExpressionFailed

DATA = {"i": 5, "f": 2.5, "s": "text", "none": None, "no": False, "xs": [1, 2, 3], "o": {"a": {"b": 7}}, "zero": 0}
NAMES = {name: f"data.{name}" for name in DATA}
SCOPE = Scope(
    {
        "data": DATA,
        "event": {"n": 3, "kind": "late"},
        "state": ["a", "b1"],
        "instance": {"id": 1, "process": "p", "event": "go"},
    }
)


def value(text: str) -> Any:
    return compile_expression(ecmascript_cel.value(ecmascript.parse_expression(text), NAMES)).value(SCOPE)


def truth(text: str) -> bool:
    return compile_expression(ecmascript_cel.condition(ecmascript.parse_expression(text), NAMES)).holds(SCOPE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i + 1", 6),
        ("i * 2 - 3", 7),
        ("(i + 1) * 2", 12),
        ("-i + 10", 5),
        ("i % 3", 2),
        ("i / 2", 2.5),
        ("i * 1.5", 7.5),
        ("Math.pow(i, 3)", 125),
        ("Math.abs(0 - i)", 5),
        ("Math.max(i, 9)", 9),
        ("'n=' + i", "n=5"),
        ("s + '!'", "text!"),
        ("'a' + 'b' + i + no", "ab5false"),
        ("o.a.b", 7),
        ("o['a'].b", 7),
        ("xs[1]", 2),
        ("xs.length", 3),
        ("[i, 's', [1]]", [5, "s", [1]]),
        ("{x: i, 'y z': {}}", {"x": 5, "y z": {}}),
        ("i > 3 ? 'big' : 'small'", "big"),
        ("i > 3 ? 1 : 'small'", 1),
        ("none || 'default'", "default"),
        ("s && i", 5),
        ("_event.data.n", 3),
        ("_event.name", "go"),
        ("[].concat(xs, [4])", [1, 2, 3, 4]),
        ("[].concat(i, xs)", [5, 1, 2, 3]),
        ("0x1F", 31),
        ("'\\u00e9\\n\"'", 'é\n"'),
        ("null", None),
        ("undefined", None),
    ],
)
def test_values(text: str, expected: Any) -> None:
    found = value(text)

    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i === 5", True),
        ("i == 5.0", True),
        ("f === 2.5", True),
        ("i !== 5", False),
        ("s === 'text' && i >= 5", True),
        ("i < 5 || f < 3", True),
        ("!(i < 5)", True),
        ("In('b1') && !In('c')", True),
        ("i", True),
        ("zero", False),
        ("none", False),
        ("''", False),
        ("s", True),
        ("xs", True),
        ("[]", True),
        ("!none", True),
        ("i && zero", False),
        ("none === undefined", True),
        ("1 === '1'", False),
        ("1 !== '1'", True),
        ("typeof none === 'undefined'", True),
        ("typeof unheard === 'undefined'", True),
        ("typeof _event.data.gone === 'undefined'", True),
        ("typeof _event.data.n !== 'undefined'", True),
        ("typeof _event.data === 'undefined'", False),
        ("typeof s === 'string'", True),
        ("typeof no == 'boolean'", True),
        ("xs instanceof Array", True),
        ("s instanceof Array", False),
        ("'kind' in _event.data", True),
        ("i /* here */ > 3 // and there", True),
    ],
)
def test_conditions(text: str, expected: bool) -> None:
    assert truth(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "i +",
        "i = 5",
        "i++",
        "nobody",
        "_event",
        "_event.sendid",
        "_ioprocessors",
        "new Date()",
        "Math.random()",
        "Date.now()",
        "foo(i)",
        "i | 1",
        "i ** 2",
        "function () { return 1 }",
        "x => x",
        "this.i",
        "xs === xs.length || [1] === [1]",
        "'a' - 1",
        "'1' == 1",
        "`text`",
        "/regex/",
        "1.5 % 1",
        "s.charAt(0)",
        "99999999999999999999",
        "[1, 2",
        "{a: 1",
        "'open",
        "(" * 200 + "1" + ")" * 200,
        "!" * 500 + "i",
        " + ".join(["i"] * 1000),
        "i" + ".a" * 1000,
    ],
)
def test_refusals(text: str) -> None:
    with pytest.raises(NotConvertible):
        value(text)


def test_a_fraction_met_where_whole_numbers_were_written_fails_and_is_never_rounded() -> None:
    with pytest.raises(ExpressionFailed):
        value("f + 1")
    assert value("f + 1.5") == 4.0


def test_words_that_cel_keeps_for_itself_are_quoted() -> None:
    assert ecmascript_cel.member("data", "package") == 'data["package"]'
    assert ecmascript_cel.member("data", "$x") == 'data["$x"]'
    assert ecmascript_cel.member("data", "lot") == "data.lot"


def test_scripts_are_assignments_and_calls() -> None:
    statements = ecmascript.parse_script("var a = 1, b; x += 2; x++; function f() { y = 3; } f();")

    assert [type(item).__name__ for item in statements] == ["Assignment"] * 4 + ["Function", "Call"]


@pytest.mark.parametrize(
    "text", ["if (x) { y = 1 }", "return 1", "x", "function f(a) { x = a }", "while (true) {}", "x = 1; }"]
)
def test_other_statements_are_refused(text: str) -> None:
    with pytest.raises(NotConvertible):
        ecmascript.parse_script(text)
