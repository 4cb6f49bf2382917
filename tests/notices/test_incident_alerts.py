"""Who can act hears of an incident, once in a while and not for each attempt."""

from __future__ import annotations

import asyncio
import json

import pytest
from sqlalchemy import text

from tests.effects import add_user
from tests.notices.conftest import Plant

pytestmark = pytest.mark.usefixtures("people")


async def _open(plant: Plant, incident: str, *, code: str = "ADDRESS_REFUSED", entity_id: int = 42) -> None:
    async with plant.database.transaction(plant.tenant) as connection:
        await connection.execute(
            text(
                "INSERT INTO incidents (tenant_id, process, entity_id, incident, number, kind, state, error, since,"
                " opened_seq) VALUES (:t, 'ncr_report', :e, :i, :n, 'effect', 'submitted', :error, :at, 1)"
            ),
            {
                "t": plant.tenant,
                "e": entity_id,
                "i": incident,
                "n": f"NCR-{entity_id}",
                "error": json.dumps({"code": code, "message": "10.0.0.1 is <private>", "details": {}}),
                "at": plant.clock(),
            },
        )


async def test_admins_and_process_owners_hear_of_it_in_the_application_and_by_mail(plant: Plant) -> None:
    await add_user(plant.database, plant.tenant, "olga", email="olga@plant.example", roles=["process_owner"])
    await _open(plant, "1")

    await plant.worker().round()
    await plant.worker().round()

    assert plant.postman.received == ["olga@plant.example", "root@plant.example"]
    assert await plant.told("root") == ["Incident: NCR-42 waits in submitted"]
    assert await plant.told("anna") == []
    shown = plant.postman.letters[0].get_body(("plain",))
    assert shown is not None
    assert "10.0.0.1 is <private> (ADDRESS_REFUSED)" in shown.get_content()


async def test_the_same_trouble_of_one_instance_is_told_once_an_hour(plant: Plant) -> None:
    await _open(plant, "1")
    await plant.worker().round()
    for number in range(2, 8):
        plant.clock.advance(minutes=9)
        await _open(plant, str(number))
        await plant.worker().round()
    assert len(await plant.told("root")) == 1

    plant.clock.advance(minutes=9)
    await _open(plant, "8")
    await plant.worker().round()

    assert len(await plant.told("root")) == 2


async def test_another_trouble_or_another_instance_is_told_by_itself(plant: Plant) -> None:
    await _open(plant, "1")
    await _open(plant, "2", code="MAIL_REFUSED")
    await _open(plant, "1", entity_id=43)

    await plant.worker().round()

    assert len(await plant.told("root")) == 3


async def test_several_workers_alert_once(plant: Plant) -> None:
    for number in range(20):
        await _open(plant, "1", entity_id=100 + number)

    await asyncio.gather(*(plant.worker().round() for _ in range(4)))
    await plant.worker().round()

    assert len(await plant.told("root")) == 20
    assert len(plant.postman.letters) == 20
