"""Editors check while people type, and every publish checks again."""

from __future__ import annotations

import time

from tests.definition.catalogues import CATALOGUE
from workflows.definition.compile import compile_text

HEAD = """\
process: large
version: "1.0.0"
title: Sixty states
start: {by: [role:inspector]}
data: {type: object, properties: {count: {type: integer}, note: {type: string}, cost: {type: number}}}
states:
"""
STATE = """\
  s{n}:
    task:
      title: "State {n} of {{number}}"
      candidates: [role:inspector]
      due: P1D
      escalate: [{{at: 50%, notify: assignee}}]
    entry:
      - set: {{count: data.count + {n}, cost: data.cost * {n}.5}}
      - {{do: stock.hold, with: {{lot: data.note, reason: number + "{n}"}}}}
      - {{emit: entered.{n}, with: {{count: data.count, at: now}}}}
    transitions:
      go:
        form: {{type: object, properties: {{note: {{type: string}}, level{n}: {{type: integer}}}}}}
        when: data.count > {n} && event.level{n} > 3 || data.note.startsWith("n{n}")
        require: [note]
        keep: [note]
        to: s{next}
        else: NOT_YET_{n}
      end: {{to: end}}
"""


def test_a_definition_of_sixty_states_compiles_within_a_second() -> None:
    """About a tenth of that on an idle core; the time of this process counts, not that of its neighbours."""
    states = "".join(STATE.format(n=n, next=(n + 1) % 60) for n in range(60))
    text = HEAD + states + "  end: {final: true}\n"
    start = time.process_time()
    compilation = compile_text(text, filename="large.yaml", catalogue=CATALOGUE)
    spent_s = time.process_time() - start

    assert compilation.program is not None
    assert spent_s < 1
