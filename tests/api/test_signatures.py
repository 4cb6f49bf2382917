"""Electronic signatures over REST: who may sign, what it takes, what it binds, and what voids it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from activities import checkpoints
from activities.store.tables import audit, idempotency, signatures, signing_sessions, steps, users
from activities.store.verify_audit import broken_records
from tests.api.conftest import PASSWORD, Plant
from workflows.domain.signing import hash_of

SIGNED = """process: batch
version: "1.0.0"
title: Batch
start: {by: [role:inspector]}
data:
  type: object
  properties: {text: {type: string}}
initial: submitted
states:
  submitted:
    task: {title: "Review {number}", candidates: [role:qc_manager, role:engineer]}
    transitions:
      approve: {to: approved, sign: {meaning: approved, level: S2}}
      release: {to: approved, sign: {meaning: released, level: S3}}
      amend: {form: {type: object, properties: {text: {type: string}}}, set: {text: event.text}}
  approved: {final: true}
"""
Client = httpx.AsyncClient


class Batch:
    """An instance that waits for signatures, and people with sessions."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.id = 0

    async def set_up(self) -> None:
        published = await (await self.plant.as_("admin")).post("/api/v1/definitions", json={"yaml": SIGNED})
        assert published.status_code == 201, published.text
        started = await (await self.plant.as_("inspector")).post(
            "/api/v1/workflows/batch", json={"data": {"text": "a"}}
        )
        assert started.status_code == 201, started.text
        self.id = started.json()["id"]
        self.quinn_id = await self.plant.person("qc_manager", username="quinn", name="Quinn Ost")
        await self.plant.person("engineer", username="emil", name="Emil Beck")
        self.quinn, self.emil = await self.log_in("quinn"), await self.log_in("emil")

    async def log_in(self, username: str) -> Client:
        body = {"username": username, "password": PASSWORD, "tenant": self.plant.tenant}
        answer = await self.plant.client.post("/api/v1/auth/login", json=body)
        return self.plant.with_credential(answer.json()["access_token"])

    async def take(self, client: Client, code: str, /, **body: Any) -> httpx.Response:
        headers = {"Idempotency-Key": body.pop("key")} if "key" in body else {}
        address = f"/api/v1/workflows/batch/{self.id}/transition/{code}"
        return await client.post(address, json=body, headers=headers)

    async def kept(self) -> list[Any]:
        async with self.plant.database.transaction(self.plant.tenant) as connection:
            return list(await connection.execute(select(signatures).order_by(signatures.c.seq)))


@pytest.fixture
async def batch(live_plant: Plant) -> Batch:
    batch = Batch(live_plant)
    await batch.set_up()
    return batch


def _both(username: str = "quinn", meaning: str = "approved") -> dict[str, str]:
    return {"username": username, "password": PASSWORD, "meaning": meaning}


async def test_a_signature_is_on_record_with_name_meaning_and_content(batch: Batch) -> None:
    answer = await batch.take(batch.quinn, "approve", signature=_both(), comment="fine")

    assert answer.status_code == 200, answer.text
    assert answer.json()["current_state"] == "approved"
    (kept,) = await batch.kept()
    assert (kept.username, kept.printed_name, kept.meaning, kept.level) == ("quinn", "Quinn Ost", "approved", "S2")
    assert (kept.seq, kept.position, kept.complete, kept.voids) == (2, 1, True, False)
    assert kept.content_hash == hash_of(kept.signature["content"])
    assert kept.signature["content"]["code"] == "approve"
    async with batch.plant.database.transaction(batch.plant.tenant) as connection:
        log = (await connection.execute(select(steps).order_by(steps.c.seq))).all()
    assert kept.chain_hash == log[0].hash
    assert kept.digest == log[0].digest


async def test_the_instance_says_what_is_to_be_signed_and_what_was(batch: Batch) -> None:
    address = f"/api/v1/workflows/batch/{batch.id}"
    before = (await batch.quinn.get(address)).json()["transitions"]
    await batch.take(batch.quinn, "approve", signature=_both())

    rules = {item["code"]: item["sign"] for item in before}
    assert rules["approve"] == {"meaning": "approved", "level": "S2"}
    assert rules["amend"] is None
    (given,) = (await batch.emil.get(f"{address}/signatures")).json()["signatures"]
    assert (given["printed_name"], given["transition"], given["seq"]) == ("Quinn Ost", "approve", 2)


async def test_no_password_is_kept_anywhere(batch: Batch) -> None:
    await batch.take(batch.quinn, "approve", signature=_both(), key="k1")

    async with batch.plant.database.system() as connection:
        for table in (steps, signatures, audit, idempotency):
            rows = await connection.execute(select(table).where(table.c.tenant_id == batch.plant.tenant))
            assert PASSWORD not in repr(rows.all())


async def test_a_repeat_under_its_key_is_known_whatever_its_password(batch: Batch) -> None:
    """The password is no part of what is kept of a request, so that it cannot be guessed from there."""
    first = await batch.take(batch.quinn, "approve", signature=_both(), key="k1")
    again = await batch.take(batch.quinn, "approve", signature=_both() | {"password": "other"}, key="k1")

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_without_a_signature_the_transition_is_refused(batch: Batch) -> None:
    answer = await batch.take(batch.quinn, "approve")

    assert (answer.status_code, answer.json()["code"]) == (403, "SIGNATURE_REQUIRED")


async def test_another_meaning_is_refused(batch: Batch) -> None:
    answer = await batch.take(batch.quinn, "approve", signature=_both(meaning="reviewed"))

    assert (answer.status_code, answer.json()["code"]) == (403, "SIGNATURE_MEANING")


@pytest.mark.parametrize("wrong", [{"password": "guess"}, {"username": "emil"}])
async def test_a_wrong_component_is_refused_and_on_record(batch: Batch, wrong: dict[str, str]) -> None:
    answer = await batch.take(batch.quinn, "approve", signature=_both() | wrong)

    assert (answer.status_code, answer.json()["code"]) == (401, "SIGNATURE_WRONG_PASSWORD")
    assert await batch.kept() == []
    async with batch.plant.database.transaction(batch.plant.tenant) as connection:
        entry = (await connection.execute(select(audit).where(audit.c.action == "signature.sign"))).one()
    assert (entry.username, entry.outcome, entry.reason) == ("quinn", "denied", "wrong password")


async def test_five_wrong_passwords_lock_the_account(batch: Batch) -> None:
    for _ in range(5):
        await batch.take(batch.quinn, "approve", signature=_both() | {"password": "guess"})

    answer = await batch.take(batch.quinn, "approve", signature=_both())

    assert answer.status_code == 429
    body = {"username": "quinn", "password": PASSWORD, "tenant": batch.plant.tenant}
    assert (await batch.plant.client.post("/api/v1/auth/login", json=body)).status_code == 429


async def test_a_session_starts_with_both_components_and_goes_on_with_one(batch: Batch) -> None:
    alone = {"password": PASSWORD, "meaning": "released"}
    first = await batch.take(batch.quinn, "release", signature=alone)
    both = await batch.take(batch.quinn, "release", signature=_both(meaning="released"))
    later = await batch.take(batch.quinn, "approve", signature={"password": PASSWORD, "meaning": "approved"})

    assert (first.status_code, first.json()["code"]) == (401, "SIGNATURE_BOTH_COMPONENTS")
    assert (both.status_code, later.status_code) == (200, 200), later.text
    assert [kept.signature["method"] for kept in await batch.kept()] == ["username and password", "password"]


async def test_after_a_pause_both_components_are_needed_again(batch: Batch) -> None:
    await batch.take(batch.quinn, "release", signature=_both(meaning="released"))
    async with batch.plant.database.transaction(batch.plant.tenant) as connection:
        earlier = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=901)
        await connection.execute(update(signing_sessions).values(signed_at=earlier))

    answer = await batch.take(batch.quinn, "approve", signature={"password": PASSWORD, "meaning": "approved"})

    assert (answer.status_code, answer.json()["code"]) == (401, "SIGNATURE_BOTH_COMPONENTS")


async def test_another_log_in_does_not_continue_the_session(batch: Batch) -> None:
    await batch.take(batch.quinn, "release", signature=_both(meaning="released"))
    elsewhere = await batch.log_in("quinn")

    answer = await batch.take(elsewhere, "approve", signature={"password": PASSWORD, "meaning": "approved"})

    assert answer.json()["code"] == "SIGNATURE_BOTH_COMPONENTS"


async def test_after_the_log_out_nothing_is_signed(batch: Batch) -> None:
    await batch.quinn.post("/api/v1/auth/logout")

    answer = await batch.take(batch.quinn, "approve", signature=_both())

    assert (answer.status_code, answer.json()["code"]) == (401, "SIGNATURE_SESSION_ENDED")


async def test_an_api_key_cannot_sign(batch: Batch) -> None:
    admin = await batch.plant.as_("admin", username="second_admin")
    body = {"name": "erp", "scope": "read-write", "roles": ["qc_manager"]}
    made = await admin.post("/api/v1/api-keys", json=body)
    assert made.status_code == 201, made.text
    key = batch.plant.with_credential(made.json()["apiKey"])

    answer = await batch.take(key, "approve", signature=_both())

    assert (answer.status_code, answer.json()["code"]) == (403, "SIGNATURE_BY_KEY")


@pytest.mark.parametrize(
    "signature",
    [None, "yes", {}, {"password": PASSWORD}, {"password": "topsecret", "meaning": "liked"}, _both() | {"pin": "1"}],
)
async def test_what_is_no_signature_is_refused_without_repeating_it(batch: Batch, signature: Any) -> None:
    answer = await batch.take(batch.quinn, "approve", signature=signature)

    assert (answer.status_code, answer.json()["error"]) == (400, "Validation failed")
    assert answer.json()["details"][0]["field"].startswith("signature")
    assert "topsecret" not in answer.text
    assert PASSWORD not in answer.text


# --- two people ---------------------------------------------------------------------------------------------


async def test_two_people_sign_the_same_content_with_comments_of_their_own(batch: Batch) -> None:
    first = await batch.take(batch.quinn, "release", signature=_both(meaning="released"), comment="measured")
    second = await batch.take(batch.emil, "release", signature=_both("emil", "released"), comment="design agrees")

    assert (first.json()["current_state"], second.json()["current_state"]) == ("submitted", "approved")
    one, two = await batch.kept()
    assert (one.position, one.complete, two.position, two.complete) == (1, False, 2, True)
    assert one.content_hash == two.content_hash


async def test_one_person_does_not_sign_twice(batch: Batch) -> None:
    await batch.take(batch.quinn, "release", signature=_both(meaning="released"))

    answer = await batch.take(batch.quinn, "release", signature=_both(meaning="released"))

    assert answer.status_code in {403, 409}
    assert len(await batch.kept()) == 1


async def test_changed_content_voids_the_first_signature(batch: Batch) -> None:
    await batch.take(batch.quinn, "release", signature=_both(meaning="released"))
    await batch.take(batch.emil, "amend", text="b")

    second = await batch.take(batch.emil, "release", signature=_both("emil", "released"))

    assert second.json()["current_state"] == "submitted"
    one, two = await batch.kept()
    assert one.content_hash != two.content_hash
    assert (two.position, two.complete, two.voids) == (1, False, True)


async def test_signatures_are_in_checkpoints(batch: Batch) -> None:
    await batch.take(batch.quinn, "approve", signature=_both())
    tenant = batch.plant.tenant

    await checkpoints.cover(batch.plant.database, tenant)

    async with batch.plant.database.transaction(tenant) as connection:
        assert [problem async for problem in broken_records(connection, tenant)] == []


async def test_a_deactivated_person_does_not_sign(batch: Batch) -> None:
    async with batch.plant.database.system() as connection:
        await connection.execute(update(users).where(users.c.id == batch.quinn_id).values(active=False))

    assert (await batch.take(batch.quinn, "approve", signature=_both())).status_code == 401
