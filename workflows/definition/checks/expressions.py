"""Expressions: syntax and names."""

from __future__ import annotations

from workflows.definition.expressions import compile_expression
from workflows.definition.lower.context import Lowering
from workflows.domain.errors import InvalidInput


def check_expressions(lowering: Lowering) -> None:
    for site in lowering.sites:
        try:
            compile_expression(site.source.strip(), site.names.extra)
        except InvalidInput as problem:
            lowering.problem("J301", site.path, problem.message)
