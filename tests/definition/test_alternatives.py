"""Alternatives of a transition are held against each other only where the same people may take them."""

from __future__ import annotations

import pytest

from workflows.definition.catalogue import Catalogue
from workflows.definition.compile import compile_text

PROCESS = """
process: gate
version: "1.0.0"
title: Gate
start: {{by: [anyone]}}
initial: shut
states:
  shut:
    transitions:
      go:
        - {{{first}, to: left}}
        - {{{second}, to: right}}
  left: {{final: true}}
  right: {{final: true}}
"""


@pytest.mark.parametrize(
    ("first", "second", "dead"),
    [
        ("by: [role:operator]", "by: [role:supervisor]", False),
        ("by: [role:operator]", "title: Again", True),
        ("when: 'true', by: [role:operator]", "when: 'true', by: [role:supervisor]", False),
        ("when: 'true', by: [role:operator]", "when: 'true'", True),
    ],
)
def test_alternative_for_other_people_is_not_dead(first: str, second: str, dead: bool) -> None:
    compiled = compile_text(
        PROCESS.format(first=first, second=second), filename="gate.yaml", catalogue=Catalogue(), read_file=None
    )
    assert ("J205" in [item.code for item in compiled.diagnostics]) is dead
