"""Editors check while people type, and nobody can keep the compiler busy for long."""

from __future__ import annotations

import time

import pytest

from tests.definition.catalogues import CATALOGUE
from workflows.definition.compile import MAX_COMMON, MAX_STATES, Compilation, compile_text
from workflows.definition.diagnostics import MOST
from workflows.definition.reader import MAX_BYTES

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


def timed(text: str) -> tuple[Compilation, float]:
    """The compilation, and the seconds of processor time it took."""
    start = time.process_time()
    compilation = compile_text(text, filename="large.yaml", catalogue=CATALOGUE)
    return compilation, time.process_time() - start


def test_a_definition_of_sixty_states_compiles_within_a_second() -> None:
    """About a tenth of that on an idle core; the time of this process counts, not that of its neighbours."""
    states = "".join(STATE.format(n=n, next=(n + 1) % 60) for n in range(60))
    text = HEAD + states + "  end: {final: true}\n"
    compilation, spent_s = timed(text)

    assert compilation.program is not None
    assert spent_s < 1


def filled(head: str, line: str, *, most: int = MAX_BYTES) -> str:
    """As many lines as a document may hold; `{n}` in them counts."""
    lines, size, n = [head], len(head), 0
    while size < most - 2 * len(line) - 20:
        lines.append(line.format(n=n))
        size += len(lines[-1])
        n += 1
    return "".join(lines)


SMALL = 'process: x\nversion: "1.0.0"\ntitle: X\n'


@pytest.mark.parametrize(
    "text",
    [
        filled("", "k{n}: *a\n"),
        filled("", "k: 1\n"),
        filled(f"{SMALL}states:\n  a: {{final: true}}\n", "key{n}: 1\n"),
        filled(f"{SMALL}states:\n", "  s{n}: {{}}\n"),
        filled(f"{SMALL}states:\n  a:\n    entry:\n", "    - {{x{n}: 1}}\n"),
        filled(f"{SMALL}states:\n  a:\n    entry:\n", "    - {{log: x, value: nothing.{n}}}\n"),
        filled(f"{SMALL}states:\n  a:\n    transitions:\n", "      t{n}: {{to: nowhere{n}}}\n"),
        filled(f"{SMALL}states:\n  a: {{final: true}}\nscenarios:\n", "  - {{name: x, steps: [a{n} b]}}\n"),
        filled(f"{SMALL}states:\n  a: {{final: true}}\ntransitions:\n", "  t{n}: {{to: a}}\n"),
        f'{SMALL}states:\n  a: {{entry: [{{log: x, value: "{"+" * 400_000}"}}]}}\n',
        f'{SMALL}states:\n  a: {{task: {{title: "{"{a}" * 130_000}", candidates: []}}}}\n',
        "[" * MAX_BYTES,
        "- " * (MAX_BYTES // 2),
        "? " * (MAX_BYTES // 2),
        '"' + "\\x41" * (MAX_BYTES // 5),
    ],
    ids=lambda text: repr(text[-20:]),
)
def test_no_document_of_the_largest_size_keeps_the_compiler_busy(text: str) -> None:
    compilation, spent_s = timed(text)

    assert compilation.program is None
    assert 0 < len(compilation.diagnostics) <= MOST + 1
    assert spent_s < 20


@pytest.mark.parametrize(
    "text",
    [
        filled(f"{SMALL}states:\n", "  s{n}: {{}}\n", most=16 * MAX_STATES),
        filled(f"{SMALL}states: {{a: {{}}}}\ntransitions:\n", "  t{n}: {{to: a}}\n", most=20 * MAX_COMMON),
    ],
    ids=["states", "common transitions"],
)
def test_states_and_common_transitions_are_counted(text: str) -> None:
    assert [item.code for item in timed(text)[0].errors] == ["J012"]
