"""Types around decision tables: what their inputs may be, and what they give."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Protocol

from workflows.definition.lower.context import Names
from workflows.definition.tables.cells import NoLiteral, literal
from workflows.definition.tables.form import Table
from workflows.definition.typing.shapes import DYN, Shape, declared, object_of, shape_of

_PATH = r"data\.([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
_FIELD = re.compile(_PATH, re.ASCII)
_WITH_DEFAULT = re.compile(rf"has\(\s*{_PATH}\s*\)\s*\?\s*{_PATH}\s*:\s*(.+)", re.ASCII | re.DOTALL)


class Shapes(Protocol):
    """The part of `checks.types.Types` that is needed here."""

    data: Shape

    def shape(self, source: str, names: Names) -> Shape: ...


def result_shape(table: Table) -> Shape:
    """A record, or with `collect` a list of them or a record of aggregates and lists."""
    outputs = {name: shape_of(schema) if schema else DYN for name, schema in table.outputs.items()}
    if table.hit != "collect":
        return object_of(outputs)
    if not table.aggregate:
        return Shape("list", items=object_of(outputs))
    fields = {name: Shape("list", items=shape) for name, shape in outputs.items()}
    for name, how in table.aggregate.items():
        fields[name] = Shape("int") if how == "count" else Shape(outputs.get(name, DYN).kind)
    return object_of(fields)


def input_shape(source: str, types: Shapes) -> Shape:
    """The type of an input; with the values and bounds of the schema where it is a field of the data."""
    text = source.strip()
    if match := _FIELD.fullmatch(text):
        return declared(types.data, match[1]) or DYN
    match = _WITH_DEFAULT.fullmatch(text)
    if match is not None and match[1] == match[2]:
        field = declared(types.data, match[1])
        widened = None if field is None else _widened(field, match[3])
        if widened is not None:
            return widened
    return types.shape(source, Names())


def _widened(shape: Shape, default: str) -> Shape | None:
    """The shape of a field or a default in its place; None when the default is no literal."""
    try:
        value = literal(default)
    except NoLiteral:
        return None
    if value is None:
        return replace(shape, nullable=True)
    if isinstance(value, str):
        return replace(shape, enum=tuple(dict.fromkeys((*shape.enum, value)))) if shape.enum else shape
    # A number may lie outside the bounds of the field, so these say nothing any more.
    return replace(shape, schema=None) if shape.kind in ("int", "double") else shape
