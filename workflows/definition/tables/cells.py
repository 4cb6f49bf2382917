"""Cells of a decision table: from their spelling to a test. A text is a literal, a list `["a", "b"]`, a comparison
`<= 10`, a range `[1..5)`, `-` for anything, or else CEL that reads the inputs by name.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from workflows.definition.tables.form import Among, Compare, Condition, Equal, Scalar, Test, Within

_TEXT = r"\"(?:[^\"\\]|\\.)*\"|'[^'\\]*'"
_NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
_LITERAL = rf"(?:{_TEXT}|{_NUMBER}|true|false|null)"
_ONE = re.compile(_LITERAL)
_LIST = re.compile(rf"\[\s*({_LITERAL}(?:\s*,\s*{_LITERAL})*)\s*\]")
_RANGE = re.compile(rf"([\[(])\s*({_TEXT}|{_NUMBER})\s*\.\.\s*({_TEXT}|{_NUMBER})\s*([\])])")
_COMPARISON = re.compile(r"(<=|>=|==|!=|<|>)\s*(.+)", re.DOTALL)
_INT64 = 2**63


class NoLiteral(ValueError):
    """A text that is not a literal, or one outside the range of its type."""


def literal(source: str) -> Scalar:
    """The value of a CEL literal.

    Raises:
        NoLiteral: it is none.
    """
    text = source.strip()
    if _ONE.fullmatch(text) is None:
        raise NoLiteral(text)
    if text.startswith("'"):
        return text[1:-1]
    try:
        value: Scalar = json.loads(text)
    except ValueError as problem:  # an escape that JSON does not know, a number such as 007
        raise NoLiteral(text) from problem
    if value in (math.inf, -math.inf) or (isinstance(value, int) and not -_INT64 <= value < _INT64):
        raise NoLiteral(text)
    return value


def written(value: Any) -> str:
    """A JSON value as CEL; a text inside is CEL already."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {written(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)


def quoted(value: Scalar) -> str:
    """A literal as people read it."""
    return json.dumps(value, ensure_ascii=False)


def test_of(name: str, raw: Any) -> Test | None:
    """The test that a cell of the input `name` asks for; None takes anything."""
    text = written(raw)
    if text == "-":
        return None
    try:
        return _simple(text) or Condition(source=text)
    except NoLiteral:
        return Condition(source=_compared(name, text))


def _simple(text: str) -> Test | None:
    """One of the forms that the checks understand; None for any other text.

    Raises:
        NoLiteral: one of these forms, with something else than literals in it.
    """
    if match := _RANGE.fullmatch(text):
        opening, low, high, closing = match.groups()
        return Within(low=literal(low), high=literal(high), low_in=opening == "[", high_in=closing == "]")
    if match := _LIST.fullmatch(text):
        return Among(values=tuple(literal(item[0]) for item in _ONE.finditer(match[1])))
    if match := _COMPARISON.fullmatch(text):
        operator, value = match[1], literal(match[2])
        return (
            Equal(value=value) if operator == "==" else Compare.model_validate({"operator": operator, "value": value})
        )
    return Equal(value=literal(text)) if _ONE.fullmatch(text) else None


def _compared(name: str, text: str) -> str:
    """`<= limit` asks the input; any other text stands for itself."""
    return f"{name} {text}" if _COMPARISON.fullmatch(text) else text
