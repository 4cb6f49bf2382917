"""Reading instances, inbox and paper over REST, and ending an instance early."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.api.report import WORKFLOWS, Report
from workflows.domain.errors import ExpressionFailed


async def test_an_instance_says_where_it_stands_and_what_the_caller_may_do(report: Report) -> None:
    started = await report.started()

    said = (await report.qc_manager.get(f"{WORKFLOWS}/report/{started['id']}")).json()

    assert (said["entity_type"], said["entity_id"], said["current_state"]) == ("report", started["id"], "submitted")
    assert said["current_assignee"] == {"id": report.qc_id, "name": "QC Manager"}
    assert said["data"]["severity"] == "minor"
    assert [(task["title"], task["priority"]) for task in said["tasks"]] == [(f"Review {started['number']}", 2)]
    allowed = {item["code"]: item["allowed"] for item in said["transitions"]}
    assert allowed == {"approve": True, "reject": True, "dispose": True, "withdraw": False}
    refused = next(item for item in said["transitions"] if not item["allowed"])
    assert (refused["error"], refused["reason"] is not None) == ("FORBIDDEN", True)
    assert {item["code"]: item["requires_comment"] for item in said["available_transitions"]} == {
        "approve": False,
        "reject": True,
        "dispose": False,
    }
    assert [(step["event"], step["performed_by"]["name"]) for step in said["history"]] == [("start", "Jane Inspector")]


async def test_it_is_told_why_an_instance_waits_and_what_the_caller_can_do(report: Report) -> None:
    started = await report.started()

    [wait] = (await report.qc_manager.get(f"{WORKFLOWS}/report/{started['id']}/waiting")).json()["waits"]

    assert (wait["state"], wait["you_can"]) == ("submitted", ["approve", "reject", "dispose"])
    assert wait["waits_for"] == [f"QC Manager to complete 'Review {started['number']}'"]


async def test_what_a_guard_refuses_is_told_before_it_is_tried(report: Report) -> None:
    started = await report.started("major")

    said = (await report.qc_manager.get(f"{WORKFLOWS}/report/{started['id']}")).json()

    approve = next(item for item in said["transitions"] if item["code"] == "approve")
    assert (approve["allowed"], approve["error"]) == (False, "TOO_SEVERE")


async def test_the_history_is_paged_and_says_who_did_what(report: Report) -> None:
    entity_id = (await report.started())["id"]
    await report.take(report.qc_manager, entity_id, "dispose", {"disposition": "scrap", "comment": "cracked"})
    await report.take(report.qc_manager, entity_id, "approve")

    page = (await report.qc_manager.get(f"{WORKFLOWS}/report/{entity_id}/history", params={"per_page": 2})).json()

    assert (page["total"], page["page"], page["per_page"]) == (3, 1, 2)
    disposed = page["steps"][1]
    assert (disposed["event"], disposed["username"], disposed["comment"]) == ("dispose", "qc_manager", "cracked")
    assert disposed["changes"]["disposition"]["new"] == "scrap"


async def test_instances_are_listed_by_state_assignee_number_and_time(report: Report) -> None:
    first, second = await report.started(), await report.started(number="X-17")
    await report.take(report.qc_manager, first["id"], "approve")

    async def ids(**params: str) -> list[int]:
        answer = await report.inspector.get(f"{WORKFLOWS}/report", params=params)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["instances"]]

    today = dt.datetime.now(dt.UTC).date()
    assert await ids() == [second["id"], first["id"]]
    assert await ids(state="approved") == [first["id"]]
    assert await ids(number="x-17") == [second["id"]]
    assert await ids(q="x-") == [second["id"]]
    assert await ids(created_from=str(today), created_to=str(today)) == [second["id"], first["id"]]
    assert await ids(created_from=str(today + dt.timedelta(days=1))) == []
    assert await ids(assignee="me") == []
    assert await ids(per_page="1", page="2") == [first["id"]]


async def test_the_inbox_shows_what_waits_for_the_caller(report: Report) -> None:
    started = await report.started()

    mine = (await report.qc_manager.get("/api/v1/tasks")).json()
    unison = (await report.qc_manager.get("/api/v1/workflows/tasks")).json()
    others = (await report.inspector.get("/api/v1/tasks")).json()
    everybody = (await report.inspector.get("/api/v1/tasks", params={"tab": "all"})).json()

    assert [task["entity_id"] for task in mine["tasks"]] == [started["id"]]
    assert (mine["total"], mine["counts"]) == (1, {"mine": 0, "groups": 1, "watching": 0, "done": 0})
    assert [(item["entity_type"], item["number"], item["state"]) for item in unison["tasks"]] == [
        ("report", started["number"], "submitted")
    ]
    assert others["tasks"] == []
    assert [task["entity_id"] for task in everybody["tasks"]] == [started["id"]]


async def test_a_read_after_a_write_shows_it(report: Report) -> None:
    entity_id = (await report.started())["id"]
    for code, client in (("approve", report.qc_manager), ("close", report.plant_manager)):
        moved = (await report.take(client, entity_id, code)).json()
        shown = (await client.get(f"{WORKFLOWS}/report/{entity_id}")).json()
        assert shown["state"] == moved["current_state"]


async def test_an_instance_is_cancelled_with_a_reason_by_those_who_may(report: Report) -> None:
    entity_id = (await report.started())["id"]
    path = f"{WORKFLOWS}/report/{entity_id}/cancel"

    denied = await report.qc_manager.post(path, json={"reason": "double"})
    no_reason = await report.plant_manager.post(path, json={})
    done = await report.plant_manager.post(path, json={"reason": "double"})
    after = await report.take(report.qc_manager, entity_id, "approve")

    assert (denied.status_code, no_reason.status_code, done.status_code) == (403, 400, 200)
    assert done.json()["status"] == "cancelled"
    assert (after.status_code, after.json()["error"]) == (409, "Transition not allowed")


async def test_an_instance_is_printed_as_a_pdf(report: Report) -> None:
    started = await report.started()

    answer = await report.inspector.get(f"{WORKFLOWS}/report/{started['id']}/document")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.content.startswith(b"%PDF-")


async def test_an_instance_without_incidents_has_none_to_act_on(report: Report) -> None:
    entity_id = (await report.started())["id"]
    admin = await report.plant.as_("admin", username="second")

    answer = await admin.post(f"{WORKFLOWS}/report/{entity_id}/incidents/1/retry", json={"reason": "try"})
    wrong = await admin.post(f"{WORKFLOWS}/report/{entity_id}/incidents/1/move", json={"reason": "try"})

    assert answer.status_code in {404, 409}
    assert (wrong.status_code, wrong.json()["details"][0]["field"]) == (400, "target")


async def test_a_fact_that_fails_does_not_hide_the_instance(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(*_: object) -> None:
        raise ExpressionFailed("no such key: lot")

    started = await report.started()
    monkeypatch.setattr(type(report.plant.services.instances), "verdicts", failing)

    answer = await report.qc_manager.get(f"{WORKFLOWS}/report/{started['id']}")

    assert answer.status_code == 200
    assert (answer.json()["transitions"], answer.json()["transitions_error"]) == ([], "no such key: lot")
