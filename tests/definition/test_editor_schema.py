"""The JSON Schema for editors and the document model say the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from workflows.definition.diagnostics import Report
from workflows.definition.editor_schema import editor_schema, render
from workflows.definition.folder import process_files
from workflows.definition.reader import read

ROOT = Path(__file__).parents[2]
FILE = ROOT / "definitions" / "schema" / "definition.schema.json"
GOOD = sorted([*(Path(__file__).parent / "corpus" / "good").glob("*.yaml"), *process_files(ROOT / "definitions")])


def test_the_file_is_the_one_the_model_gives() -> None:
    """Written by `python -m workflows.definition.editor_schema definitions/schema/definition.schema.json`."""
    assert FILE.read_text(encoding="utf-8") == render()


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(editor_schema())


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_every_good_definition_satisfies_it(path: Path) -> None:
    source = read(path.read_text(encoding="utf-8"), Report(path.name))

    assert source is not None
    assert list(Draft202012Validator(editor_schema()).iter_errors(source.value)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"colour": "red"},
        {"states": {}},
        {"states": {"open": {"transition": {}}}},
        {"states": {"open": {"transitions": {"go": {"to": 5}}}}},
        {"states": {"open": {"entry": [{"sett": {"a": 1}}]}}},
        {"states": {"open": {"title": None}}},
        {"states": {"1st": {}}},
        {"version": "one"},
    ],
)
def test_it_refuses_what_the_compiler_refuses(change: dict[str, Any]) -> None:
    definition = {"process": "x", "version": "1.0.0", "title": "X", "states": {"open": {}}, **change}

    assert not Draft202012Validator(editor_schema()).is_valid(definition)


def test_every_key_of_the_language_explains_itself() -> None:
    """Those whose name says it all are listed here."""
    evident = {"title", "description", "name", "number", "subject", "text", "data", "error", "with", "id", "do"}
    evident |= {"actions", "then", "else"}
    silent = {
        (model, key)
        for model, schema in editor_schema()["$defs"].items()
        for key, item in schema["properties"].items()
        if "description" not in item and key not in evident
    }

    assert silent == set()


def test_the_file_is_json_with_a_title() -> None:
    assert json.loads(FILE.read_text(encoding="utf-8"))["title"] == "Jidoka process definition"
