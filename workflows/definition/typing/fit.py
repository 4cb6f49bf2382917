"""Whether a value as written fits a shape: literals by the schema, expressions by their type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from workflows.definition.reader import Path
from workflows.definition.suggestions import did_you_mean
from workflows.definition.typing.shapes import DYN, Shape, kind_of_value

Misfit = tuple[Path, str, str | None]
"""Path of the value, message, suggestion."""
TypeOf = Callable[[str, Path], Shape]
"""Shape of the expression at a path; dyn when it has errors of its own."""

_LITERAL = re.compile(r"""\s*(?:"([^"\\]*)"|'([^'\\]*)')\s*""")
_SCALAR_WORDS = ("enum", "const", "minimum", "maximum", "minLength", "maxLength", "pattern", "format", "multipleOf")
_WIDE = ("map", "object")


def misfits(raw: Any, shape: Shape, path: Path, type_of: TypeOf, *, exact: bool = False) -> Iterator[Misfit]:
    """What does not fit.

    Args:
        exact: a whole number is no number: the value is stored and read by expressions again.
    """
    if shape.kind == "dyn":
        yield from _inside(raw, path, type_of)
    elif isinstance(raw, str):
        yield from _expression(raw, shape, path, type_of, exact=exact)
    elif isinstance(raw, list):
        yield from _list(raw, shape, path, type_of, exact=exact)
    elif isinstance(raw, dict):
        yield from _mapping(raw, shape, path, type_of, exact=exact)
    else:
        yield from _literal(raw, shape, path)


def coerced(raw: Any, shape: Shape) -> Any:
    """Literals with whole numbers made floats where the shape says number; expressions as they are."""
    if shape.kind == "double" and type(raw) is int:
        return float(raw)
    if isinstance(raw, list) and shape.kind == "list":
        return [coerced(item, shape.items or DYN) for item in raw]
    if isinstance(raw, dict) and shape.kind in _WIDE:
        return {key: coerced(item, shape.fields.get(key, shape.items or DYN)) for key, item in raw.items()}
    return raw


def literal_text(source: str) -> str | None:
    """The text when the expression is nothing but a quoted text."""
    match = _LITERAL.fullmatch(source)
    return None if match is None else match[1] if match[1] is not None else match[2]


def _inside(raw: Any, path: Path, type_of: TypeOf) -> Iterator[Misfit]:
    """Nothing is asked here, but expressions deeper down must still have a type."""
    if isinstance(raw, str):
        type_of(raw, path)
    yield from ()


def _expression(raw: str, shape: Shape, path: Path, type_of: TypeOf, *, exact: bool) -> Iterator[Misfit]:
    literal = literal_text(raw)
    actual = type_of(raw, path)
    if literal is not None and shape.kind == "string":
        yield from _literal(literal, shape, path)
    elif not _same(actual, shape, exact=exact):
        hint = "write double(…)" if actual.kind == "int" and shape.kind == "double" else None
        yield path, f"gives {actual}, not {shape}", hint


def _same(actual: Shape, expected: Shape, *, exact: bool) -> bool:
    if "dyn" in (actual.kind, expected.kind):
        return True
    if actual.kind == "null":
        return expected.nullable
    if actual.kind == "int" and expected.kind == "double":
        return not exact
    if actual.kind in _WIDE and expected.kind in _WIDE:
        return True
    if actual.kind != expected.kind:
        return False
    if actual.kind == "list":
        return _same(actual.items or DYN, expected.items or DYN, exact=exact)
    return True


def _literal(raw: Any, shape: Shape, path: Path) -> Iterator[Misfit]:
    kind = kind_of_value(raw)
    if kind == "null" and (shape.nullable or shape.kind == "null"):
        return
    if kind != shape.kind and not (kind == "int" and shape.kind == "double"):
        hint = f"for a text write '\"{raw}\"'" if shape.kind == "string" and raw is not None else None
        yield path, f"must be {shape}", hint
        return
    if shape.schema is None:
        return
    only = {word: shape.schema[word] for word in _SCALAR_WORDS if word in shape.schema}
    validator = Draft202012Validator(only, format_checker=Draft202012Validator.FORMAT_CHECKER)
    problem = next(iter(validator.iter_errors(raw)), None)
    if isinstance(problem, ValidationError):
        yield path, problem.message[:200], did_you_mean(raw, shape.enum) if isinstance(raw, str) else None


def _list(raw: list[Any], shape: Shape, path: Path, type_of: TypeOf, *, exact: bool) -> Iterator[Misfit]:
    if shape.kind != "list":
        yield path, f"must be {shape}, not a list", None
        return
    for index, item in enumerate(raw):
        yield from misfits(item, shape.items or DYN, (*path, index), type_of, exact=exact)


def _mapping(raw: dict[str, Any], shape: Shape, path: Path, type_of: TypeOf, *, exact: bool) -> Iterator[Misfit]:
    if shape.kind not in _WIDE:
        yield path, f"must be {shape}, not a mapping", None
        return
    for key, item in raw.items():
        if shape.kind == "object" and key not in shape.fields:
            yield (*path, key), f"there is no field `{key}`", did_you_mean(key, shape.fields)
            continue
        yield from misfits(item, shape.fields.get(key, shape.items or DYN), (*path, key), type_of, exact=exact)
    if shape.kind == "object" and shape.schema is not None and not exact:
        for key in shape.schema.get("required", ()):
            if key not in raw:
                yield path, f"the field `{key}` is missing", None
