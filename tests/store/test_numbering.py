"""Number series in SQL: no duplicates, whoever asks at the same time."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from sqlalchemy import insert

from activities.services.numbering import Numbering, allocate
from activities.store.database import Database
from activities.store.tables import tenants

NOON = dt.datetime(2025, 11, 6, 12, tzinfo=dt.UTC)


async def test_numbers_count_up_per_series_and_tenant(database: Database, tenant: str) -> None:
    numbering = Numbering(database)

    async def following(tenant: str, series: str) -> str:
        return await numbering.next(tenant, series, "NCR-{yyyy}-{seq:3}", at=NOON)

    assert [await following(tenant, "ncr") for _ in range(3)] == ["NCR-2025-001", "NCR-2025-002", "NCR-2025-003"]
    assert await following(tenant, "other") == "NCR-2025-001"
    assert await following(f"{tenant}-b", "ncr") == "NCR-2025-001"


async def test_a_new_year_starts_a_new_count_and_leaves_the_old_one(database: Database, tenant: str) -> None:
    numbering = Numbering(database)
    years = [2025, 2026, 2026, 2025]

    numbers = [await numbering.next(tenant, "ncr", "NCR-{yyyy}-{seq:3}", at=NOON.replace(year=year)) for year in years]

    assert numbers == ["NCR-2025-001", "NCR-2026-001", "NCR-2026-002", "NCR-2025-002"]


async def test_the_date_is_that_of_the_plant(database: Database, tenant: str) -> None:
    async with database.system() as connection:
        await connection.execute(insert(tenants).values(tenant_id=tenant, name="Plant", time_zone="Pacific/Auckland"))
    just_before_new_year_in_utc = dt.datetime(2025, 12, 31, 12, tzinfo=dt.UTC)

    number = await Numbering(database).next(tenant, "ncr", "NCR-{yyyy}-{seq:3}", at=just_before_new_year_in_utc)

    assert number == "NCR-2026-001"


async def test_twenty_at_once_get_twenty_numbers(database: Database, tenant: str) -> None:
    numbering = Numbering(database)

    async def several() -> list[str]:
        return [await numbering.next(tenant, "ncr", "{seq}", at=NOON) for _ in range(10)]

    numbers = [int(number) for batch in await asyncio.gather(*(several() for _ in range(20))) for number in batch]

    assert sorted(numbers) == list(range(1, 201))


async def test_a_number_of_a_failed_transaction_is_given_again(database: Database, tenant: str) -> None:
    async def fail() -> None:
        async with database.transaction(tenant) as connection:
            await allocate(connection, tenant, "ncr", "{seq}", NOON)
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 -- raised three lines above
        await fail()

    assert await Numbering(database).next(tenant, "ncr", "{seq}", at=NOON) == "1"
