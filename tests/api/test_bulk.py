"""The same for many tasks: each item its own result, totals that add up, a list that is on record."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Plant
from tests.api.court import Court


async def test_each_item_of_a_list_gets_its_own_result_and_the_totals_add_up(court: Court) -> None:
    free, own, taken, gone = [await court.start(by) for by in ("jane", "omar", "jane", "jane")]
    await court.act("anna", taken, "claim")
    await court.complete("anna", gone, "reject", data={"comment": "No"})

    answer = await court.bulk("omar", [free, own, taken, gone, 999_999], "complete", transition="approve", reason="Ok")

    assert [(item["entity_id"], item["status"], item["code"]) for item in answer["results"]] == [
        (free, "done", None),
        (own, "refused", "SEPARATION_OF_DUTIES"),
        (taken, "refused", "FORBIDDEN"),
        (gone, "refused", "TASK_CLOSED"),
        (999_999, "refused", "NO_SUCH_TASK"),
    ]
    assert answer["results"][0]["state"] == "closing"
    totals = answer["totals"]
    assert totals == {"items": 5, "done": 1, "accepted": 0, "refused": 4, "failed": 0}
    history = (await court.clients["omar"].get(f"/api/v1/workflows/board/{free}/history")).json()["steps"]
    assert history[-1]["comment"] == "Ok"


async def test_a_list_is_claimed_and_given_on(court: Court) -> None:
    ids = [await court.start() for _ in range(3)]

    claimed = await court.bulk("omar", ids, "claim")
    given = await court.bulk("omar", ids, "reassign", to="user:anna")

    assert (claimed["totals"]["done"], given["totals"]["done"]) == (3, 3)
    assert {(await court.task(entity_id))["assignee"] for entity_id in ids} == {"anna"}


async def test_a_list_that_is_sent_twice_is_carried_out_once(court: Court) -> None:
    ids = [await court.start() for _ in range(2)]
    headers = {"Idempotency-Key": "list-1"}

    first, second = [await court.bulk("omar", ids, "complete", transition="approve", headers=headers) for _ in range(2)]

    assert first == second
    assert first["totals"]["done"] == 2


async def test_the_list_is_on_record_before_and_its_totals_after_and_refusals_too(court: Court) -> None:
    own = await court.start("omar")
    await court.bulk("omar", [own], "complete", transition="approve")

    log = (await court.clients["root"].get("/api/v1/audit-log", params={"username": "omar"})).text

    assert "task.bulk_done" in log
    assert str(own) in log
    assert "SEPARATION_OF_DUTIES" in log


@pytest.mark.parametrize(
    "body",
    [
        {"action": "claim", "items": []},
        {"action": "claim", "items": [{"entity_type": "board", "entity_id": 1, "task": "1"}] * 2},
        {"action": "claim", "items": [{"entity_type": "board", "entity_id": n, "task": "1"} for n in range(1, 102)]},
        {"action": "claim", "transition": "approve", "items": [{"entity_type": "board", "entity_id": 1, "task": "1"}]},
        {"action": "complete", "items": [{"entity_type": "board", "entity_id": 1, "task": "1"}]},
        {"action": "reassign", "items": [{"entity_type": "board", "entity_id": 1, "task": "1"}]},
        {"action": "delete", "items": [{"entity_type": "board", "entity_id": 1, "task": "1"}]},
        {
            "action": "complete",
            "transition": "approve",
            "data": {"signature": {"password": "x"}},
            "items": [{"entity_type": "board", "entity_id": 1, "task": "1"}],
        },
    ],
)
async def test_a_list_that_makes_no_sense_is_refused_as_a_whole(plant: Plant, body: dict[str, Any]) -> None:
    answer = await (await plant.as_("operator")).post("/api/v1/tasks/bulk", json=body)

    assert answer.status_code == 400


async def test_what_breaks_for_one_item_leaves_the_others_their_results(
    court: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = await court.start(), await court.start()
    instances = type(court.plant.services.instances)
    real = instances.transition

    async def sometimes(self: Any, tenant: str, process: str, entity_id: int, *rest: Any, **named: Any) -> Any:
        if entity_id == bad:
            raise ZeroDivisionError("the secret inside")
        return await real(self, tenant, process, entity_id, *rest, **named)

    monkeypatch.setattr(instances, "transition", sometimes)

    answer = await court.bulk("omar", [bad, good], "complete", transition="approve")

    assert [item["status"] for item in answer["results"]] == ["failed", "done"]
    assert "secret" not in str(answer)
