"""Drawing, importing and exporting on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from activities.actions import catalogue
from tests.cli.door import CHART, DELIVERY, NCR, file, jidoka, simulated
from workflows.definition.compile import compile_text


def test_diagrams_of_definitions_and_statecharts(chart: Path) -> None:
    mermaid = jidoka("diagram", NCR)
    drawn = jidoka("diagram", chart, "--format", "svg", "--active", "off", "--visited", "fan")
    root = ElementTree.fromstring(drawn.stdout)

    assert mermaid.exit_code == drawn.exit_code == 0
    assert mermaid.stdout.startswith("---\ntitle:")
    assert {g.get("class") for g in root.iter() if g.get("data-state") == "off"} == {"state active"}


def test_an_imported_statechart_passes_the_checks_and_behaves_the_same(chart: Path, tmp_path: Path) -> None:
    result = jidoka("import-scxml", chart)
    imported = file(tmp_path, "imported.yaml", result.stdout)
    events = [{"event": "press"}, {"advance": "PT1M"}, {"event": "press"}]

    assert result.exit_code == 0
    assert jidoka("check", imported).exit_code == 0
    assert [e["state"] for e in simulated(imported, events)] == [e["state"] for e in simulated(chart, events)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<scxml", "not well-formed"),
        ("<html/>", "the root element is not <scxml>"),
        ('<!DOCTYPE x><scxml xmlns="http://www.w3.org/2005/07/scxml"/>', "document types"),
        (CHART.replace('event="press" target="on"', 'event="*" target="on"'), "'*', which cannot be"),
        (CHART.replace('target="on"', 'target="gone"'), "'gone'"),
    ],
)
def test_statecharts_that_cannot_be_imported_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    result = jidoka("import-scxml", file(tmp_path, "chart.scxml", text))

    assert result.exit_code == 2
    assert result.stdout == ""
    assert reason in result.stderr


def test_exports_in_three_notations() -> None:
    scxml, xstate, mermaid = (jidoka("export", NCR, "--format", name) for name in ("scxml", "xstate", "mermaid"))

    assert ElementTree.fromstring(scxml.stdout).tag == "{http://www.w3.org/2005/07/scxml}scxml"
    assert json.loads(xstate.stdout)["id"] == "ncr_report"
    assert "stateDiagram-v2" in mermaid.stdout
    assert {result.stderr for result in (scxml, xstate, mermaid)} == {""}


def test_an_exported_definition_is_imported_as_the_same_program(tmp_path: Path) -> None:
    exported = file(tmp_path, "delivery.scxml", jidoka("export", DELIVERY, "--format", "scxml").stdout)

    written = jidoka("import-scxml", exported)
    again = compile_text(written.stdout, filename="again.yaml", catalogue=catalogue()).program
    original = json.loads(jidoka("check", DELIVERY, "--format", "json").stdout)[0]["digest"]

    assert written.exit_code == 0
    assert again is not None
    assert again.digest == original


@pytest.mark.parametrize("command", ["diagram", "import-scxml", "export"])
def test_missing_files_are_refused_everywhere(tmp_path: Path, command: str) -> None:
    result = jidoka(command, tmp_path / "missing.scxml")

    assert result.exit_code == 2
    assert "missing.scxml" in result.stderr


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "chart.scxml"
    path.write_bytes(b"\xff\xfe\x00")

    result = jidoka("export", path)

    assert result.exit_code == 2
    assert "not UTF-8" in result.stderr
