"""A task that no active person can do is reported to the admins, once."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from activities.notices.orphan_tasks import report_orphans
from tests.effects import add_user
from tests.notices.conftest import Plant

pytestmark = pytest.mark.usefixtures("people")


async def _open(plant: Plant, entity_id: int, *candidates: str, assignee: str | None = None) -> None:
    async with plant.database.transaction(plant.tenant) as connection:
        key = {"t": plant.tenant, "e": entity_id}
        await connection.execute(
            text(
                "INSERT INTO tasks (tenant_id, process, entity_id, task, number, state, title, candidates, assignee,"
                " priority, opened_at, opened_seq) VALUES (:t, 'ncr_report', :e, '1', :n, 'submitted', 'Review', :c,"
                " :a, 3, now(), 1)"
            ),
            {**key, "n": f"NCR-{entity_id}", "c": list(candidates), "a": assignee},
        )
        for candidate in candidates:
            await connection.execute(
                text(
                    "INSERT INTO task_candidates (tenant_id, candidate, process, entity_id, task)"
                    " VALUES (:t, :c, 'ncr_report', :e, '1')"
                ),
                {**key, "c": candidate},
            )


async def _report(plant: Plant) -> list[str]:
    await report_orphans(plant.database, plant.clock(), "https://plant.example")
    return await plant.told("root")


async def test_escalation_to_an_empty_role_is_told_once(plant: Plant) -> None:
    await _open(plant, 1, "role:dept_head", "group:nobody_here")

    expected = ["NCR-1 waits for role:dept_head, group:nobody_here, and nobody answers to that"]
    assert await _report(plant) == expected
    assert await _report(plant) == expected


async def test_a_task_that_somebody_can_do_is_not_told(plant: Plant) -> None:
    await add_user(plant.database, plant.tenant, "dora", email=None, roles=["dept_head"])
    await _open(plant, 1, "role:dept_head", "role:nobody")
    await _open(plant, 2, "role:nobody", assignee="Dora")

    assert await _report(plant) == []


async def test_an_assignee_who_has_left_is_told(plant: Plant) -> None:
    await _open(plant, 3, "role:dept_head", assignee="gone")

    assert await _report(plant) == ["NCR-3 waits for user:gone, and nobody answers to that"]
