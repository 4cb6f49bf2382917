"""Good and bad definitions beside the diagnostics they must give.

`JIDOKA_REWRITE_CORPUS=1 pytest tests/definition/test_corpus.py` writes the expectations anew, to be read before
they are committed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.definition.catalogues import CATALOGUE
from workflows.definition.compile import compile_file
from workflows.definition.diagnostics import CODES

CORPUS = Path(__file__).parent / "corpus"
GOOD = sorted((CORPUS / "good").glob("*.yaml"))
BAD = sorted((CORPUS / "bad").glob("*.yaml"))


def diagnosed(path: Path) -> str:
    found = compile_file(path, CATALOGUE).diagnostics
    return "".join(f"{item}\n".removeprefix(f"{path}:").removeprefix(f"{path.parent}/") for item in found)


@pytest.mark.parametrize("path", GOOD + BAD, ids=lambda path: path.stem)
def test_a_definition_gives_exactly_the_expected_diagnostics(path: Path) -> None:
    expected = path.with_suffix(".expected")
    if os.environ.get("JIDOKA_REWRITE_CORPUS"):
        expected.write_text(diagnosed(path), encoding="utf-8")

    assert expected.read_text(encoding="utf-8") == diagnosed(path)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_good_definition_gives_a_program_and_no_diagnostics(path: Path) -> None:
    compilation = compile_file(path, CATALOGUE)

    assert compilation.program is not None
    assert compilation.diagnostics == []


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_definition_gives_a_program_only_when_all_it_has_is_warnings(path: Path) -> None:
    compilation = compile_file(path, CATALOGUE)

    assert compilation.diagnostics
    assert (compilation.program is None) == bool(compilation.errors)


def test_every_code_occurs_in_the_corpus() -> None:
    """J008 and J012 are tested elsewhere: their files would be large."""
    lines = [line for path in BAD for line in path.with_suffix(".expected").read_text().splitlines()]
    seen = {line.split()[2] for line in lines}

    assert seen == CODES.keys() - {"J008", "J012"}
