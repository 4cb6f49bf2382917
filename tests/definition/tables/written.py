"""Short ways to write decision tables in tests."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

from tests.definition.definitions import compiled
from workflows.definition.compile import Compilation
from workflows.definition.tables.form import Table

DATA = """\
data:
  type: object
  properties:
    severity: {enum: [minor, major, critical]}
    estimated_cost: {type: number}
    quantity: {type: integer, minimum: 0}
    reworkable: {type: boolean}
    customer_affected: {type: boolean}
    code: {type: string}
    maybe: {type: [integer, "null"]}
    tags: {type: array, items: {type: string}}
    approval: {type: object, properties: {role: {type: string}, level: {type: integer}}}
    members: {type: array, items: {type: string}}
    votes: {type: integer}
    records: {type: array, items: {type: object}}
"""
STATES = "states: {open: {entry: [{log: it, value: tables.it}]}}\n"
MATRIX = (Path(__file__).parent / "ncr_approval.yaml").read_text()
"""The approval matrix of nonconformance reports: who approves, by severity, cost and whether it can be reworked."""


def checked(table: str, states: str = STATES) -> Compilation:
    """A process with the decision table `it`."""
    return compiled(DATA + "tables:\n  it:\n" + indent(dedent(table), "    ") + states)


def told(table: str, *codes: str, states: str = STATES) -> list[str]:
    """`CODE message` of what is said about the table, only these codes where some are given."""
    found = checked(table, states).diagnostics
    return [f"{item.code} {item.message}" for item in found if item.code[:2] == "J7" or item.code in codes]


def table(text: str) -> Table:
    compilation = checked(text)
    assert compilation.program is not None, "\n".join(map(str, compilation.errors))
    return compilation.program.tables["it"]
