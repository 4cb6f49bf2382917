"""The strict reader: what is JSON, where it stands, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from workflows.definition.diagnostics import Position, Report
from workflows.definition.reader import MAX_BYTES, MAX_DEPTH, Source, read


def read_well(text: str) -> Source:
    report = Report("test.yaml")
    source = read(text, report)
    assert report.found == []
    assert source is not None
    return source


def codes(text: str) -> list[str]:
    report = Report("test.yaml")
    read(text, report)
    return [item.code for item in report.found]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True), ("false", False), ("null", None), ("", None),
        ("0", 0), ("-7", -7), ("9223372036854775807", 2**63 - 1),
        ("1.0", 1.0), ("-0.5", -0.5), ("1e3", 1000.0), ("2E-2", 0.02),
    ],
)  # fmt: skip
def test_what_json_writes_as_a_literal_is_one(written: str, value: Any) -> None:
    found = read_well(f"key: {written}").value["key"]

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "written",
    ["on", "off", "yes", "no", "True", "FALSE", "Null", "~", "1:30", "2026-01-31", "2026-01-31T10:00:00Z", "0x1F",
     "017", "0o17", "0b1", "1_000", "+1", ".5", "1.", ".inf", ".nan", "1e", "01"],
)  # fmt: skip
def test_anything_else_stays_the_text_it_is(written: str) -> None:
    assert read_well(f"key: {written}").value == {"key": written}


@pytest.mark.parametrize("written", ["'12'", '"true"', "'null'", '""'])
def test_quotes_make_a_text(written: str) -> None:
    assert read_well(f"key: {written}").value == {"key": written[1:-1]}


def test_every_key_and_value_has_its_position() -> None:
    source = read_well("a: 1\nb:\n  - c: 'text'\n    d: >\n      folded\n")

    assert source.locate(("a",), key=True) == Position(1, 1)
    assert source.locate(("a",)) == Position(1, 4)
    assert source.locate(("b", 0, "c"), key=True) == Position(3, 5)
    assert source.locate(("b", 0, "c")) == Position(3, 9), "inside the quotes"
    assert source.locate(("b", 0, "d")) == Position(4, 8)
    assert ("b", 0, "c") in source.plain
    assert ("b", 0, "d") not in source.plain


def test_a_path_that_is_not_in_the_file_is_located_at_what_is() -> None:
    """A list that was written as its only item has no index in the file."""
    source = read_well("go: {to: b}")

    assert source.locate(("go", 0, "to")) == source.locate(("go", "to"))
    assert source.locate(("go", "nowhere")) == source.locate(("go",))


def test_a_document_of_the_largest_size_is_read_and_a_larger_one_is_not() -> None:
    frame = len("key: ")

    assert codes("key: " + "x" * (MAX_BYTES - frame)) == []
    assert codes("key: " + "x" * (MAX_BYTES - frame + 1)) == ["J008"]
    assert codes("key: " + "ä" * (MAX_BYTES // 2)) == ["J008"], "bytes count, not characters"


def test_depth_is_limited() -> None:
    inside = MAX_DEPTH - 1

    assert codes("key: " + "[" * inside + "]" * inside) == []
    assert codes("key: " + "[" * (inside + 1) + "]" * (inside + 1)) == ["J009"]
    assert codes("[" * 200_000) == ["J009"]


def test_an_alias_bomb_is_refused_without_being_unfolded() -> None:
    levels = [f"k{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]

    assert set(codes("k0: &a0 [lol]\n" + "\n".join(levels))) == {"J003"}


def test_reading_goes_on_after_a_refusal() -> None:
    """All that is wrong is told at once, also under a key that is refused itself."""
    assert codes("a: &x 1\na: 2\n3: {b: !!int 4, b: 5}\n<<: {}\n") == ["J003", "J002", "J006", "J004", "J002", "J005"]


def test_all_json_is_read_as_json_reads_it() -> None:
    value = {"a": [1, -2.5, "x\n", None, True, {"b": {}}], "": [], "ü": "😀"}

    assert read_well(json.dumps(value, ensure_ascii=False)).value == value
    assert read_well(json.dumps(value, ensure_ascii=False, indent=2)).value == value


@pytest.mark.parametrize("text", ['key: "\\ud83d"', "key: \ud83d", "key: \x00", "key: \x1b[0m"])
def test_what_is_not_unicode_text_is_refused(text: str) -> None:
    assert codes(text) == ["J001"]
