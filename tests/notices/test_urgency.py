"""What is sent at once, what waits for the digest, and what a person can choose."""

from __future__ import annotations

import asyncio
import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from activities.notices.telling import next_hour
from activities.services.notifications import Preferences
from activities.services.origin import Origin
from activities.store.repositories.notifications import Way
from tests.notices.conftest import Plant
from workflows.engine.events import Actor

pytestmark = pytest.mark.usefixtures("people")

HERE = Origin()


async def _choose(plant: Plant, username: str, chosen: Preferences) -> None:
    await plant.inbox.choose(plant.tenant, Actor(1, username, username), chosen, HERE)


async def test_a_normal_notice_is_sent_at_once(plant: Plant) -> None:
    await plant.notify("user:anna")

    assert plant.postman.received == ["anna@plant.example"]


async def test_low_urgency_waits_and_comes_once_an_hour_in_one_letter(plant: Plant) -> None:
    for number in range(3):
        await plant.notify("role:qc_manager", subject=f"Filed {number}", urgency="low")
    await plant.worker().round()
    assert plant.postman.letters == []
    assert await plant.told("anna") == ["Filed 2", "Filed 1", "Filed 0"]

    plant.clock.advance(minutes=50)
    await plant.worker().round()
    plant.clock.advance(hours=2)
    await plant.worker().round()

    assert plant.postman.received == ["anna@plant.example", "bo@plant.example"]
    [letter, _] = plant.postman.letters
    shown = letter.get_body(("plain",))
    assert shown is not None
    assert letter["Subject"] == "3 notices since the last hour"
    assert all(f"Filed {number}" in shown.get_content() for number in range(3))
    assert shown.get_content().count("https://plant.example/instances/ncr_report/42") == 3


async def test_a_critical_notice_never_waits_whatever_was_chosen(plant: Plant) -> None:
    await _choose(plant, "anna", Preferences(normal="in_app", low="in_app"))

    await plant.notify("user:anna", urgency="critical", subject="Stop the line")

    [letter] = plant.postman.letters
    assert letter["Subject"] == "Critical: Stop the line"


@pytest.mark.parametrize(("way", "at_once", "after_an_hour"), [("at_once", 1, 1), ("digest", 0, 1), ("in_app", 0, 0)])
@pytest.mark.parametrize("urgency", ["normal", "low"])
async def test_each_person_chooses_how_what_is_not_critical_comes_by_mail(
    plant: Plant, urgency: str, way: Way, at_once: int, after_an_hour: int
) -> None:
    await _choose(plant, "anna", Preferences(normal=way, low=way))

    await plant.notify("user:anna", urgency=urgency)
    assert len(plant.postman.letters) == at_once
    plant.clock.advance(hours=1)
    await plant.worker().round()

    assert len(plant.postman.letters) == after_an_hour
    assert await plant.told("anna") == ["Due"]


async def test_the_letter_speaks_the_language_of_the_reader(plant: Plant) -> None:
    await _choose(plant, "anna", Preferences(language="de"))

    await plant.notify("role:qc_manager", urgency="critical", subject="Halle 4")

    assert {letter["To"]: letter["Subject"] for letter in plant.postman.letters} == {
        "anna@plant.example": "Kritisch: Halle 4",
        "bo@plant.example": "Critical: Halle 4",
    }


async def test_what_was_read_is_left_out_of_the_digest(plant: Plant) -> None:
    await plant.notify("user:anna", urgency="low", subject="Seen")
    await plant.inbox.mark_all_read(plant.tenant, "anna")
    await plant.notify("user:anna", urgency="low", subject="Not seen")

    plant.clock.advance(hours=1)
    await plant.worker().round()

    [letter] = plant.postman.letters
    shown = letter.get_body(("plain",))
    assert shown is not None
    assert "Not seen" in shown.get_content()
    assert "Seen\n" not in shown.get_content()


async def test_who_has_left_gets_no_digest_and_holds_nothing_up(plant: Plant) -> None:
    await plant.notify("user:anna", urgency="low")
    async with plant.database.transaction(plant.tenant) as connection:
        await connection.execute(text("UPDATE users SET active = false WHERE username = 'anna'"))
    plant.clock.advance(hours=1)

    await plant.worker().round()

    assert plant.postman.letters == []
    assert await plant.rows("SELECT id FROM notifications WHERE digest_at IS NOT NULL") == []


async def test_of_several_workers_one_makes_the_digest(plant: Plant) -> None:
    for _ in range(5):
        await plant.notify("role:qc_manager", urgency="low")
    plant.clock.advance(hours=1)

    await asyncio.gather(*(plant.worker().round() for _ in range(4)))
    await plant.worker().round()

    assert plant.postman.received == ["anna@plant.example", "bo@plant.example"]


@pytest.mark.parametrize(
    ("zone", "at", "expected"),
    [
        ("Europe/Berlin", "2026-11-20T08:10:00Z", "2026-11-20T09:00:00Z"),
        ("Asia/Kolkata", "2026-11-20T08:10:00Z", "2026-11-20T08:30:00Z"),
        ("Asia/Kathmandu", "2026-11-20T08:15:00Z", "2026-11-20T09:15:00Z"),
        ("Europe/Berlin", "2026-10-25T00:59:59Z", "2026-10-25T01:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T15:15:00Z", "2026-04-04T15:30:00Z"),
    ],
)
def test_the_hour_is_the_plant_s(zone: str, at: str, expected: str) -> None:
    assert next_hour(dt.datetime.fromisoformat(at), ZoneInfo(zone)) == dt.datetime.fromisoformat(expected)
