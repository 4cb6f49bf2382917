"""Short ways to write definitions in tests."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import Any

from tests.definition.catalogues import CATALOGUE
from workflows.definition.compile import Compilation, compile_text
from workflows.definition.program import Program, State, Transition

HEAD = """\
process: example
version: "1.0.0"
title: Example
start: {by: [role:inspector]}
"""
DATA = """\
data:
  type: object
  properties:
    text: {type: string}
    count: {type: integer}
    cost: {type: number}
    note: {type: string}
    lines: {type: array, items: {type: object, properties: {sn: {type: string}}}}
"""


def compiled(body: str, *, files: dict[str, str] | None = None) -> Compilation:
    """A definition that says no more than it must: `body` under a head that holds for all."""

    def read_file(name: str) -> str:
        if name not in (files or {}):
            raise FileNotFoundError(2, "no such file", name)
        return (files or {})[name]

    text = dedent(body)
    head = HEAD + ("" if "\ndata:" in f"\n{text}" else DATA)
    return compile_text(head + text, filename="example.yaml", catalogue=CATALOGUE, read_file=read_file)


def program(body: str, **more: Any) -> Program:
    compilation = compiled(body, **more)
    assert compilation.program is not None, "\n".join(map(str, compilation.errors))
    return compilation.program


def states(body: str) -> Program:
    """The program of `states:` with this beneath, and a final state `end` where something leads there."""
    end = "\n  end: {final: true}\n" if "to: end" in body else "\n"
    return program("states:\n" + indent(dedent(body), "  ") + end)


def state(found: Program, name: str) -> State:
    """A state by its id."""
    return next(item for item in _all(found.states) if item.id == name)


def transitions(found: Program, name: str) -> list[Transition]:
    return list(state(found, name).transitions)


def _all(items: tuple[State, ...]) -> list[State]:
    return [inner for item in items for inner in (item, *_all(item.children))]


def plain(model: Any) -> Any:
    """As JSON, without defaults."""
    return model.model_dump(mode="json", by_alias=True, exclude_defaults=True)
