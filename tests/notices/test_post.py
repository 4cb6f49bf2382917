"""Letters leave the house: at least once, under one Message-ID, and a mail server that is away loses none."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from activities.notices.post import LEASE, Post
from activities.outbound.mail import Letter, Mailer
from tests.effects import add_user, new_tenant
from tests.notices.conftest import Plant

pytestmark = pytest.mark.usefixtures("people")


async def test_the_mail_server_is_down_for_a_day_and_nothing_is_lost(plant: Plant) -> None:
    plant.close_post_office()
    for number in range(12):
        await plant.notify("role:qc_manager", subject=f"Notice {number}")
    for _ in range(24 * 4):
        plant.clock.advance(minutes=15)
        await plant.worker().round()
    assert plant.postman.letters == []
    assert len(await plant.told("anna")) == 12

    plant.open_post_office()
    plant.clock.advance(hours=1)
    while await plant.worker().round():
        pass

    subjects = sorted(str(letter["Subject"]) for letter in plant.postman.letters)
    assert subjects == sorted(f"Notice {number}" for number in range(12) for _ in "ab")
    assert await plant.waiting() == 0


async def test_it_is_tried_after_one_five_and_fifteen_minutes_and_then_the_admins_are_alerted(plant: Plant) -> None:
    plant.close_post_office()
    await plant.notify("user:anna")
    seen = []
    for minutes in (0, 1, 5, 15):
        plant.clock.advance(minutes=minutes, seconds=-1 if minutes else 0)
        await plant.worker().round()
        plant.clock.advance(seconds=1 if minutes else 0)
        await plant.worker().round()
        [row] = await plant.rows("SELECT attempts FROM mail_queue")
        seen.append((row.attempts, len(await plant.told("root"))))

    assert seen == [(1, 0), (2, 0), (3, 0), (4, 1)]
    [record] = await plant.rows("SELECT action, after FROM audit")
    assert (record.action, record.after["address"]) == ("mail.trouble", "anna@plant.example")
    assert await plant.told("root") == ["The mail server does not take letters"]


async def test_many_letters_in_trouble_are_one_alert_an_hour(plant: Plant) -> None:
    plant.close_post_office()
    for _ in range(5):
        await plant.notify("role:qc_manager")
    for minutes in (1, 5, 15, 1, 1):
        plant.clock.advance(minutes=minutes)
        await plant.worker().round()

    assert len(await plant.told("root")) == 1


async def test_an_address_that_is_refused_for_good_is_given_up_and_reported(plant: Plant) -> None:
    plant.postman.refuse["anna@plant.example"] = "550 no such user"

    await plant.notify("role:qc_manager")
    plant.clock.advance(hours=2)
    await plant.worker().round()

    assert plant.postman.received == ["bo@plant.example"]
    assert await plant.told("root") == ["A letter to anna@plant.example was given up"]
    assert await plant.waiting() == 0


async def test_two_workers_send_each_letter_once(plant: Plant) -> None:
    plant.close_post_office()
    for _ in range(15):
        await plant.notify("role:qc_manager")
    plant.open_post_office()
    plant.clock.advance(minutes=1)

    async def work() -> None:
        post = plant.post()
        while await post.send_due():
            pass

    await asyncio.gather(*(work() for _ in range(4)))

    assert len(plant.postman.letters) == 30
    assert len({(letter["Message-ID"], letter["To"]) for letter in plant.postman.letters}) == 30


class _Killed(BaseException):
    """As if the process had been killed."""


class _KilledAfterSending(Mailer):
    async def send(self, letter: Letter) -> list[str]:
        await super().send(letter)
        raise _Killed


async def test_a_worker_killed_between_sending_and_noting_it_sends_the_same_letter_again(plant: Plant) -> None:
    given = plant.equipment.mail
    killed = _KilledAfterSending(given._sender, given._server, given._folder)
    plant.equipment = replace(plant.equipment, mail=killed)
    with pytest.raises(_Killed):
        await plant.notify("user:anna")
    post = Post(plant.database, given, base_url="https://plant.example", clock=plant.clock)

    await post.send_due()
    assert len(plant.postman.letters) == 1, "the lease still holds"
    plant.clock.advance(seconds=LEASE.total_seconds())
    await post.send_due()
    plant.clock.advance(hours=1)
    await post.send_due()

    first, again = plant.postman.letters
    assert first["Message-ID"] == again["Message-ID"]
    assert await plant.waiting() == 0


async def test_a_letter_is_given_up_after_days_and_that_is_reported(plant: Plant) -> None:
    plant.close_post_office()
    await plant.notify("user:anna")
    for _ in range(6):
        plant.clock.advance(days=1)
        await plant.worker().round()

    assert await plant.waiting() == 0
    assert (await plant.told("root"))[0] == "A letter to anna@plant.example was given up"


async def test_a_server_that_is_away_is_asked_once_a_round_and_every_tenant_has_its_turn(
    plant: Plant,
) -> None:
    plant.close_post_office()
    await plant.notify("user:anna")
    other = replace(plant, tenant=await new_tenant(plant.database))
    await add_user(other.database, other.tenant, "zoe", email="zoe@other.example")
    await other.notify("user:zoe")
    plant.clock.advance(minutes=1)

    tried = [await plant.worker().round() for _ in range(3)]

    assert tried == [1, 1, 0]
