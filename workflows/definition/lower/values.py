"""Values, texts with holes and durations: from their YAML spelling to that of the Program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from workflows.definition.document.base import WORKING_TIME
from workflows.definition.lower.context import Expected, Lowering, Names
from workflows.definition.program import Cel, Const, Items, Record, Text, Value
from workflows.definition.reader import Path
from workflows.definition.suggestions import did_you_mean
from workflows.domain.calendars import WorkingDuration, parse
from workflows.domain.durations import NotADuration, duration_seconds
from workflows.domain.errors import InvalidInput

_WHO = re.compile(r"(?:role|group|user):[A-Za-z0-9_.@-]+", re.ASCII)


class BadTemplate(ValueError):
    """A text with a hole that does not close, or is empty."""


def lower_value(lowering: Lowering, raw: Any, path: Path, names: Names) -> Value:
    """A text is CEL; lists and mappings without any CEL inside become one constant."""
    if isinstance(raw, str):
        return Cel(source=lowering.expression(raw, path, names))
    if isinstance(raw, list):
        items = tuple(lower_value(lowering, item, (*path, index), names) for index, item in enumerate(raw))
        if all(isinstance(item, Const) for item in items):
            return Const(value=raw)
        return Items(items=items)
    if isinstance(raw, dict):
        fields = lower_values(lowering, raw, path, names)
        if all(isinstance(item, Const) for item in fields.values()):
            return Const(value=raw)
        return Record(fields=fields)
    return Const(value=raw)


def lower_values(lowering: Lowering, raw: dict[str, Any], path: Path, names: Names) -> dict[str, Value]:
    return {key: lower_value(lowering, item, (*path, key), names) for key, item in raw.items()}


def lower_expression(
    lowering: Lowering, source: str | None, path: Path, names: Names, expected: Expected = "any"
) -> Cel | None:
    return None if source is None else Cel(source=lowering.expression(source, path, names, expected))


def lower_text(lowering: Lowering, template: str, path: Path, names: Names) -> Text:
    """A template; after a diagnostic, the template as literal text."""
    try:
        parts = list(split_template(template))
    except BadTemplate as problem:
        lowering.problem("J108", path, f"{problem} in `{template[:60]}`", "a literal brace is written `{{` or `}}`")
        return Text(parts=(template,))
    for offset, part in parts[1::2]:
        lowering.expression(part, path, names, "any", offset)
    return Text(parts=tuple(part.strip() if index % 2 else part for index, (_, part) in enumerate(parts)))


def split_template(template: str) -> Iterator[tuple[int, str]]:
    """Literal texts and expressions in turn with where they begin, first and last a literal.

    Raises:
        BadTemplate: a hole does not close or is empty, or a `}` stands alone.
    """
    literal, index, begin = "", 0, 0
    while index < len(template):
        character = template[index]
        if template[index : index + 2] in ("{{", "}}"):
            literal, index = literal + character, index + 2
        elif character == "{":
            end = _end_of_hole(template, index + 1)
            expression = template[index + 1 : end]
            if not expression.strip():
                raise BadTemplate("an empty hole")
            yield begin, literal
            yield index + 1, expression
            literal, index, begin = "", end + 1, end + 1
        elif character == "}":
            raise BadTemplate("a `}` without its `{`")
        else:
            literal, index = literal + character, index + 1
    yield begin, literal


def _end_of_hole(template: str, index: int) -> int:
    """Index of the brace that closes the hole; braces nest, and those inside quotes do not count."""
    depth, quote = 0, ""
    while index < len(template):
        character = template[index]
        if quote:
            if character == "\\":
                index += 1
            elif character == quote:
                quote = ""
        elif character in "'\"":
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}":
            if depth == 0:
                return index
            depth -= 1
        index += 1
    raise BadTemplate("a hole that does not close")


def lower_duration(lowering: Lowering, text: str | None, path: Path, names: Names) -> Value | None:
    """A literal duration as it is, anything that does not start with P as CEL."""
    if text is None:
        return None
    if text.startswith("P"):
        literal_seconds(lowering, text, path)
        return Const(value=text)
    if WORKING_TIME.fullmatch(text.strip()):
        return Const(value=text.strip()) if working_length(lowering, text, path) is not None else None
    return Cel(source=lowering.expression(text, path, names, "duration"))


def working_length(lowering: Lowering, text: str, path: Path) -> WorkingDuration | None:
    """Working time that can be counted; None after a diagnostic."""
    if lowering.document.calendar is None:
        hint = "name one at the head: `calendar: NAME`"
        lowering.problem("J106", path, f"`{text}` is working time, and the process has no calendar", hint)
        return None
    try:
        return parse(text)
    except InvalidInput as problem:
        lowering.problem("J106", path, problem.message)
        return None


def literal_seconds(lowering: Lowering, text: str, path: Path) -> float | None:
    """Seconds of a duration that must be written out; None after a diagnostic."""
    if WORKING_TIME.fullmatch(text.strip()):
        instead = "use clock time such as PT24H or P3D"
        lowering.problem("J106", path, f"`{text}`: working time counts only for people and in `after`", instead)
        return None
    try:
        return duration_seconds(text)
    except NotADuration as problem:
        hint = "months and years have no fixed length; use days" if re.match(r"P\d+[YM]", text) else None
        lowering.problem("J106", path, str(problem), hint)
        return None


def lower_who(lowering: Lowering, text: str, path: Path, names: Names) -> Value:
    """`role:NAME`, `group:NAME`, `user:NAME` as it is, anything else as CEL."""
    if _WHO.fullmatch(text):
        check_roles(lowering, [text], path)
        return Const(value=text)
    return Cel(source=lowering.expression(text, path, names, "who"))


def check_roles(lowering: Lowering, words: list[str], path: Path) -> None:
    """Every `role:NAME` must be a role of the catalogue."""
    for index, word in enumerate(words):
        kind, _, name = word.partition(":")
        if kind == "role" and name and name not in lowering.catalogue.roles:
            hint = did_you_mean(name, sorted(lowering.catalogue.roles))
            lowering.problem("J404", (*path, index), f"there is no role `{name}`", hint)
