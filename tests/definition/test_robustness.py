"""Whatever is written, the compiler answers with diagnostics."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.definition.catalogues import CATALOGUE
from workflows.definition.compile import Compilation, compile_file, compile_text
from workflows.definition.diagnostics import CODES, Report
from workflows.definition.reader import read

EVERYTHING = Path(__file__).parent / "corpus" / "good" / "everything.yaml"
TEXT = EVERYTHING.read_text(encoding="utf-8")
SOURCE = read(TEXT, Report("everything.yaml"))
assert SOURCE is not None
TREE: dict[str, Any] = SOURCE.value
WORDS = st.sampled_from(
    ["open", "data.cost", "data", "1 +", "", "{", "{number}", "PT1H", "P1Y", "role:x", "role:inspector", "$ref", "#",
     "a.b", "review", "regions.left", "2 working days", "true", "facts.lot.qty > 1.0", "\x00", "\ud800", "é", "x" * 300]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.sampled_from(list(TREE)), inner, max_size=3),
    max_leaves=6,
)


def compile_anything(text: str) -> Compilation:
    found = compile_text(text, filename="it.yaml", catalogue=CATALOGUE)
    lines = text.count("\n") + 2
    for item in found.diagnostics:
        assert item.code in CODES
        assert 1 <= item.line <= lines
        assert item.column >= 1
    assert (found.program is None) == bool(found.errors)
    return found


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


PLACES = places(TREE)[1:]


def owner(tree: Any, path: tuple[Any, ...]) -> Any:
    for part in path[:-1]:
        tree = tree[part]
    return tree


@given(st.text())
def test_any_text_is_answered(text: str) -> None:
    compile_anything(text)


@given(st.text(alphabet=" \n\t-:[]{}&*!|>'\"%@`#,?abc01.~<", max_size=200))
@settings(max_examples=300)
def test_any_text_of_the_signs_of_yaml_is_answered(text: str) -> None:
    compile_anything(text)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_definition_with_a_piece_of_text_cut_out_or_put_in_is_answered(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(TEXT)))
    length = data.draw(st.integers(0, 40))
    put_in = data.draw(st.text(alphabet=" \n-:[]{}'\"#abc", max_size=5))

    compile_anything(TEXT[:start] + put_in + TEXT[start + length :])


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_a_definition_with_other_values_in_it_is_answered(data: st.DataObject) -> None:
    tree = copy.deepcopy(TREE)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(PLACES))
        try:
            holder = owner(tree, path)
            kind = data.draw(st.sampled_from(["replace", "delete", "rename"]))
            if kind == "delete":
                del holder[path[-1]]
            elif kind == "rename" and isinstance(holder, dict):
                holder[data.draw(WORDS)] = holder.pop(path[-1])
            else:
                holder[path[-1]] = data.draw(VALUES)
        except (KeyError, IndexError, TypeError, AttributeError):
            continue  # an earlier change took the place away

    compile_anything(json.dumps(tree, ensure_ascii=False, indent=1))


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_definition_with_parts_in_each_others_places_is_answered(data: st.DataObject) -> None:
    tree = copy.deepcopy(TREE)
    one, two = data.draw(st.sampled_from(PLACES)), data.draw(st.sampled_from(PLACES))
    part = copy.deepcopy(owner(TREE, two)[two[-1]])
    owner(tree, one)[one[-1]] = part

    compile_anything(json.dumps(tree, ensure_ascii=False, indent=1))


def test_a_file_that_is_not_there_or_not_text_is_a_diagnostic(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")

    assert [item.code for item in compile_file(tmp_path / "none.yaml", CATALOGUE).errors] == ["J120"]
    assert [item.code for item in compile_file(binary, CATALOGUE).errors] == ["J120"]


@pytest.mark.parametrize(
    "expression", ["(" * 2000 + "1" + ")" * 2000, "1" + "+1" * 5000, "[" * 500 + "]" * 500, "a" * 9000]
)
def test_an_enormous_expression_is_answered(expression: str) -> None:
    head = 'process: x\nversion: "1.0.0"\ntitle: X\n'
    states = f'states:\n  a: {{always: {{when: "{expression}", to: b}}}}\n  b: {{final: true}}\n'

    assert compile_anything(head + states).program is None
