"""Values of a Program as closures: constants, CEL, text with holes, records and lists.

A closure takes whatever can give the names in scope (`Scoped`) and returns plain JSON that nobody changes later.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from workflows.definition.expressions import Scope, compile_expression
from workflows.definition.program import Cel, Const, Items, Record, Text, Value


class Scoped(Protocol):
    """Gives the names that expressions may read, as of now."""

    def scope(self) -> Scope: ...


Evaluate = Callable[[Scoped], Any]


def compile_value(value: Value, names: tuple[str, ...] = ()) -> Evaluate:
    """The value as a closure; `names` are bound by `each … as` and `for_each` around it.

    Raises:
        InvalidInput: an expression in it is none, or reads an unknown name.
    """
    if isinstance(value, Const):
        constant = value.value
        return lambda scoped: constant
    if isinstance(value, Cel):
        expression = compile_expression(value.source, names)
        return lambda scoped: expression.value(scoped.scope())
    if isinstance(value, Text):
        return _compile_text(value, names)
    if isinstance(value, Record):
        return compile_record(value.fields, names)
    return _compile_items(value, names)


def compile_record(fields: Mapping[str, Value], names: tuple[str, ...] = ()) -> Callable[[Scoped], dict[str, Any]]:
    """A map of values as one closure; a map of constants is made once."""
    if all(isinstance(value, Const) for value in fields.values()):
        constant = {key: value.value for key, value in fields.items() if isinstance(value, Const)}
        return lambda scoped: constant
    compiled = [(key, compile_value(value, names)) for key, value in fields.items()]
    return lambda scoped: {key: evaluate(scoped) for key, evaluate in compiled}


def _compile_items(value: Items, names: tuple[str, ...]) -> Evaluate:
    compiled = [compile_value(item, names) for item in value.items]
    return lambda scoped: [evaluate(scoped) for evaluate in compiled]


def _compile_text(value: Text, names: tuple[str, ...]) -> Evaluate:
    literal = value.parts[0::2]
    holes = [compile_expression(source, names) for source in value.parts[1::2]]

    def evaluate(scoped: Scoped) -> str:
        if not holes:
            return "".join(literal)
        scope = scoped.scope()
        parts = [literal[0]]
        for number, hole in enumerate(holes, start=1):
            parts.append(as_text(hole.value(scope)))
            parts.extend(literal[number : number + 1])
        return "".join(parts)

    return evaluate


def as_text(value: Any) -> str:
    """How a value reads inside a sentence: whole numbers without a fraction, null as nothing, maps as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)
