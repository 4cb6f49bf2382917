"""What can be said about a definition without running it."""

from __future__ import annotations

from workflows.definition.checks.calls import check_calls
from workflows.definition.checks.expressions import check_expressions
from workflows.definition.lower.context import Lowering
from workflows.definition.program import Program


def check_all(lowering: Lowering, program: Program) -> None:
    """Run every check; those about the whole only when nothing was left out by errors of structure."""
    check_calls(lowering)
    check_expressions(lowering)
