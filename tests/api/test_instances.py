"""Instances over REST, on the real servers: started, moved, refused, repeated, repaired, printed."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from activities.store.tables import steps
from tests.api.conftest import Plant

REPORT = """process: report
version: "1.0.0"
title: Report
number: "REP-{yyyy}-{seq:3}"
start:
  by: [role:inspector]
data:
  type: object
  required: [severity]
  properties:
    severity: {enum: [minor, major]}
    text: {type: string, maxLength: 2000}
    disposition: {type: string}
initial: submitted
states:
  submitted:
    task:
      title: "Review {number}"
      candidates: [role:qc_manager]
      due: P1D
      priority: 2
    transitions:
      approve:
        - {when: 'data.severity == "minor"', to: approved, else: TOO_SEVERE}
      reject: {to: rejected, require: [comment]}
      dispose:
        form:
          type: object
          required: [disposition]
          properties:
            disposition: {enum: [scrap, rework]}
            comment: {type: string}
        set: {disposition: event.disposition}
      withdraw: {to: rejected, by: [creator]}
  approved:
    task:
      title: "Close {number}"
      candidates: [role:plant_manager]
    transitions:
      close: {to: closed}
  rejected: {final: true}
  closed: {final: true}
"""
WORKFLOWS = "/api/v1/workflows"


class Report:
    """One published process, and the people around it."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant

    async def set_up(self) -> None:
        published = await (await self.plant.as_("admin")).post("/api/v1/definitions", json={"yaml": REPORT})
        assert published.status_code == 201, published.text
        self.inspector = await self.plant.as_("inspector", name="Jane Inspector")
        self.qc_id = await self.plant.person("qc_manager", name="QC Manager")
        self.qc_manager = self.plant.with_credential(await self.plant.token(self.qc_id))
        self.manager_id = await self.plant.person("plant_manager", name="Plant Manager")
        self.plant_manager = self.plant.with_credential(await self.plant.token(self.manager_id))

    async def started(self, severity: str = "minor", **more: Any) -> dict[str, Any]:
        answer = await self.inspector.post(f"{WORKFLOWS}/report", json={"data": {"severity": severity}, **more})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def take(
        self, client: httpx.AsyncClient, entity_id: object, code: str, body: Any = None, **headers: str
    ) -> httpx.Response:
        return await client.post(
            f"{WORKFLOWS}/report/{entity_id}/transition/{code}", json=body, headers=headers or None
        )

    async def steps(self, entity_id: int) -> int:
        async with self.plant.database.transaction(self.plant.tenant) as connection:
            query = select(func.count()).select_from(steps).where(steps.c.entity_id == entity_id)
            return int((await connection.execute(query)).scalar_one())


@pytest.fixture
async def report(live_plant: Plant) -> Report:
    report = Report(live_plant)
    await report.set_up()
    return report


# --- starting -----------------------------------------------------------------------------------------------


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


# --- transitions --------------------------------------------------------------------------------------------


async def test_a_transition_answers_exactly_as_unison_erp_says(report: Report) -> None:
    started = await report.started()

    answer = await report.take(
        report.qc_manager, started["id"], "approve", {"comment": "Root cause identified, approved for disposition"}
    )

    said = answer.json()
    assert answer.status_code == 200, answer.text
    assert said == {
        "previous_state": "submitted",
        "current_state": "approved",
        "current_assignee": {"id": report.manager_id, "name": "Plant Manager"},
        "performed_by": {"id": report.qc_id, "name": "QC Manager"},
        "performed_at": said["performed_at"],
    }
    assert dt.datetime.fromisoformat(said["performed_at"]).utcoffset() == dt.timedelta(0)


async def test_a_role_of_several_people_has_no_id(report: Report) -> None:
    await report.plant.person("plant_manager", username="another")
    started = await report.started()

    answer = await report.take(report.qc_manager, started["id"], "approve")

    assert answer.json()["current_assignee"] == {"id": None, "name": "Plant Manager"}


async def test_at_the_end_nobody_is_waited_for(report: Report) -> None:
    started = await report.started()
    await report.take(report.qc_manager, started["id"], "approve")

    answer = await report.take(report.plant_manager, started["id"], "close")

    assert (answer.json()["current_state"], answer.json()["current_assignee"]) == ("closed", None)


async def test_the_wrong_person_is_refused_with_the_body_of_the_contract(report: Report) -> None:
    started = await report.started()

    answer = await report.take(report.inspector, started["id"], "approve", {"comment": "me too"})

    assert answer.status_code == 403
    said = answer.json()
    assert said["error"] == "Not authorized"
    assert said["reason"] == "This task is assigned to QC Manager, not you"


async def test_refusals_have_their_status_and_leave_no_step(report: Report) -> None:
    started = await report.started("major")
    entity_id = started["id"]

    unknown = await report.take(report.qc_manager, entity_id, "close")
    guard = await report.take(report.qc_manager, entity_id, "approve")
    missing = await report.take(report.qc_manager, entity_id, "reject", {"comment": " "})
    form = await report.take(report.qc_manager, entity_id, "dispose", {"disposition": "eat"})

    assert (unknown.status_code, unknown.json()["error"]) == (409, "Transition not allowed")
    assert (guard.status_code, guard.json()["code"]) == (422, "TOO_SEVERE")
    assert (missing.status_code, missing.json()["error"]) == (400, "Validation failed")
    assert missing.json()["details"] == [{"field": "comment", "message": "is required"}]
    assert (form.status_code, form.json()["details"][0]["field"]) == (400, "disposition")
    assert await report.steps(entity_id) == 1


async def test_refused_attempts_are_on_record(report: Report) -> None:
    started = await report.started("major")
    await report.take(report.inspector, started["id"], "approve")
    await report.take(report.qc_manager, started["id"], "approve")
    await report.take(report.qc_manager, started["id"], "close")

    admin = await report.plant.as_("admin", username="second")
    log = (await admin.get("/api/v1/audit-log", params={"outcome": "denied"})).json()["entries"]

    assert [(entry["username"], entry["code"], entry["entityId"]) for entry in reversed(log)] == [
        ("inspector", "FORBIDDEN", str(started["id"])),
        ("qc_manager", "TOO_SEVERE", str(started["id"])),
        ("qc_manager", "TRANSITION_NOT_AVAILABLE", str(started["id"])),
    ]


async def test_the_number_addresses_an_instance_as_well_as_its_id(report: Report) -> None:
    started = await report.started()

    answer = await report.take(report.qc_manager, started["number"], "approve")

    assert answer.status_code == 200


@pytest.mark.parametrize("reference", ["999999999", "9" * 30, "REP-1999-001"])
async def test_an_unknown_instance_is_404(report: Report, reference: str) -> None:
    moved = await report.take(report.qc_manager, reference, "approve")
    shown = await report.qc_manager.get(f"{WORKFLOWS}/report/{reference}")

    assert (moved.status_code, shown.status_code) == (404, 404)
    assert moved.json()["error"] == "Not found"


async def test_another_tenant_s_instance_is_404(
    report: Report, live_app: Any, database: Any, password_hash: str
) -> None:
    from tests.api.conftest import new_plant

    started = await report.started()
    stranger = await (await new_plant(live_app, database, password_hash)).as_("qc_manager", "admin")
    path = f"{WORKFLOWS}/report/{started['id']}"

    statuses = [
        (await stranger.get(path)).status_code,
        (await stranger.get(f"{path}/history")).status_code,
        (await stranger.get(f"{path}/document")).status_code,
        (await stranger.post(f"{path}/transition/approve")).status_code,
        (await stranger.post(f"{path}/cancel", json={"reason": "mine"})).status_code,
        (await stranger.post(f"{path}/incidents/1/retry", json={"reason": "mine"})).status_code,
    ]

    assert statuses == [404] * 6


async def test_one_key_moves_once_and_answers_alike(report: Report) -> None:
    entity_id = (await report.started())["id"]
    key = {"Idempotency-Key": "approve-1"}

    answers = [await report.take(report.qc_manager, entity_id, "approve", {"comment": "x"}, **key) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert await report.steps(entity_id) == 2


async def test_one_key_at_once_moves_once(report: Report) -> None:
    entity_id = (await report.started())["id"]
    key = {"Idempotency-Key": "approve-1"}

    answers = await asyncio.gather(
        *(report.take(report.qc_manager, entity_id, "approve", {"comment": "x"}, **key) for _ in range(4))
    )

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["current_state"] for answer in answers} == {"approved"}
    assert await report.steps(entity_id) == 2


async def test_the_same_key_with_another_body_is_409(report: Report) -> None:
    entity_id = (await report.started())["id"]
    key = {"Idempotency-Key": "approve-1"}
    await report.take(report.qc_manager, entity_id, "approve", {"comment": "x"}, **key)

    other = await report.take(report.qc_manager, entity_id, "approve", {"comment": "y"}, **key)

    assert (other.status_code, other.json()["error"]) == (409, "Conflict")


async def test_of_two_transitions_at_once_one_wins_and_the_other_is_told(report: Report) -> None:
    entity_id = (await report.started())["id"]

    answers = await asyncio.gather(
        report.take(report.qc_manager, entity_id, "approve"),
        report.take(report.qc_manager, entity_id, "reject", {"comment": "no"}),
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert await report.steps(entity_id) == 2


async def test_a_command_that_takes_too_long_is_accepted_and_its_result_asked_for_later(report: Report) -> None:
    entity_id = (await report.started())["id"]
    instances = report.plant.services.instances
    patience, instances.answer_within_s = instances.answer_within_s, 0.001
    try:
        accepted = await report.take(report.qc_manager, entity_id, "approve")
    finally:
        instances.answer_within_s = patience
    assert accepted.status_code == 202, accepted.text
    assert accepted.json()["status"] == "accepted"

    key = {"Idempotency-Key": accepted.json()["command_id"]}
    later = await report.take(report.qc_manager, entity_id, "approve", **key)

    assert (later.status_code, later.json()["current_state"]) == (200, "approved")
    assert await report.steps(entity_id) == 2


async def test_an_api_key_acts_with_its_roles(report: Report) -> None:
    admin = await report.plant.as_("admin", username="second")
    body = {"name": "Robot", "scope": "read-write", "roles": ["qc_manager"]}
    key = (await admin.post("/api/v1/api-keys", json=body)).json()["apiKey"]
    started = await report.started()

    answer = await report.take(report.plant.with_credential(key), started["id"], "approve")

    assert answer.status_code == 200
    assert answer.json()["performed_by"]["name"] == "Robot"


# --- reading ------------------------------------------------------------------------------------------------


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
    everybody = (await report.inspector.get("/api/v1/tasks", params={"show": "all"})).json()

    assert [task["entity_id"] for task in mine["tasks"]] == [started["id"]]
    assert (mine["total"], mine["counts"]) == (1, {"mine": 0, "offered": 1})
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
