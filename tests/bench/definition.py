"""The process that is measured: it toggles between two states and counts; by hand it would be the yardstick."""

from __future__ import annotations

from workflows.definition.catalogue import Catalogue
from workflows.definition.compile import compile_text
from workflows.definition.program import Program

PROCESS = "bench_toggle"
HAND_QUEUE = "bench-hand"
"""Task queue of the hand-written workflow."""
SUFFIX = "-bench"
"""Ends the name of the interpreter's task queues, apart from those of the product's own worker."""
TEXT = f"""\
process: {PROCESS}
version: "1.0.0"
title: Toggle
start: {{by: [role:operator]}}
number: "BT-{{seq:6}}"
data:
  type: object
  properties:
    count: {{type: integer}}
  required: [count]
initial: idle
states:
  idle:
    transitions:
      toggle: {{when: data.count >= 0, to: busy, by: [role:operator], set: {{count: data.count + 1}}}}
  busy:
    transitions:
      toggle: {{when: data.count >= 0, to: idle, by: [role:operator], set: {{count: data.count + 1}}}}
"""


def toggle() -> Program:
    """The compiled toggle."""
    compilation = compile_text(TEXT, filename="toggle.yaml", catalogue=Catalogue())
    assert compilation.program is not None, compilation.diagnostics
    return compilation.program
