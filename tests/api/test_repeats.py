"""One `Idempotency-Key`: one effect, one answer."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select, update

from activities.store.tables import idempotency
from tests.api.conftest import Plant

KEYS = "/api/v1/api-keys"
BODY = {"name": "ERP", "scope": "read-only"}


async def test_the_same_request_twice_has_one_effect_and_one_answer(plant: Plant) -> None:
    admin = await plant.as_("admin")
    headers = {"Idempotency-Key": "k1"}

    first = await admin.post(KEYS, json=BODY, headers=headers)
    second = await admin.post(KEYS, json=BODY, headers=headers)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert (await admin.get(KEYS)).json()["pagination"]["total"] == 1


async def test_the_same_request_many_times_at_once_has_one_effect(plant: Plant) -> None:
    admin = await plant.as_("admin")

    answers = await asyncio.gather(*(admin.post(KEYS, json=BODY, headers={"Idempotency-Key": "k1"}) for _ in range(8)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert (await admin.get(KEYS)).json()["pagination"]["total"] == 1


async def test_without_a_key_two_requests_are_two(plant: Plant) -> None:
    admin = await plant.as_("admin")

    await admin.post(KEYS, json=BODY)
    await admin.post(KEYS, json=BODY)

    assert (await admin.get(KEYS)).json()["pagination"]["total"] == 2


async def test_the_same_key_for_another_body_is_refused(plant: Plant) -> None:
    admin = await plant.as_("admin")
    headers = {"Idempotency-Key": "k1"}
    await admin.post(KEYS, json=BODY, headers=headers)

    other = await admin.post(KEYS, json=BODY | {"name": "Other"}, headers=headers)

    assert other.status_code == 409
    assert other.json()["error"]["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_the_same_key_for_another_route_is_refused(plant: Plant) -> None:
    admin = await plant.as_("admin")
    headers = {"Idempotency-Key": "k1"}
    created = (await admin.post(KEYS, json=BODY, headers=headers)).json()

    other = await admin.post(f"{KEYS}/{created['id']}/regenerate", headers=headers)

    assert other.status_code == 409


async def test_two_callers_may_use_the_same_key(plant: Plant) -> None:
    one, two = await plant.as_("admin"), await plant.as_("admin", username="second")
    headers = {"Idempotency-Key": "k1"}

    first, second = await one.post(KEYS, json=BODY, headers=headers), await two.post(KEYS, json=BODY, headers=headers)

    assert first.json()["id"] != second.json()["id"]


async def test_a_refused_request_may_be_sent_again_under_its_key(plant: Plant) -> None:
    """A refusal is not kept: what was missing may be there the next time."""
    admin = await plant.as_("admin")
    hook = (await admin.post("/api/v1/webhooks", json={"url": "https://127.0.0.1/h", "events": ["*"]})).json()
    path, headers = f"/api/v1/webhooks/{hook['id']}", {"Idempotency-Key": "k1"}
    await admin.patch(path, json={"isActive": False})
    refused = await admin.post(f"{path}/test", headers=headers)
    await admin.patch(path, json={"isActive": True})

    sent = await admin.post(f"{path}/test", headers=headers)

    assert (refused.status_code, sent.status_code) == (409, 202)


async def test_a_kept_answer_with_a_secret_is_not_kept_in_clear(plant: Plant) -> None:
    admin = await plant.as_("admin")
    created = (await admin.post(KEYS, json=BODY, headers={"Idempotency-Key": "k1"})).json()

    async with plant.database.transaction(plant.tenant) as connection:
        kept = (await connection.execute(select(idempotency.c.response))).scalar_one()

    assert created["apiKey"] not in str(kept)


async def test_an_expired_key_is_free_again(plant: Plant) -> None:
    admin = await plant.as_("admin")
    headers = {"Idempotency-Key": "k1"}
    await admin.post(KEYS, json=BODY, headers=headers)
    async with plant.database.transaction(plant.tenant) as connection:
        await connection.execute(update(idempotency).values(expires_at=func.now()))

    await admin.post(KEYS, json=BODY | {"name": "Other"}, headers=headers)

    assert (await admin.get(KEYS)).json()["pagination"]["total"] == 2


@pytest.mark.parametrize("key", ["", "x" * 201, "é"])
async def test_a_key_that_is_none_is_refused(plant: Plant, key: str) -> None:
    admin = await plant.as_("admin")

    answer = await admin.post(KEYS, json=BODY, headers={"Idempotency-Key": key.encode()})  # type: ignore[dict-item]  # httpx takes bytes

    assert answer.status_code == 422
    assert answer.json()["error"]["details"]["field"] == "Idempotency-Key"
