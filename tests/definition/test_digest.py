"""What a digest depends on, and what not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.definition.catalogues import CATALOGUE
from tests.definition.definitions import compiled, program
from workflows.definition.compile import compile_file
from workflows.definition.program import Program

GOOD = sorted((Path(__file__).parent / "corpus" / "good").glob("*.yaml"))
BODY = """
defaults: {count: 1, note: '"x"'}
facts:
  a: {call: holds.open_for, with: {lot: number}}
  b: {call: lots.of, with: {lot: number}}
states:
  open:
    entry: [{do: stock.hold, with: {lot: number, reason: number}}, {emit: it, with: {x: facts.a, y: facts.b.qty}}]
    transitions:
      one: {by: [anyone], set: {count: data.count + 1, text: string(data.count)}, to: shut}
      two: {by: [anyone], to: shut}
  shut: {final: true}
"""


def digest(body: str) -> str:
    return program(body).digest


@pytest.mark.parametrize(
    ("written", "otherwise"),
    [
        ("{lot: number, reason: number}", "{reason: number, lot: number}"),
        ("{x: facts.a, y: facts.b.qty}", "{y: facts.b.qty, x: facts.a}"),
        ("defaults: {count: 1, note: '\"x\"'}", "defaults: {note: '\"x\"', count: 1}"),
        ("{by: [anyone], to: shut}", "{to: shut, by: [anyone]}"),
        ("{by: [anyone], to: shut}", "{by: [anyone], to: [shut]}"),
        ("{by: [anyone], to: shut}", "\n        by:\n          - anyone\n        to: shut # a comment"),
        ("shut: {final: true}", "shut: {final: true, class: success}"),
        ("facts:\n  a:", "facts:\n\n  a:"),
        ("count: data.count + 1", "count: ' data.count + 1 '"),
    ],
)
def test_spelling_without_a_meaning_does_not_change_the_digest(written: str, otherwise: str) -> None:
    assert written in BODY

    assert digest(BODY.replace(written, otherwise)) == digest(BODY)


@pytest.mark.parametrize(
    ("written", "otherwise"),
    [
        ("one: {by: [anyone], set", "uno: {by: [anyone], set"),
        ("{count: data.count + 1, text: string(data.count)}", "{text: string(data.count), count: data.count + 1}"),
        ("count: 1", "count: 2"),
        ("two: {by: [anyone], to: shut}", "two: {by: [creator], to: shut}"),
        ("data.count + 1", "data.count + 2"),
    ],
)
def test_what_has_a_meaning_changes_the_digest(written: str, otherwise: str) -> None:
    assert written in BODY

    assert digest(BODY.replace(written, otherwise)) != digest(BODY)


def test_the_order_of_states_and_transitions_has_a_meaning() -> None:
    one, two = "a: {always: {to: b}}", "b: {final: true}"
    first = "states:\n  start: {always: [{when: number == '1', to: a}, {to: b}]}\n"

    assert digest(f"{first}  {one}\n  {two}\n") != digest(f"{first}  {two}\n  {one}\n")

    go, stop = "go: {by: [anyone], to: end}", "stop: {by: [anyone], to: end}"
    frame = "states:\n  open:\n    transitions:\n      {}\n      {}\n  end: {{final: true}}\n"
    assert digest(frame.format(go, stop)) != digest(frame.format(stop, go))


def test_scenarios_and_descriptions_do_not_belong_to_the_program() -> None:
    more = BODY.replace("  shut: {final: true}", "  shut: {final: true, description: Done.}")
    more += "description: Words\nscenarios: [{name: none}]\n"

    assert digest(more) == digest(BODY)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_program_is_the_same_after_a_round_through_its_canonical_form(path: Path) -> None:
    found = compile_file(path, CATALOGUE).program
    assert found is not None

    again = Program.from_canonical(found.canonical())
    assert again == found
    assert again.digest == found.digest


def test_the_digest_of_a_known_definition_is_the_same_on_every_machine() -> None:
    """Changes with the form of programs; then running instances need the form they were started with."""
    found = compiled("states:\n  open: {transitions: {close: {by: [anyone], to: end}}}\n  end: {final: true}\n").program
    assert found is not None

    assert found.digest == "094a6b63ea008a36956cc125ffccc78a735449803806d6920509c09df2118d00"
