"""Assignments to the data against the data schema, and forms beside it."""

from __future__ import annotations

from workflows.definition.checks.types import Types
from workflows.definition.lower.context import Assignment, Lowering
from workflows.definition.reader import Path
from workflows.definition.suggestions import did_you_mean
from workflows.definition.typing.fit import misfits
from workflows.definition.typing.shapes import Shape, declared, shape_of


def check_data(lowering: Lowering, types: Types) -> None:
    for assignment in lowering.assignments:
        _assignment(lowering, types, assignment)


def _assignment(lowering: Lowering, types: Types, assignment: Assignment) -> None:
    shape = declared(types.data, assignment.target)
    if shape is None:
        hint = did_you_mean(assignment.target, sorted(_paths(types.data, "", 3)))
        message = f"the data schema has no `{assignment.target}`"
        lowering.problem("J408", assignment.path, message, hint or "declare it in `data`", key=True)
        return

    def type_of(source: str, path: Path) -> Shape:
        return types.shape(source, assignment.names)

    for at, message, hint in misfits(assignment.value, shape, assignment.path, type_of, exact=True):
        lowering.problem("J409", at, f"`{assignment.target}`: {message}", hint)


def check_forms(lowering: Lowering, types: Types) -> None:
    """A field of a form that is also in the data must have the same type there."""
    for form, path in lowering.forms:
        for name, shape in shape_of(form).fields.items():
            there = declared(types.data, name) if types.data.kind == "object" else None
            if there is None or "dyn" in (shape.kind, there.kind) or _alike(shape, there):
                continue
            message = f"`{name}` is {shape} in this form, but {there} in the data"
            lowering.problem("J410", (*path, "properties", name), message)


def _alike(form: Shape, data: Shape) -> bool:
    if form.kind == data.kind:
        return True
    return form.kind in ("map", "object") and data.kind in ("map", "object")


def _paths(shape: Shape, prefix: str, depth: int) -> list[str]:
    found = []
    for name, inner in shape.fields.items():
        found.append(prefix + name)
        if depth > 1:
            found += _paths(inner, f"{prefix}{name}.", depth - 1)
    return found
