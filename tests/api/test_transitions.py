"""Transitions over REST, on the real servers: taken, refused, repeated, at once."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from fastapi import FastAPI

from activities.store.database import Database
from tests.api.conftest import new_plant
from tests.api.report import WORKFLOWS, Report


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
    report: Report, live_app: FastAPI, database: Database, password_hash: str
) -> None:
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
