"""Data that nothing sets, and facts that nothing reads."""

from __future__ import annotations

import re

from workflows.definition.lower.context import Lowering
from workflows.definition.program import Program
from workflows.definition.typing.shapes import shape_of

_STRINGS = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')
_READ = re.compile(r"(?<![\w.])(data|facts)\b(?:\s*\.\s*([A-Za-z_]\w*))?")


def check_use(lowering: Lowering, program: Program) -> None:
    data, facts = _names_read(lowering)
    _facts(lowering, facts)
    _data(lowering, program, data)


def _names_read(lowering: Lowering) -> tuple[set[str], set[str]]:
    """Fields of data and facts that expressions read; "" when one of them is read as a whole."""
    read: dict[str, set[str]] = {"data": set(), "facts": set()}
    for site in lowering.sites:
        for root, name in _READ.findall(_STRINGS.sub('""', site.source)):
            read[root].add(name)
    return read["data"], read["facts"]


def _facts(lowering: Lowering, read: set[str]) -> None:
    for name, node in lowering.document.facts.items():
        if name not in read and "" not in read:
            lowering.problem("J602", node.path, f"nothing reads the fact `{name}`", key=True)


def _data(lowering: Lowering, program: Program, read: set[str]) -> None:
    """Only where the start has a form of its own: else every field may come with the start data."""
    if program.start_form is None or lowering.data_shape.kind != "object":
        return
    given = set(shape_of(program.start_form).fields)
    written = {assignment.target.split(".")[0] for assignment in lowering.assignments}
    for name in lowering.data_shape.fields:
        if name not in given | written:
            message = f"nothing sets `{name}`" + (", though it is read" if name in read else ", and nothing reads it")
            lowering.problem("J601", ("data", "properties", name), message, key=True)
