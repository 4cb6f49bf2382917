"""A key stands for one request: one reservation, one answer."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from activities.services.idempotency import Idempotency
from activities.store.database import Database
from activities.store.repositories import reservations
from workflows.domain.errors import IdempotencyMismatch

NOON = dt.datetime(2025, 11, 6, 12, tzinfo=dt.UTC)


async def test_a_repeat_gets_the_same_reservation_then_the_answer(database: Database, tenant: str) -> None:
    idempotency = Idempotency(database)

    first = await idempotency.reserve(tenant, "k", "hash")
    in_flight = await idempotency.reserve(tenant, "k", "hash")
    await idempotency.complete(tenant, "k", 201, {"id": first.entity_id})
    answered = await idempotency.reserve(tenant, "k", "hash")

    assert (first.created, in_flight.created, answered.created) == (True, False, False)
    assert first.entity_id == in_flight.entity_id == answered.entity_id
    assert (in_flight.status, in_flight.response) == (None, None)
    assert (answered.status, answered.response) == (201, {"id": first.entity_id})


async def test_the_first_answer_stands(database: Database, tenant: str) -> None:
    idempotency = Idempotency(database)
    await idempotency.reserve(tenant, "k", "hash")

    await idempotency.complete(tenant, "k", 201, "first")
    await idempotency.complete(tenant, "k", 500, "second")

    assert (await idempotency.reserve(tenant, "k", "hash")).response == "first"


async def test_another_request_under_the_key_is_refused(database: Database, tenant: str) -> None:
    idempotency = Idempotency(database)
    await idempotency.reserve(tenant, "k", "hash")

    with pytest.raises(IdempotencyMismatch):
        await idempotency.reserve(tenant, "k", "another hash")


async def test_keys_of_tenants_are_their_own(database: Database, tenant: str) -> None:
    idempotency = Idempotency(database)

    one = await idempotency.reserve(tenant, "k", "hash")
    other = await idempotency.reserve(f"{tenant}-b", "k", "another hash")

    assert other.created
    assert one.entity_id != other.entity_id


async def test_an_expired_key_is_free_again(database: Database, tenant: str) -> None:
    idempotency = Idempotency(database)
    old = await idempotency.reserve(tenant, "k", "hash", kept=dt.timedelta(seconds=-1))
    await idempotency.complete(tenant, "k", 201, "old")

    new = await idempotency.reserve(tenant, "k", "another hash")

    assert new.created
    assert new.entity_id != old.entity_id
    assert new.status is None


async def test_expired_keys_are_forgotten_others_kept(database: Database, tenant: str) -> None:
    idempotency = Idempotency(database)
    await idempotency.reserve(tenant, "old", "hash", kept=dt.timedelta(seconds=-1))
    await idempotency.reserve(tenant, "new", "hash")

    assert await idempotency.forget_expired() >= 1
    assert not (await idempotency.reserve(tenant, "new", "hash")).created


async def test_twenty_at_once_get_one_reservation(database: Database, tenant: str) -> None:
    idempotency = Idempotency(database)

    found = await asyncio.gather(*(idempotency.reserve(tenant, "k", "hash") for _ in range(20)))

    assert len({reservation.entity_id for reservation in found}) == 1
    assert [reservation.created for reservation in found].count(True) == 1


@pytest.mark.parametrize(
    ("number", "pattern", "expected"),
    [("NCR-9", None, "NCR-9"), ("NCR-9", "NCR-{seq:3}", "NCR-9"), (None, "NCR-{seq:3}", "NCR-001"), (None, None, "id")],
)
async def test_an_instance_keeps_number_and_program_at_every_repeat(
    database: Database, tenant: str, number: str | None, pattern: str | None, expected: str
) -> None:
    async def reserve(digest: str) -> tuple[reservations.Reservation, str]:
        async with database.transaction(tenant) as connection:
            return await reservations.reserve_instance(
                connection, tenant, "k", "h", process="ncr", digest=digest, at=NOON, number=number, pattern=pattern
            )

    first, first_number = await reserve("one")
    again, same_number = await reserve("published meanwhile")

    assert first_number == same_number == (str(first.entity_id) if expected == "id" else expected)
    assert (again.digest, again.entity_id) == ("one", first.entity_id)
