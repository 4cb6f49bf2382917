"""Starting instances over REST, on the real servers."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest

from tests.api.report import WORKFLOWS, Report


async def test_a_start_answers_201_with_id_number_type_and_state(report: Report) -> None:
    answer = await report.inspector.post(f"{WORKFLOWS}/report", json={"data": {"severity": "minor"}})

    said = answer.json()
    year = dt.datetime.now(dt.UTC).year
    assert answer.status_code == 201
    assert said == {"id": said["id"], "number": f"REP-{year}-001", "entity_type": "report", "state": "submitted"}
    assert answer.headers["location"] == f"{WORKFLOWS}/report/{said['id']}"


async def test_a_number_that_is_taken_is_409_and_names_the_instance(report: Report) -> None:
    first = await report.started(number="REP-A")

    answer = await report.inspector.post(f"{WORKFLOWS}/report", json={"data": {"severity": "minor"}, "number": "REP-A"})

    assert (answer.status_code, answer.json()["code"]) == (409, "NUMBER_TAKEN")
    assert answer.json()["facts"]["id"] == first["id"]


async def test_one_key_starts_one_instance_also_at_once(report: Report) -> None:
    body, headers = {"data": {"severity": "minor"}}, {"Idempotency-Key": "start-1"}

    answers = await asyncio.gather(
        *(report.inspector.post(f"{WORKFLOWS}/report", json=body, headers=headers) for _ in range(5))
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert (await report.inspector.get(f"{WORKFLOWS}/report")).json()["total"] == 1


@pytest.mark.parametrize(
    ("data", "field"),
    [({}, "severity"), ({"severity": "huge"}, "severity"), ({"severity": "minor", "text": 5}, "text")],
)
async def test_data_against_the_schema_are_400_and_named(report: Report, data: dict[str, Any], field: str) -> None:
    answer = await report.inspector.post(f"{WORKFLOWS}/report", json={"data": data})

    assert answer.status_code == 400
    assert field in str(answer.json()["details"])


async def test_who_may_start_is_said_by_the_definition_and_the_attempt_is_on_record(report: Report) -> None:
    denied = await report.qc_manager.post(f"{WORKFLOWS}/report", json={"data": {"severity": "minor"}})

    admin = await report.plant.as_("admin", username="second")
    log = (await admin.get("/api/v1/audit-log", params={"outcome": "denied"})).json()["entries"]
    assert denied.status_code == 403
    assert [(entry["username"], entry["path"]) for entry in log] == [("qc_manager", f"{WORKFLOWS}/report")]


async def test_an_unknown_process_is_404(report: Report) -> None:
    answer = await report.inspector.post(f"{WORKFLOWS}/nothing", json={"data": {}})

    assert (answer.status_code, answer.json()["code"]) == (404, "NO_SUCH_PROCESS")
