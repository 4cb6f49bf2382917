"""What can be said about a definition without running it."""

from __future__ import annotations

from workflows.definition.checks.calls import check_calls
from workflows.definition.checks.data import check_data, check_forms
from workflows.definition.checks.expressions import check_expressions
from workflows.definition.checks.loops import check_loops
from workflows.definition.checks.people import check_people
from workflows.definition.checks.reach import check_reach
from workflows.definition.checks.scenarios import check_scenarios
from workflows.definition.checks.structure import check_structure
from workflows.definition.checks.transitions import check_transitions
from workflows.definition.checks.types import Types
from workflows.definition.checks.use import check_use
from workflows.definition.checks.waiting import check_waiting
from workflows.definition.lower.context import Lowering
from workflows.definition.program import Program
from workflows.definition.tables.checks import check_tables


def check_all(lowering: Lowering, program: Program) -> None:
    """Run every check; those about the whole only when nothing was left out by errors of structure."""
    check_structure(lowering)
    types = Types(lowering, program)
    check_expressions(lowering, types)
    check_calls(lowering, types)
    check_data(lowering, types)
    check_forms(lowering, types)
    check_people(lowering)
    check_tables(lowering, types, program)
    if lowering.broken:
        return
    check_transitions(lowering, program)
    check_use(lowering, program)
    check_scenarios(lowering, program)
    if not lowering.report.has("J201", "J203"):
        check_reach(lowering, program)
        check_loops(lowering, program)
        check_waiting(lowering, program)
