"""Values of a Program as text: CEL source for other notations, short words for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from workflows.definition.program import Cel, Const, Items, Record, Text, Value


def cel_source(value: Value) -> str:
    """One CEL expression with the value's meaning; text templates become concatenations of `string(…)`."""
    match value:
        case Const():
            return cel_literal(value.value)
        case Cel():
            return value.source
        case Text():
            return _concatenation(value.parts)
        case Record():
            return "{" + ", ".join(f"{json.dumps(k)}: {cel_source(v)}" for k, v in value.fields.items()) + "}"
        case Items():
            return "[" + ", ".join(cel_source(item) for item in value.items) + "]"


def cel_literal(plain: Any) -> str:
    """A JSON value as CEL; CEL reads JSON strings, numbers, lists and maps as they are written."""
    match plain:
        case dict():
            return "{" + ", ".join(f"{json.dumps(str(k))}: {cel_literal(v)}" for k, v in plain.items()) + "}"
        case list():
            return "[" + ", ".join(cel_literal(item) for item in plain) + "]"
        case _:
            return json.dumps(plain, ensure_ascii=False)


def plain(value: Value) -> Any:
    """JSON for readers that take no typed values: literals as they are, expressions as `{"cel": source}`."""
    match value:
        case Const():
            return value.value
        case Cel():
            return {"cel": value.source}
        case Text():
            return {"text": template(value)}
        case Record():
            return {name: plain(item) for name, item in value.fields.items()}
        case Items():
            return [plain(item) for item in value.items]


def plain_map(values: Mapping[str, Value]) -> dict[str, Any]:
    return {name: plain(item) for name, item in values.items()}


def template(text: Text) -> str:
    """The template as it was written: `{…}` around the expressions, literal braces doubled."""
    return "".join(
        f"{{{part}}}" if odd % 2 else part.replace("{", "{{").replace("}", "}}") for odd, part in enumerate(text.parts)
    )


def _concatenation(parts: tuple[str, ...]) -> str:
    pieces = [f"string({part})" if odd % 2 else cel_literal(part) for odd, part in enumerate(parts) if part]
    return " + ".join(pieces) or '""'
