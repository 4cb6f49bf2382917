"""One's own notices over REST: seen, marked, chosen; and no link of a letter acts."""

from __future__ import annotations

import asyncio
import re
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from activities.actions.registry import default
from tests.api.conftest import Plant
from tests.effects import call, equipment

TALK = """process: talk
version: "1.0.0"
title: Talk
start: {by: [anyone]}
initial: open
states:
  open:
    transitions:
      escalate:
        to: escalated
        by: [anyone]
        actions: [{notify: role:planner, subject: "{number} is overdue", urgency: critical}]
  escalated:
    transitions:
      close: {to: closed, by: [anyone]}
  closed: {final: true}
"""


class Told:
    """Tells people of one plant what a process would tell them."""

    def __init__(self, plant: Plant, folder: Path) -> None:
        self._plant = plant
        self._equipment = equipment(plant.database, folder)
        self.mail = folder / "mail"

    async def __call__(self, to: str, subject: str, **more: Any) -> None:
        arguments = {"to": to, "subject": subject, **more}
        await default().run_activity(call(self._equipment, self._plant.tenant), "notify.email", arguments)


@pytest.fixture
def tell(plant: Plant, tmp_path: Path) -> Told:
    return Told(plant, tmp_path)


async def _subjects(client: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await client.get("/api/v1/notifications", params=query)
    assert answer.status_code == 200, answer.text
    return [item["subject"] for item in answer.json()["notifications"]]


async def test_unread_ones_come_first_with_how_many_there_are(plant: Plant, tell: Told) -> None:
    client = await plant.as_("inspector")
    for subject in ("one", "two", "three"):
        await tell("role:inspector", subject, urgency="critical" if subject == "three" else "normal")
    listed = (await client.get("/api/v1/notifications")).json()
    newest = listed["notifications"][0]
    assert listed["counts"] == {"unread": 3, "critical": 1}
    assert (newest["entity_type"], newest["entity_id"], newest["urgency"]) == ("ncr_report", 42, "critical")

    marked = await client.post(f"/api/v1/notifications/{newest['id']}/read")

    assert marked.json()["read_at"] is not None
    assert await _subjects(client) == ["two", "one", "three"]
    assert await _subjects(client, unread="true", per_page=1) == ["two"]
    assert await _subjects(client, unread="true", per_page=1, page=2) == ["one"]
    assert await _subjects(client, unread="false") == ["three"]


async def test_marking_twice_keeps_the_first_time_and_all_at_once_says_how_many(plant: Plant, tell: Told) -> None:
    client = await plant.as_("inspector")
    await tell("role:inspector", "one")
    await tell("role:inspector", "two")
    [_, oldest] = (await client.get("/api/v1/notifications")).json()["notifications"]
    path = f"/api/v1/notifications/{oldest['id']}/read"

    first, again = await client.post(path), await client.post(path)
    all_of_them = await client.post("/api/v1/notifications/read-all")

    assert first.json() == again.json()
    assert all_of_them.json() == {"read": 1}


async def test_another_person_s_notices_do_not_exist(plant: Plant, tell: Told) -> None:
    mine, theirs = await plant.as_("inspector"), await plant.as_("supervisor", "admin")
    await tell("role:inspector", "secret")
    [notice] = (await mine.get("/api/v1/notifications")).json()["notifications"]

    assert await _subjects(theirs) == []
    assert (await theirs.post(f"/api/v1/notifications/{notice['id']}/read")).status_code == 404
    assert (await mine.get("/api/v1/notifications")).json()["counts"]["unread"] == 1


async def test_who_is_mentioned_in_a_comment_is_told_and_who_watches_hears_of_it_later(live_plant: Plant) -> None:
    admin = await live_plant.as_("admin")
    anna, bo = await live_plant.as_("operator", username="anna"), await live_plant.as_("operator", username="bo")
    assert (await admin.post("/api/v1/definitions", json={"yaml": TALK})).status_code == 201
    path = f"/api/v1/workflows/talk/{(await admin.post('/api/v1/workflows/talk', json={})).json()['id']}"

    for words in ("please look, @anna", "never mind"):
        said = await bo.post(f"{path}/comments", json={"text": words})
        assert said.status_code == 201, said.text

    told = (await anna.get("/api/v1/notifications")).json()["notifications"]
    assert [(item["urgency"], item["text"]) for item in told] == [
        ("low", "never mind"),
        ("normal", "please look, @anna"),
    ]
    assert "Bo mentioned you at" in told[1]["subject"]
    assert (await bo.get("/api/v1/notifications")).json()["total"] == 0


async def test_an_escalation_to_an_empty_role_is_reported_and_the_process_goes_on(live_plant: Plant) -> None:
    admin = await live_plant.as_("admin")
    assert (await admin.post("/api/v1/definitions", json={"yaml": TALK})).status_code == 201
    path = f"/api/v1/workflows/talk/{(await admin.post('/api/v1/workflows/talk', json={})).json()['id']}"

    assert (await admin.post(f"{path}/transition/escalate", json={})).status_code == 200
    async with asyncio.timeout(15):
        while not (told := (await admin.get("/api/v1/notifications")).json()["notifications"]):
            await asyncio.sleep(0.05)

    assert (told[0]["urgency"], told[0]["read_at"]) == ("critical", None)
    assert "role:planner" in told[0]["subject"]
    assert (await admin.get(path)).json()["open_incidents"] == 0


async def test_preferences_are_kept_and_on_record(plant: Plant) -> None:
    client = await plant.as_("inspector")
    path = "/api/v1/notifications/preferences"
    assert (await client.get(path)).json() == {
        "language": "en",
        "normal": "at_once",
        "low": "digest",
        "critical": "at_once",
    }

    chosen = {"language": "de", "normal": "digest", "low": "in_app"}
    answer = await client.put(path, json=chosen)

    assert answer.json() == (await client.get(path)).json() == chosen | {"critical": "at_once"}
    async with plant.database.transaction(plant.tenant) as connection:
        [entry] = (
            await connection.execute(text("SELECT * FROM audit WHERE action = 'notification.preferences'"))
        ).all()
    assert (entry.username, entry.before["normal"], entry.after["normal"]) == ("inspector", "at_once", "digest")


@pytest.mark.parametrize("body", [{"critical": "in_app"}, {"critical": None}, {"language": "xx"}, {"sms": True}])
async def test_critical_ones_cannot_be_switched_off_nor_nonsense_be_chosen(plant: Plant, body: dict[str, Any]) -> None:
    client = await plant.as_("inspector")

    answer = await client.put("/api/v1/notifications/preferences", json=body)

    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] in body


async def test_a_mail_scanner_that_follows_every_link_changes_nothing(plant: Plant, tell: Told) -> None:
    """With and without the reader's credential: a link shows and never acts."""
    client = await plant.as_("inspector", email="inspector@plant.example")
    await tell("role:inspector", "Decide", text="Please decide.", urgency="critical")
    [file] = await asyncio.to_thread(lambda: list(tell.mail.glob("*.eml")))
    letter = message_from_bytes(file.read_bytes(), policy=policy.default)
    links = {link for part in letter.walk() if part.get_content_maintype() == "text"
             for link in re.findall(r"https?://[^\s\"<>]+", part.get_content())}  # fmt: skip
    before = await _everything(plant)

    for link in links:
        for scanner in (plant.client, client):
            for method in ("GET", "HEAD"):
                await scanner.request(method, httpx.URL(link).raw_path.decode())

    assert links == {"http://127.0.0.1:8000/instances/ncr_report/42"}
    assert await _everything(plant) == before


async def _everything(plant: Plant) -> dict[str, list[Any]]:
    """All rows of the tenant that a decision could change."""
    tables = ("notifications", "instances", "steps", "tasks", "incidents", "audit", "outbox", "idempotency")
    async with plant.database.transaction(plant.tenant) as connection:
        return {
            table: sorted(str(row) for row in await connection.execute(text(f"SELECT * FROM {table}")))
            for table in tables
        }
