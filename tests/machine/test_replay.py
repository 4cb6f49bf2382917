"""Recorded histories of every shipped process replay: the interpreter still decides as it did then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from activities.codec import converter
from activities.services.definitions import shipped_folder
from workflows.definition.folder import process_files
from workflows.machine import programs
from workflows.machine.interpreter import Interpreter
from workflows.machine.sandbox import runner

HERE = Path(__file__).parent / "histories"
HISTORIES = sorted(HERE.glob("*.json"))


def _recorded(digest: str) -> bytes:
    try:
        return (HERE / "programs" / f"{digest}.json").read_bytes()
    except FileNotFoundError as missing:
        raise LookupError(digest) from missing


@pytest.fixture(autouse=True)
def _recorded_programs() -> None:
    programs.install(_recorded)


def _replayer() -> Replayer:
    return Replayer(workflows=[Interpreter], data_converter=converter(), workflow_runner=runner())


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_history_replays(path: Path) -> None:
    await _replayer().replay_workflow(WorkflowHistory.from_json(path.stem, path.read_text()))


async def test_history_of_another_interpreter_does_not_replay() -> None:
    """The replayer does compare: an activity under another name is found."""
    raw = json.loads(HISTORIES[0].read_text())
    scheduled = [event for event in raw["events"] if "activityTaskScheduledEventAttributes" in event]
    scheduled[0]["activityTaskScheduledEventAttributes"]["activityType"]["name"] = "another"
    with pytest.raises(Exception, match="ondeterminism"):
        await _replayer().replay_workflow(WorkflowHistory.from_json("changed", json.dumps(raw)))


def test_every_shipped_process_is_recorded() -> None:
    shipped = {path.stem for path in process_files(shipped_folder())}
    assert {path.stem.rpartition("-")[0] for path in HISTORIES} >= shipped
