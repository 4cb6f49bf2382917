"""The audit trail of what is not a step."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from activities.services.audit import Audit, AuditFilter, append
from activities.store.database import Database
from workflows.domain.records import AuditEntry

NOON = dt.datetime(2025, 11, 6, 12, tzinfo=dt.UTC)
ENTRY = AuditEntry(
    action="user.update",
    outcome="allowed",
    username="admin",
    actor={"id": 1, "username": "admin"},
    at=NOON,
    acting_role="admin",
    on_behalf_of="eva",
    entity_type="user",
    entity_id="7",
    before={"roles": ["operator"]},
    after={"roles": ["operator", "inspector"]},
    reason="new task",
    ip="192.0.2.7",
    request_id="r-1",
)


async def test_an_entry_comes_back_as_it_was_put(database: Database, tenant: str) -> None:
    audit = Audit(database)

    await audit.record(tenant, ENTRY)

    page = await audit.list_entries(tenant, AuditFilter())
    assert [replace(entry, id=None) for entry in page.items] == [ENTRY]
    assert (page.total, page.exact) == (1, True)


async def test_secrets_do_not_go_on_record(database: Database, tenant: str) -> None:
    audit = Audit(database)

    await audit.record(tenant, replace(ENTRY, after={"user": [{"new_password": "hunter2", "name": "eva"}]}))

    assert (await audit.list_entries(tenant, AuditFilter())).items[0].after == {
        "user": [{"new_password": "(hidden)", "name": "eva"}]
    }


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (AuditFilter(username="admin"), 2),
        (AuditFilter(username="eva", outcome="denied"), 1),
        (AuditFilter(entity_type="user", entity_id="8"), 1),
        (AuditFilter(action="user.delete"), 1),
        (AuditFilter(since=NOON + dt.timedelta(hours=1)), 1),
        (AuditFilter(until=NOON + dt.timedelta(hours=1)), 2),
    ],
)
async def test_the_trail_can_be_narrowed(database: Database, tenant: str, wanted: AuditFilter, count: int) -> None:
    audit = Audit(database)
    await audit.record(tenant, ENTRY)
    await audit.record(tenant, replace(ENTRY, action="user.delete", entity_id="8"))
    await audit.record(
        tenant, replace(ENTRY, username="eva", outcome="denied", code="FORBIDDEN", at=NOON + dt.timedelta(hours=2))
    )

    assert len((await audit.list_entries(tenant, wanted)).items) == count


async def test_the_newest_stand_first_page_by_page(database: Database, tenant: str) -> None:
    audit = Audit(database)
    for number in range(5):
        await audit.record(tenant, replace(ENTRY, entity_id=str(number)))

    pages = [await audit.list_entries(tenant, AuditFilter(), page=page, per_page=2) for page in (1, 2, 3)]

    assert [[entry.entity_id for entry in page.items] for page in pages] == [["4", "3"], ["2", "1"], ["0"]]
    assert {page.total for page in pages} == {5}


async def test_what_is_rolled_back_was_not_done(database: Database, tenant: str) -> None:
    async def fail() -> None:
        async with database.transaction(tenant) as connection:
            await append(connection, tenant, ENTRY)
            raise ValueError("rolled back")

    with pytest.raises(ValueError, match="rolled back"):
        await fail()

    assert (await Audit(database).list_entries(tenant, AuditFilter())).items == []
