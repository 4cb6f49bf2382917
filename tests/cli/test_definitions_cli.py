"""The commands about definitions: results on stdout alone, reasons on stderr, exit status 0, 1 or 2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.door import DOOR, NCR, ORDER, file, jidoka, simulated

# --- check


def test_a_clean_definition_passes() -> None:
    result = jidoka("check", NCR, ORDER)

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [f"{NCR}: ok", f"{ORDER}: ok"]


def test_errors_are_printed_with_their_place(tmp_path: Path) -> None:
    broken = file(tmp_path, "broken.yaml", DOOR.replace("to: opened", "too: opened").replace("PT2H", "2 hours"))

    result = jidoka("check", broken, NCR)

    assert result.exit_code == 1
    assert f"{broken}:10:28: error J101 a transition has no key `too`" in result.stdout
    assert any(line.startswith(f"{broken}:15:") for line in result.stdout.splitlines())
    assert f"{NCR}: ok" in result.stdout


def test_warnings_fail_only_when_asked_to(door: Path) -> None:
    assert jidoka("check", door).exit_code == 0
    assert "warning" in jidoka("check", door).stdout
    assert jidoka("check", door, "--strict").exit_code == 1


def test_diagnostics_as_json(tmp_path: Path, door: Path) -> None:
    broken = file(tmp_path, "broken.yaml", DOOR.replace("to: opened", "too: opened"))

    result = jidoka("check", door, broken, "--format", "json")
    good, bad = json.loads(result.stdout)

    assert result.exit_code == 1
    assert (good["ok"], good["process"], good["version"], len(good["digest"])) == (True, "door", "1.0.0", 64)
    assert (bad["ok"], bad["process"]) == (False, None)
    assert bad["diagnostics"][0]["code"] == "J101"
    assert bad["diagnostics"][0].keys() == {"code", "severity", "file", "line", "column", "message", "suggestion"}


@pytest.mark.parametrize("content", ["", "[1, 2]", "a: [", "a: &x 1\nb: *x", "\x00"])
def test_files_that_are_no_definitions_fail_with_a_diagnostic(tmp_path: Path, content: str) -> None:
    result = jidoka("check", file(tmp_path, "broken.yaml", content))

    assert result.exit_code == 1
    assert ": error J" in result.stdout


def test_a_missing_file_is_a_diagnostic(tmp_path: Path) -> None:
    result = jidoka("check", tmp_path / "missing.yaml")

    assert result.exit_code == 1
    assert "error J120 cannot be read" in result.stdout


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert jidoka("check", tmp_path).exit_code == 1


def test_without_files_there_is_a_usage_message() -> None:
    assert jidoka("check").exit_code == 2


# --- scenarios


SCENARIOS = """
scenarios:
  - name: opened and closed
    steps: [open by anna, close by anna]
    expect: {state: closed, data: {opened: 1}}
  - name: left open
    steps: [open by anna, {advance: PT1H}]
    expect: {state: closed}
"""


def test_scenarios_pass_or_fail_with_a_difference_and_coverage(door: Path) -> None:
    door.write_text(DOOR + SCENARIOS)

    result = jidoka("scenarios", door)

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"door ({door})",
        "  pass  opened and closed",
        "  FAIL  left open",
        "        state: expected closed, but is opened",
        "  1 of 2 scenarios passed",
        "  transition coverage 66.6 % (2 of 3)",
        "    not covered: opened/1: after 2 h → closed",
    ]


def test_scenarios_as_json(door: Path) -> None:
    door.write_text(DOOR + SCENARIOS.replace("PT1H", "PT2H"))

    result = jidoka("scenarios", door, NCR, "--format", "json")
    first, second = json.loads(result.stdout)

    assert result.exit_code == 0
    assert first["scenarios"][1] == {"name": "left open", "passed": True, "problems": [], "state": ["closed"]}
    assert first["coverage"] == {"percent": 100.0, "covered": 3, "total": 3, "uncovered": []}
    assert (second["process"], second["passed"]) == ("ncr_report", True)


def test_coverage_may_be_required(door: Path) -> None:
    assert jidoka("scenarios", door).exit_code == 0
    assert jidoka("scenarios", door, "--require-coverage", "50").exit_code == 1
    assert jidoka("scenarios", NCR, "--require-coverage", "100").exit_code == 0


def test_a_broken_definition_has_no_scenarios(tmp_path: Path) -> None:
    result = jidoka("scenarios", file(tmp_path, "broken.yaml", DOOR.replace("to: opened", "to: ajar")))

    assert result.exit_code == 1
    assert "error J201" in result.stdout


# --- simulate


def test_a_simulation_shows_the_start_and_every_event(door: Path) -> None:
    trace = simulated(door, [{"event": "open"}, {"event": "unknown", "data": {"x": 1}}, {"advance": "PT2H"}])

    assert [entry["state"] for entry in trace] == [["closed"], ["opened"], ["opened"], ["closed"]]
    assert [entry["data"] for entry in trace] == [{"opened": 0}, {"opened": 1}, {"opened": 1}, {"opened": 1}]
    assert trace[0].keys() == {"state", "data", "effects"}
    assert trace[2]["effects"] == []
    assert [effect["kind"] for effect in trace[3]["effects"]] == ["emit"]


def test_statecharts_are_simulated_too(chart: Path) -> None:
    trace = simulated(chart, [{"event": "press"}, {"advance": "PT1M"}, {"event": "press"}, {"event": "press"}])

    assert [entry["state"] for entry in trace] == [["off"], ["fan", "light"], ["off"], ["fan", "light"], ["off"]]
    assert trace[-1]["data"] == {"n": 2}


def test_start_data_and_time_are_given(tmp_path: Path) -> None:
    data = file(tmp_path, "start.json", {"severity": "minor", "description": "Scratches on the cover"})
    events = file(tmp_path, "events.json", [{"event": "approve", "data": {"comment": "fine"}}])

    result = jidoka(
        "simulate", NCR, "--events", events, "--data", data, "--at", "2027-05-05T10:00:00+02:00", "--format", "json"
    )
    trace = json.loads(result.stdout)

    assert [entry["state"] for entry in trace] == [["submitted"], ["approved"]]
    submitted = next(effect for effect in trace[0]["effects"] if effect["kind"] == "emit")
    assert submitted["data"]["ncr_number"] == "NCR-2027-001"
    assert submitted["data"]["submitted_at"] == "2027-05-05T08:00:00Z"


def test_facts_are_empty_unless_given(tmp_path: Path) -> None:
    data = file(tmp_path, "start.json", {"productIdentifier": "W", "quantity": 1})
    events = file(tmp_path, "events.json", [{"event": name} for name in ("release", "start", "complete")])
    held = file(tmp_path, "facts.json", {"open_holds": [{"process": "ncr_report"}]})
    common = ("simulate", ORDER, "--events", events, "--data", data, "--format", "json")

    free, stopped = (json.loads(jidoka(*common, *more).stdout)[-1]["state"] for more in ((), ("--facts", held)))

    assert (free, stopped) == (["completed"], ["in_progress"])


def test_reported_actions_are_not_pending_any_more(tmp_path: Path) -> None:
    calls = """process: calls
version: "1.0.0"
title: Calls
start: {by: [anyone]}
states:
  calling:
    entry:
      - {do: http.request, id: call, with: {url: '"https://erp.example"'}, done: {to: answered}, failed: {to: lost}}
  answered: {final: true}
  lost: {final: true}
"""
    path = file(tmp_path, "calls.yaml", calls)

    assert simulated(path, [{"event": "done.do.call"}])[-1]["state"] == ["answered"]
    assert simulated(path, [{"event": "error.do.call", "data": {"error": {"code": "X"}}}])[-1]["state"] == ["lost"]
    assert simulated(path, [], "--auto")[-1]["state"] == ["answered"]


def test_a_simulation_in_words(door: Path, tmp_path: Path) -> None:
    events = file(tmp_path, "events.json", [{"event": "open"}, {"advance": "PT2H"}])

    result = jidoka("simulate", door, "--events", events)

    assert result.stdout.splitlines() == [
        "start: closed",
        "1: opened",
        "    timer_start after.opened.1",
        "2: closed",
        "    emit door.closed",
    ]


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ("not json", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ({"event": "open"}, "must be a JSON list"),
        (["open"], "item 1: must be"),
        ([{"event": "open", "advance": "PT1H"}], "item 1: must be"),
        ([{}], "item 1: must be"),
        ([{"event": "open"}, {"event": 7}], "item 2: 'event' must be a text"),
        ([{"event": ""}], "item 1: 'event' must be a text"),
        ([{"event": "open", "data": [1]}], "item 1: 'data' must be an object"),
        ([{"event": "open", "by": "anna"}], "item 1: unknown key 'by'"),
        ([{"advance": "2 hours"}], "item 1: '2 hours' is not an ISO 8601 duration"),
        ([{"advance": 7200}], "item 1: 'advance' must be a text"),
        ([{"advance": "P3000000D"}], "event 1 (P3000000D): "),
    ],
)
def test_events_that_cannot_be_used_are_refused(door: Path, tmp_path: Path, events: Any, reason: str) -> None:
    result = jidoka("simulate", door, "--events", file(tmp_path, "events.json", events), "--format", "json")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert reason in result.stderr


@pytest.mark.parametrize(
    ("option", "content", "reason"),
    [
        ("--data", "[1]", "--data: must be a JSON object"),
        ("--data", "{", "not JSON"),
        ("--data", '{"opened": "often"}', "start: "),
        ("--facts", "7", "--facts: must be a JSON object"),
    ],
)
def test_other_input_that_cannot_be_used_is_refused(
    door: Path, tmp_path: Path, option: str, content: str, reason: str
) -> None:
    events = file(tmp_path, "events.json", [])

    result = jidoka("simulate", door, "--events", events, option, file(tmp_path, "given.json", content))

    assert result.exit_code == 2
    assert result.stdout == ""
    assert reason in result.stderr


@pytest.mark.parametrize("at", ["yesterday", "2026-01-05T08:00:00", "2026-13-05T08:00:00Z"])
def test_a_time_that_is_none_is_refused(door: Path, tmp_path: Path, at: str) -> None:
    result = jidoka("simulate", door, "--events", file(tmp_path, "events.json", []), "--at", at)

    assert result.exit_code == 2
    assert result.stderr.startswith("--at: ")


@pytest.mark.parametrize("missing", ["definition", "events", "data"])
def test_missing_files_are_refused(door: Path, tmp_path: Path, missing: str) -> None:
    events = file(tmp_path, "events.json", [])
    given = {"definition": door, "events": events, "data": events} | {missing: tmp_path / "missing.json"}

    result = jidoka("simulate", given["definition"], "--events", given["events"], "--data", given["data"])

    assert result.exit_code == 2
    assert "missing.json" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_broken_definition_is_not_simulated(tmp_path: Path) -> None:
    broken = file(tmp_path, "broken.yaml", DOOR.replace("to: opened", "to: ajar"))

    result = jidoka("simulate", broken, "--events", file(tmp_path, "events.json", []))

    assert result.exit_code == 2
    assert "error J201" in result.stderr


def test_a_guard_that_fails_stops_the_simulation_with_its_reason(tmp_path: Path) -> None:
    path = file(tmp_path, "door.yaml", DOOR.replace("{by: [anyone], to: closed}", "{when: event.x > 1, to: closed}"))
    events = file(tmp_path, "events.json", [{"event": "open"}, {"event": "close"}])

    result = jidoka("simulate", path, "--events", events)

    assert result.exit_code == 1
    assert result.stderr.startswith("event 2 (close): EXPRESSION_FAILED: ")


# --- diagram, import-scxml, export
