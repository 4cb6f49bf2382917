"""Comments with mentions, and watching."""

from __future__ import annotations

import pytest

from tests.api.conftest import Plant
from tests.api.work import Work


@pytest.fixture
async def place(plant: Plant) -> str:
    return f"/api/v1/workflows/ncr_report/{await Work(plant).open()}"


async def test_a_comment_is_shown_with_its_writer_and_task(plant: Plant, place: str) -> None:
    eva = await plant.as_("inspector", username="eva", name="Eva Stone")

    made = await eva.post(f"{place}/comments", json={"text": "See photo 2", "task": "1"})
    await eva.post(f"{place}/comments", json={"text": "About the whole"})

    assert made.status_code == 201, made.text
    listed = (await eva.get(f"{place}/comments")).json()
    assert [(item["name"], item["text"], item["task"]) for item in listed["comments"]] == [
        ("Eva Stone", "See photo 2", "1"),
        ("Eva Stone", "About the whole", None),
    ]
    assert (await eva.get(f"{place}/comments", params={"task": "1"})).json()["total"] == 1


async def test_who_is_mentioned_watches_from_now_on(plant: Plant, place: str) -> None:
    eva = await plant.as_("inspector", username="eva")
    anna = await plant.as_("engineer", username="Anna.Beck")
    await plant.person("engineer", username="gone", active=False)

    text = "@anna.beck, @ANNA.BECK. and (@nobody) and @gone: mail eva@example.com"
    made = (await eva.post(f"{place}/comments", json={"text": text})).json()

    assert made["mentions"] == ["Anna.Beck"]
    assert made["unknown_mentions"] == ["nobody", "gone"]
    watchers = (await eva.get(f"{place}/watchers")).json()["watchers"]
    assert {item["username"]: item["because"] for item in watchers} == {"Anna.Beck": "mention", "eva": "self"}
    assert (await anna.get("/api/v1/tasks", params={"tab": "watching"})).json()["total"] == 1


async def test_a_comment_is_said_once_however_often_it_is_sent(plant: Plant, place: str) -> None:
    eva = await plant.as_("inspector", username="eva")

    for _ in range(2):
        await eva.post(f"{place}/comments", json={"text": "Once"}, headers={"Idempotency-Key": "k1"})

    assert (await eva.get(f"{place}/comments")).json()["total"] == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": ""}, 400),
        ({"text": "x" * 10_001}, 400),
        ({"text": " ".join(f"@u{n}" for n in range(51))}, 400),
        ({"text": "x", "colour": "red"}, 400),
        ({"text": "x", "task": "99"}, 404),
    ],
)
async def test_what_is_no_comment_is_refused(plant: Plant, place: str, body: dict[str, str], status: int) -> None:
    assert (await (await plant.as_("inspector")).post(f"{place}/comments", json=body)).status_code == status


async def test_a_key_that_only_reads_does_not_comment(plant: Plant, place: str) -> None:
    admin = await plant.as_("admin")
    key = (await admin.post("/api/v1/api-keys", json={"name": "robot", "scope": "read-only"})).json()["apiKey"]

    assert (await plant.with_credential(key).post(f"{place}/comments", json={"text": "x"})).status_code == 403


async def test_another_tenant_s_comments_do_not_exist(plant: Plant, other_plant: Plant, place: str) -> None:
    stranger = await other_plant.as_("admin")

    assert (await stranger.get(f"{place}/comments")).status_code == 404
    assert (await stranger.post(f"{place}/comments", json={"text": "x"})).status_code == 404
    assert (await stranger.post(f"{place}/watchers", json={})).status_code == 404


async def test_watching_is_one_s_own_choice_and_may_be_asked_of_others(plant: Plant, place: str) -> None:
    eva, admin = await plant.as_("inspector", username="eva"), await plant.as_("admin", username="root")
    await plant.person("engineer", username="tom")

    added = await eva.post(f"{place}/watchers", json={"username": "TOM"})
    await eva.post(f"{place}/watchers", json={})

    assert [(item["username"], item["because"]) for item in added.json()["watchers"]] == [("tom", "added")]
    assert (await eva.post(f"{place}/watchers", json={"username": "nobody"})).status_code == 400
    assert (await eva.delete(f"{place}/watchers/tom")).status_code == 403
    assert (await admin.delete(f"{place}/watchers/tom")).status_code == 204
    assert [(await eva.delete(f"{place}/watchers/eva")).status_code for _ in range(2)] == [204, 204]
    assert (await eva.get(f"{place}/watchers")).json() == {"watchers": []}


async def test_comments_are_on_the_audit_trail_and_cannot_be_changed(plant: Plant, place: str) -> None:
    admin = await plant.as_("admin")
    await admin.post(f"{place}/comments", json={"text": "Seen"})

    log = (await admin.get("/api/v1/audit-log", params={"action": "comment.create"})).text

    assert "Seen" in log
