"""What lists and details show."""

from __future__ import annotations

import datetime as dt

import pytest

from activities.services.incidents import IncidentFilter, Incidents
from activities.services.reading import InstanceFilter, Reading
from activities.store.database import Database
from activities.store.repositories import attempts
from tests.store.conftest import Commit
from tests.store.steps import closed, incident, new_id, opened, record, task
from workflows.domain.errors import NotFound
from workflows.domain.records import InstanceSummary, Page

HOUR = dt.timedelta(hours=1)
START = dt.datetime(2025, 11, 6, 8, tzinfo=dt.UTC)


@pytest.fixture
def reading(database: Database) -> Reading:
    return Reading(database)


def _numbers(page: Page[InstanceSummary]) -> list[str]:
    return [item.number for item in page.items]


@pytest.fixture
async def five(tenant: str, commit: Commit) -> list[int]:
    """NCR-2025-001 … 005, one per hour; 2 in parallel states, 3 assigned to Eva, 4 with an incident, 5 done."""
    ids = [new_id() for _ in range(5)]
    eva = task("1", assignee="eva")
    special: list[dict[str, object]] = [
        {},
        {"states": ["work", "containment", "containment.open", "cause", "cause.open"]},
        {"effects": [opened("1", assignee="eva")], "tasks": {"1": eva}},
        {"incidents": {"1": incident()}},
        {"states": ["closed"], "status": "done"},
    ]
    for place, (entity_id, fields) in enumerate(zip(ids, special, strict=True)):
        await commit(
            record(
                tenant,
                entity_id,
                number=f"NCR-2025-00{place + 1}",
                at=(START + place * HOUR).isoformat(),
                **fields,  # type: ignore[arg-type]  # a table of keyword arguments
            )
        )
    return ids


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (InstanceFilter(), "54321"),
        (InstanceFilter(process="ncr_report"), "54321"),
        (InstanceFilter(process="order"), ""),
        (InstanceFilter(process="ncr_report", states=["submitted"]), "431"),
        (InstanceFilter(process="ncr_report", states=["cause.open"]), "2"),
        (InstanceFilter(process="ncr_report", states=["containment"]), "2"),
        (InstanceFilter(process="ncr_report", states=["closed", "work"]), "52"),
        (InstanceFilter(process="ncr_report", states=["nowhere"]), ""),
        (InstanceFilter(states=["closed"]), "5"),
        (InstanceFilter(status=["running"]), "4321"),
        (InstanceFilter(status=["done", "cancelled"]), "5"),
        (InstanceFilter(assignee="eva"), "3"),
        (InstanceFilter(assignee="adam"), ""),
        (InstanceFilter(number="ncr-2025-002"), "2"),
        (InstanceFilter(number="NCR-2025-00"), ""),
        (InstanceFilter(q="ncr-2025-00"), "54321"),
        (InstanceFilter(q="NCR-2025-004"), "4"),
        (InstanceFilter(q="2025"), ""),
        (InstanceFilter(q="%"), ""),
        (InstanceFilter(created_from=START + HOUR, created_until=START + 3 * HOUR), "32"),
        (InstanceFilter(with_incidents=True), "4"),
        (InstanceFilter(process="ncr_report", states=["submitted"], assignee="eva", q="ncr"), "3"),
    ],
)
async def test_lists_are_narrowed(
    reading: Reading, tenant: str, five: list[int], wanted: InstanceFilter, numbers: str
) -> None:
    page = await reading.list_instances(tenant, wanted)

    assert "".join(number[-1] for number in _numbers(page)) == numbers
    assert (page.total, page.exact) == (len(numbers), True)


async def test_pages_follow_each_other(reading: Reading, tenant: str, five: list[int]) -> None:
    pages = [await reading.list_instances(tenant, InstanceFilter(), page=page, per_page=2) for page in (1, 2, 3, 4)]

    assert [len(page.items) for page in pages] == [2, 2, 1, 0]
    assert [number[-1] for page in pages for number in _numbers(page)] == list("54321")
    assert {page.total for page in pages} == {5}


async def test_a_list_goes_on_behind_the_last_item_seen(reading: Reading, tenant: str, five: list[int]) -> None:
    first = await reading.list_instances(tenant, InstanceFilter(), per_page=2)
    last = first.items[-1]

    rest = await reading.list_instances(tenant, InstanceFilter(after=(last.created_at, last.entity_id)))

    assert [number[-1] for number in _numbers(rest)] == list("321")


async def test_beyond_the_limit_the_count_is_an_estimate(
    reading: Reading, tenant: str, five: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.store.repositories.paging.COUNTED", 3)
    since = START - HOUR

    page = await reading.list_instances(
        tenant, InstanceFilter(process="ncr_report", states=["submitted", "closed"], q="ncr", created_from=since)
    )

    assert not page.exact
    assert page.total >= 4


async def test_a_detail_has_all_that_waits(reading: Reading, tenant: str, commit: Commit) -> None:
    entity_id = new_id()
    later = {"due": "2025-11-09T00:00:00Z", "event": "late", "data": {}, "state": "submitted", "send": None}
    sooner = {**later, "due": "2025-11-08T00:00:00Z", "event": "soon"}
    await commit(
        record(
            tenant,
            entity_id,
            effects=[opened("1"), opened("2"), closed("1")],
            tasks={"2": task("2")},
            timers={"a": later, "b": sooner},
            incidents={"1": incident()},
        )
    )

    detail = await reading.get_instance(tenant, "ncr_report", entity_id)

    assert detail.summary.entity_id == entity_id
    assert [entry.task for entry in detail.tasks] == ["2"]
    assert [entry.event for entry in detail.timers] == ["soon", "late"]
    assert [entry.error["code"] for entry in detail.incidents] == ["HTTP_500"]
    assert detail.snapshot["timers"]["a"] == later


async def test_what_belongs_to_another_tenant_is_not_found(reading: Reading, tenant: str, commit: Commit) -> None:
    entity_id = new_id()
    await commit(record(tenant, entity_id))

    for process, asked_by in (("ncr_report", "stranger"), ("order", tenant)):
        with pytest.raises(NotFound):
            await reading.get_instance(asked_by, process, entity_id)
        with pytest.raises(NotFound):
            await reading.history(asked_by, process, entity_id)


async def test_history_is_told_from_the_beginning(reading: Reading, tenant: str, commit: Commit) -> None:
    entity_id = new_id()
    await commit(*(record(tenant, entity_id, seq) for seq in range(1, 6)))

    pages = [await reading.history(tenant, "ncr_report", entity_id, page=page, per_page=2) for page in (1, 3)]

    assert [[step.seq for step in page.items] for page in pages] == [[1, 2], [5]]
    assert pages[0].total == 5
    assert pages[0].items[0].event == "start"


async def test_children_are_listed_in_order_of_their_start(reading: Reading, tenant: str, commit: Commit) -> None:
    parent, first, second = new_id(), new_id(), new_id()
    await commit(record(tenant, parent))
    for child_id, child in ((second, "2"), (first, "1")):
        step = record(tenant, child_id)
        step.parent = {"tenant": tenant, "process": "ncr_report", "entity_id": parent, "child": child}
        await commit(step)

    children = await reading.children(tenant, "ncr_report", parent)

    assert [child.entity_id for child in children] == [first, second]


# --- the inbox ----------------------------------------------------------------------------------------------


@pytest.fixture
async def work(tenant: str, commit: Commit) -> None:
    """Open: mine, offered to my role, to my group, to me; closed; another's; offered to others."""
    tasks = {
        "mine": {"assignee": "eva", "priority": 2},
        "role": {"candidates": ["role:qc_manager", "group:line-1"], "due_at": "2025-11-07T00:00:00Z"},
        "group": {"candidates": ["group:line-1"], "due_at": "2025-11-06T00:00:00Z"},
        "user": {"candidates": ["user:eva"], "priority": 1},
        "closed": {},
        "taken": {"assignee": "adam"},
        "others": {"candidates": ["role:warehouse"]},
    }
    open_tasks = {name: task(name, **fields) for name, fields in tasks.items() if name != "closed"}
    effects = [opened(name, **fields) for name, fields in tasks.items()]
    await commit(record(tenant, new_id(), effects=[*effects, closed("closed")], tasks=open_tasks))


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({}, ["user", "mine", "group", "role"]),
        ({"offered": False}, ["mine"]),
        ({"assigned": False}, ["user", "group", "role"]),
        ({"assigned": False, "offered": False}, []),
        ({"process": "ncr_report"}, ["user", "mine", "group", "role"]),
        ({"process": "order"}, []),
        ({"page": 2, "per_page": 3}, ["role"]),
    ],
)
async def test_an_inbox_has_mine_and_what_i_may_take_most_urgent_first(
    reading: Reading, tenant: str, work: None, asked: dict[str, object], names: list[str]
) -> None:
    page = await reading.inbox(tenant, "eva", roles=["qc_manager"], groups=["line-1"], **asked)  # type: ignore[arg-type]  # a table of keyword arguments

    assert [entry.task for entry in page.items] == names
    assert page.total == (4 if "page" in asked else len(names))


async def test_incidents_are_listed_open_resolved_or_both(database: Database, tenant: str, commit: Commit) -> None:
    stuck, repaired = new_id(), new_id()
    await commit(
        record(tenant, stuck, incidents={"1": incident(since="2025-11-06T09:00:00Z")}),
        record(tenant, repaired, incidents={"1": incident()}),
        record(tenant, repaired, 2, event="retry"),
    )

    async def listed(resolved: bool | None) -> list[int]:
        page = await Incidents(database).page(tenant, IncidentFilter(resolved=resolved))
        return [entry.entity_id for entry in page.items]

    assert await listed(False) == [stuck]
    assert await listed(True) == [repaired]
    assert await listed(None) == [repaired, stuck]


async def test_failed_attempts_are_told_latest_first(database: Database, reading: Reading, tenant: str) -> None:
    entity_id = new_id()
    for attempt in (1, 2):
        async with database.transaction(tenant) as connection:
            await attempts.add(
                connection,
                tenant,
                "ncr_report",
                entity_id,
                effect="3",
                action="http.request",
                attempt=attempt,
                error={"code": "HTTP_500", "message": "no answer", "details": {}},
                next_at=START if attempt == 1 else None,
            )

    found = await reading.failed_attempts(tenant, "ncr_report", entity_id)

    assert [(entry.attempt, entry.effect, entry.next_at) for entry in found] == [(2, "3", None), (1, "3", START)]
    assert found[0].error["code"] == "HTTP_500"


async def test_old_attempts_are_forgotten(database: Database, reading: Reading, tenant: str) -> None:
    entity_id = new_id()
    async with database.transaction(tenant) as connection:
        await attempts.add(
            connection, tenant, "p", entity_id, effect="1", action="a", attempt=1, error={}, next_at=None
        )

    async with database.system() as connection:
        await attempts.forget(connection, dt.timedelta(seconds=0))

    assert await reading.failed_attempts(tenant, "p", entity_id) == []
