"""A step is committed exactly once, wholly or not at all."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.commit import commit_step
from activities.store.database import Database
from activities.store.tables import instances, lots, outbox, steps, task_candidates, tasks
from tests.store.conftest import Commit
from tests.store.steps import closed, emitted, incident, new_id, opened, record, sql_action, task
from workflows.domain.errors import AlreadyExists, Conflict, InvalidInput, RuleRefused
from workflows.messages.instance import StepRecord


async def _count(database: Database, tenant: str, table: Any) -> int:
    async with database.transaction(tenant) as connection:
        return await connection.scalar(select(func.count()).select_from(table)) or 0


async def _row(database: Database, tenant: str, table: Any) -> Any:
    async with database.transaction(tenant) as connection:
        return (await connection.execute(select(table))).one()


async def test_first_step_writes_the_instance_as_the_snapshot_has_it(
    database: Database, tenant: str, commit: Commit
) -> None:
    entity_id = new_id()
    step = record(
        tenant,
        entity_id,
        states=["review", "review.open", "cause.open"],
        timers={
            "after.a.1": {"due": "2025-11-09T00:00:00+01:00", "event": "e", "data": {}, "state": "a", "send": None},
            "after.b.1": {"due": "2025-11-08T00:00:00Z", "event": "e", "data": {}, "state": "b", "send": None},
        },
        tasks={"1": task("1", assignee="anna", due_at="2025-11-07T00:00:00Z"), "2": task("2")},
    )
    step.parent = {"tenant": tenant, "process": "order", "entity_id": 5, "child": "3"}

    receipt = await commit(step)

    row = await _row(database, tenant, instances)
    assert (receipt.seq, receipt.repeated) == (1, False)
    assert (row.number, row.status, row.seq, row.creator) == (f"NCR-{entity_id}", "running", 1, "operator")
    assert (row.state, row.states) == ("cause.open,review,review.open", ["review", "review.open", "cause.open"])
    assert row.assignee == "anna"
    assert row.due_at.isoformat() == "2025-11-07T00:00:00+00:00"
    assert row.next_timer_at.isoformat() == "2025-11-08T00:00:00+00:00"
    assert (row.parent_process, row.parent_entity_id, row.parent_child) == ("order", 5, "3")
    assert row.ended_at is None
    assert row.snapshot == step.snapshot


async def test_later_step_moves_the_instance_and_ends_it(database: Database, tenant: str, commit: Commit) -> None:
    entity_id = new_id()
    end = "2025-11-06T16:30:00.123456Z"

    await commit(
        record(tenant, entity_id),
        record(tenant, entity_id, 2, status="done", states=["closed"], outcome="closed", at=end),
    )

    row = await _row(database, tenant, instances)
    assert (row.status, row.state, row.outcome, row.seq) == ("done", "closed", "closed", 2)
    assert row.ended_at.isoformat() == row.updated_at.isoformat() == "2025-11-06T16:30:00.123456+00:00"
    assert row.created_at.isoformat() == "2025-11-06T15:00:00+00:00"


async def test_the_log_says_who_did_what_why_and_what_changed(database: Database, tenant: str, commit: Commit) -> None:
    entity_id = new_id()
    await commit(
        record(tenant, entity_id),
        record(tenant, entity_id, 2, data={"severity": "critical"}, states=["approved"], comment="Cracks on weld"),
    )

    async with database.transaction(tenant) as connection:
        first, second = (await connection.execute(select(steps).order_by(steps.c.seq))).all()

    assert first.changes == {"severity": {"new": "minor"}}
    assert second.changes == {"severity": {"old": "minor", "new": "critical"}}
    assert (second.event, second.username, second.reason) == ("approve", "qc_manager", "Cracks on weld")
    assert (second.before, second.after) == (["submitted"], ["approved"])
    assert second.prev_hash == first.hash


async def test_a_repeated_commit_writes_nothing_and_says_so(database: Database, tenant: str, commit: Commit) -> None:
    step = record(tenant, new_id(), effects=[opened("1"), emitted("ncr.submitted")], tasks={"1": task("1")})

    await commit(step)
    receipt = await commit(step)

    assert receipt.repeated
    assert [await _count(database, tenant, table) for table in (steps, tasks, outbox)] == [1, 1, 1]


async def test_an_old_step_repeated_after_later_ones_is_still_a_repeat(tenant: str, commit: Commit) -> None:
    entity_id = new_id()
    first = record(tenant, entity_id)

    await commit(first, record(tenant, entity_id, 2))

    assert (await commit(first)).repeated


async def test_another_command_at_the_same_number_is_refused(tenant: str, commit: Commit) -> None:
    entity_id = new_id()
    await commit(record(tenant, entity_id), record(tenant, entity_id, 2))

    with pytest.raises(Conflict) as refusal:
        await commit(record(tenant, entity_id, 2, command="other"))

    assert refusal.value.code == "STORE_DIVERGED"
    assert refusal.value.details == {"seq": 2, "command": "c2"}


async def test_a_command_on_record_cannot_be_another_step_too(tenant: str, commit: Commit) -> None:
    entity_id = new_id()
    await commit(record(tenant, entity_id))

    with pytest.raises(Conflict) as refusal:
        await commit(record(tenant, entity_id, 2, command="c1"))

    assert refusal.value.code == "STORE_DIVERGED"


@pytest.mark.parametrize("committed", [0, 1])
async def test_a_step_whose_predecessor_is_missing_is_refused(tenant: str, commit: Commit, committed: int) -> None:
    entity_id = new_id()
    for seq in range(1, committed + 1):
        await commit(record(tenant, entity_id, seq))

    with pytest.raises(Conflict) as refusal:
        await commit(record(tenant, entity_id, committed + 2))

    assert refusal.value.code == "STORE_BEHIND"
    assert refusal.value.details == {"seq": committed}


async def test_attempts_of_one_step_at_the_same_time_commit_it_once(
    database: Database, tenant: str, commit: Commit
) -> None:
    entity_id = new_id()
    for seq in (1, 2):
        step = record(tenant, entity_id, seq, effects=[emitted("ncr.moved")])
        receipts = await asyncio.gather(*(commit(step) for _ in range(5)))
        assert sorted(receipt.repeated for receipt in receipts) == [False, True, True, True, True]

    assert await _count(database, tenant, steps) == 2
    assert await _count(database, tenant, outbox) == 2


async def test_a_number_that_another_instance_has_is_refused_by_name(tenant: str, commit: Commit) -> None:
    holder = new_id()
    await commit(record(tenant, holder, number="NCR-2025-001"))

    with pytest.raises(AlreadyExists) as refusal:
        await commit(record(tenant, new_id(), number="NCR-2025-001"))

    assert refusal.value.code == "NUMBER_TAKEN"
    assert refusal.value.details == {"id": holder, "number": "NCR-2025-001"}


async def test_tenants_may_have_the_same_number(tenant: str, commit: Commit) -> None:
    await commit(record(tenant, new_id(), number="NCR-2025-001"))
    receipt = await commit(record(f"{tenant}-b", new_id(), number="NCR-2025-001"))

    assert not receipt.repeated


async def test_sql_actions_run_in_order_inside_the_transaction(database: Database, tenant: str) -> None:
    seen: list[tuple[str, int]] = []

    async def run(connection: AsyncConnection, step: StepRecord, effect: dict[str, Any]) -> None:
        visible = await connection.scalar(select(func.count()).select_from(steps))
        seen.append((effect["with"]["lot"], visible or 0))
        await connection.execute(insert(lots).values(tenant_id=step.tenant, lot_number=effect["with"]["lot"]))

    step = record(tenant, new_id(), effects=[sql_action(lot="A"), emitted("x"), sql_action(lot="B")])
    await commit_step(database, step, run)

    assert seen == [("A", 1), ("B", 1)]
    assert await _count(database, tenant, lots) == 2


async def test_a_refusing_sql_action_rolls_everything_back(database: Database, tenant: str) -> None:
    async def refuse(connection: AsyncConnection, step: StepRecord, effect: dict[str, Any]) -> None:
        await connection.execute(insert(lots).values(tenant_id=step.tenant, lot_number="A"))
        raise RuleRefused("not enough stock", code="NOT_ENOUGH_STOCK")

    step = record(tenant, new_id(), effects=[opened("1"), emitted("x"), sql_action()], tasks={"1": task("1")})
    with pytest.raises(RuleRefused, match="not enough stock"):
        await commit_step(database, step, refuse)

    for table in (instances, steps, tasks, task_candidates, outbox, lots):
        assert await _count(database, tenant, table) == 0, table.name


async def test_the_same_step_can_be_committed_after_a_refusal(database: Database, tenant: str, commit: Commit) -> None:
    async def refuse(connection: AsyncConnection, step: StepRecord, effect: dict[str, Any]) -> None:
        raise RuleRefused("not now")

    step = record(tenant, new_id(), effects=[sql_action()])
    with pytest.raises(RuleRefused):
        await commit_step(database, step, refuse)

    assert not (await commit(step)).repeated


async def test_tasks_are_opened_given_and_closed(database: Database, tenant: str, commit: Commit) -> None:
    entity_id = new_id()
    offered = ["role:qc_manager", "user:eva", "role:qc_manager"]
    given = task("1", assignee="eva", candidates=["user:eva"])
    assign = {"kind": "task_assign", "task": "1", "state": "submitted", "to": "user:eva"}

    async def candidates() -> list[str]:
        async with database.transaction(tenant) as connection:
            found = await connection.scalars(select(task_candidates.c.candidate))
            return sorted(found)

    await commit(
        record(
            tenant,
            entity_id,
            effects=[opened("1", candidates=offered, form={"type": "object"})],
            tasks={"1": task("1")},
        )
    )
    row = await _row(database, tenant, tasks)
    assert (row.title, row.opened_seq, row.closed_at, row.form) == ("Review 1", 1, None, {"type": "object"})
    assert await candidates() == ["role:qc_manager", "user:eva"]

    await commit(record(tenant, entity_id, 2, effects=[assign], tasks={"1": given}))
    row = await _row(database, tenant, tasks)
    assert (row.assignee, await candidates()) == ("eva", ["user:eva"])

    await commit(record(tenant, entity_id, 3, effects=[closed("1")]))
    row = await _row(database, tenant, tasks)
    assert (row.closed_seq, row.closed_by, await candidates()) == (3, "qc_manager", [])
    assert row.closed_at is not None


async def test_a_task_opened_assigned_and_closed_in_one_step_is_closed(
    database: Database, tenant: str, commit: Commit
) -> None:
    assign = {"kind": "task_assign", "task": "1", "state": "submitted", "to": "user:eva"}

    await commit(record(tenant, new_id(), effects=[opened("1"), assign, closed("1")]))

    assert (await _row(database, tenant, tasks)).closed_seq == 1


async def test_events_go_to_the_outbox_in_an_envelope_counted_per_instance(
    database: Database, tenant: str, commit: Commit
) -> None:
    entity_id = new_id()
    await commit(
        record(tenant, entity_id, effects=[emitted("ncr.submitted", severity="minor"), emitted("ncr.seen")]),
        record(tenant, entity_id, 2, effects=[emitted("ncr.approved")]),
    )

    async with database.transaction(tenant) as connection:
        rows = (await connection.execute(select(outbox).order_by(outbox.c.id))).all()

    assert [(row.event, row.sequence, row.dispatched_at) for row in rows] == [
        ("ncr.submitted", 1, None),
        ("ncr.seen", 2, None),
        ("ncr.approved", 3, None),
    ]
    assert rows[0].payload == {
        "event": "ncr.submitted",
        "type": "ncr.submitted",
        "timestamp": "2025-11-06T15:00:00Z",
        "teamId": tenant,
        "data": {
            "entityType": "ncr_report",
            "entityId": entity_id,
            "number": f"NCR-{entity_id}",
            "severity": "minor",
        },
        "sequence": 1,
    }


async def test_incidents_are_opened_and_resolved_with_who_and_why(
    database: Database, tenant: str, commit: Commit
) -> None:
    from activities.store.tables import incidents

    entity_id = new_id()
    await commit(record(tenant, entity_id, incidents={"1": incident()}))
    row = await _row(database, tenant, incidents)
    assert (row.kind, row.error["code"], row.opened_seq, row.resolved_at) == ("effect", "HTTP_500", 1, None)
    assert (await _row(database, tenant, instances)).open_incidents == 1

    await commit(record(tenant, entity_id, 2, event="skip", comment="ERP booked it by hand"))
    row = await _row(database, tenant, incidents)
    assert (row.resolved_seq, row.resolved_by, row.resolution) == (2, "qc_manager", "skip")
    assert row.reason == "ERP booked it by hand"
    assert (await _row(database, tenant, instances)).open_incidents == 0


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"text": "a\x00b"}, "TEXT_NOT_STORABLE"),
        ({"text": "half \ud800 pair"}, "TEXT_NOT_STORABLE"),
        ({"ratio": float("nan")}, "NUMBER_NOT_FINITE"),
    ],
)
async def test_what_sql_cannot_store_is_refused_and_not_retried(
    tenant: str, commit: Commit, data: dict[str, Any], code: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await commit(record(tenant, new_id(), data=data))

    assert refusal.value.code == code


async def test_text_columns_refuse_nul_too(tenant: str, commit: Commit) -> None:
    step = record(tenant, new_id(), effects=[opened("1", title="a\x00b")], tasks={"1": task("1")})

    with pytest.raises(InvalidInput, match="cannot be stored"):
        await commit(step)


async def test_odd_but_legal_values_come_back_as_they_were(database: Database, tenant: str, commit: Commit) -> None:
    data = {
        "float": 5.0,
        "large": 1e300,
        "small": -1.5e-9,
        "id": 2**53 + 1,
        "text": 'Ünïcode ✓ 𝄞 \u2028 " \\ \n',
        "nested": {"empty": {}, "list": [None, True, []]},
    }

    await commit(record(tenant, new_id(), data=data))

    row = await _row(database, tenant, instances)
    assert row.snapshot["data"] == data
    assert json.dumps(row.snapshot["data"]) == json.dumps(data), "types too: 5.0 stays 5.0"
