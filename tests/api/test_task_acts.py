"""Claiming, releasing, reassigning and completing tasks over REST: one, many, on behalf of others, and kept apart."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from activities.store.tables import steps
from tests.api.conftest import Plant

BOARD = """process: board
version: "1.0.0"
title: Board
start: {by: [anyone]}
data: {type: object, properties: {text: {type: string}}}
initial: review
states:
  review:
    task:
      title: "Review {number}"
      candidates: [role:qc_manager]
    transitions:
      approve: {to: closing, not_by: [creator]}
      reject: {to: rejected, require: [comment]}
  closing:
    task:
      title: "Close {number}"
      candidates: [role:qc_manager]
    transitions:
      close: {to: closed, not_by: [approve]}
  closed: {final: true}
  rejected: {final: true}
"""
WELD = """process: weld
version: "1.0.0"
title: Weld
start: {by: [anyone]}
initial: welding
states:
  welding:
    task:
      title: "Weld {number}"
      candidates: [role:technician]
      skills: [welding]
    transitions:
      finish: {to: done}
  done: {final: true}
"""


class Court:
    """Omar and Anna judge, Ben helps, Jane starts, root is admin; all over real servers."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.clients: dict[str, httpx.AsyncClient] = {}

    async def set_up(self) -> None:
        roles = {
            "omar": ("qc_manager",),
            "anna": ("qc_manager",),
            "ben": ("inspector",),
            "jane": ("qc_manager",),
            "root": ("admin",),
        }
        for username, held in roles.items():
            self.clients[username] = await self.plant.as_(*held, username=username)
        self.clients["boss"] = await self.plant.as_("plant_manager", username="boss")
        for yaml in (BOARD, WELD):
            published = await self.clients["root"].post("/api/v1/definitions", json={"yaml": yaml})
            assert published.status_code == 201, published.text

    async def start(self, by: str = "jane", process: str = "board") -> int:
        answer = await self.clients[by].post(f"/api/v1/workflows/{process}", json={"data": {}})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    async def act(
        self,
        by: str,
        entity_id: int,
        act: str,
        body: Any = None,
        task: str = "1",
        process: str = "board",
        **headers: str,
    ) -> httpx.Response:
        path = f"/api/v1/tasks/{process}/{entity_id}/{task}/{act}"
        return await self.clients[by].post(path, json=body, headers=headers)

    async def complete(self, by: str, entity_id: int, transition: str, **more: Any) -> httpx.Response:
        task = more.pop("task", "1")
        process = more.pop("process", "board")
        return await self.act(by, entity_id, "complete", {"transition": transition, **more}, task, process)

    async def bulk(self, by: str, ids: list[int], action: str, **more: Any) -> dict[str, Any]:
        items = [{"entity_type": "board", "entity_id": entity_id, "task": "1"} for entity_id in ids]
        headers = more.pop("headers", None)
        answer = await self.clients[by].post(
            "/api/v1/tasks/bulk", json={"action": action, "items": items, **more}, headers=headers
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def task(self, entity_id: int, task: str = "1") -> dict[str, Any]:
        return dict((await self.clients["root"].get(f"/api/v1/tasks/board/{entity_id}/{task}")).json())

    async def actor_of(self, entity_id: int, seq: int) -> dict[str, Any]:
        """As the step log has it."""
        async with self.plant.database.transaction(self.plant.tenant) as connection:
            query = select(steps.c.actor).where(steps.c.entity_id == entity_id, steps.c.seq == seq)
            return dict((await connection.execute(query)).scalar_one())

    async def stand_in(self, giver: str, taker: str, **more: Any) -> None:
        ends = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).isoformat()
        body = {"to": taker, "ends_at": ends, "reason": "Ill", **more}
        assert (await self.clients[giver].post("/api/v1/delegations", json=body)).status_code == 201


@pytest.fixture
async def court(live_plant: Plant) -> Court:
    court = Court(live_plant)
    await court.set_up()
    return court


async def test_who_claims_a_task_has_it_alone_until_it_is_released(court: Court) -> None:
    entity_id = await court.start()

    claimed = await court.act("omar", entity_id, "claim")
    again = await court.act("anna", entity_id, "claim")
    others = await court.complete("anna", entity_id, "approve")
    foreign = await court.act("anna", entity_id, "release")
    released = await court.act("omar", entity_id, "release", {"reason": "Not my product"})
    free = await court.act("omar", entity_id, "release")

    assert claimed.status_code == 200, claimed.text
    assert (again.status_code, again.json()["code"]) == (409, "ALREADY_CLAIMED")
    assert (others.status_code, foreign.status_code) == (403, 403)
    assert released.status_code == 200
    assert (free.status_code, free.json()["code"]) == (409, "NOT_CLAIMED")
    assert (await court.task(entity_id))["assignee"] is None


async def test_a_claim_moves_the_task_from_the_group_to_mine(court: Court) -> None:
    entity_id = await court.start()
    before = (await court.clients["omar"].get("/api/v1/tasks")).json()["counts"]

    await court.act("omar", entity_id, "claim")

    after = (await court.clients["omar"].get("/api/v1/tasks", params={"tab": "mine"})).json()
    assert (before["mine"], before["groups"]) == (0, 1)
    assert [item["assignee"] for item in after["tasks"]] == ["omar"]
    assert (await court.clients["anna"].get("/api/v1/tasks")).json()["total"] == 0


async def test_only_those_who_may_claim(court: Court) -> None:
    entity_id = await court.start()

    assert (await court.act("ben", entity_id, "claim")).status_code == 403
    assert (await court.act("root", entity_id, "claim")).status_code == 403
    assert (await court.act("omar", entity_id, "claim", task="9")).status_code == 404


async def test_a_task_is_reassigned_by_who_has_it_or_may(court: Court) -> None:
    entity_id = await court.start()
    await court.act("omar", entity_id, "claim")

    denied = await court.act("anna", entity_id, "reassign", {"to": "user:anna"})
    given = await court.act("omar", entity_id, "reassign", {"to": "user:anna", "reason": "She knows it"})
    taken = await court.act("boss", entity_id, "reassign", {"to": "user:omar"})
    bad = await court.act("boss", entity_id, "reassign", {"to": "omar"})

    assert (denied.status_code, given.status_code, taken.status_code, bad.status_code) == (403, 200, 200, 400)
    assert (await court.task(entity_id))["assignee"] == "omar"


async def test_claim_and_complete_is_one_act(court: Court) -> None:
    entity_id = await court.start()

    done = await court.complete("omar", entity_id, "approve", claim=True)

    assert (done.status_code, done.json()["state"], done.json()["seq"]) == (200, "closing", 2)
    assert (await court.task(entity_id))["closed_by"] == "omar"


async def test_a_closed_task_is_completed_by_nobody_and_a_repeat_gets_its_answer(court: Court) -> None:
    entity_id = await court.start()
    body = {"transition": "approve"}

    first = await court.act("omar", entity_id, "complete", body, **{"Idempotency-Key": "k1"})
    repeat = await court.act("omar", entity_id, "complete", body, **{"Idempotency-Key": "k1"})
    late = await court.complete("anna", entity_id, "approve")

    assert (first.status_code, repeat.status_code) == (200, 200)
    assert repeat.json() == first.json()
    assert (late.status_code, late.json()["code"]) == (409, "TASK_CLOSED")
    assert late.json()["facts"] == {"closed_by": "omar"}


async def test_a_required_reason_is_required(court: Court) -> None:
    entity_id = await court.start()

    assert (await court.complete("omar", entity_id, "reject")).status_code == 400
    assert (await court.complete("omar", entity_id, "reject", data={"comment": 5})).status_code == 400
    assert (await court.complete("omar", entity_id, "reject", data={"comment": "Not proven"})).status_code == 200


# --- on behalf ----------------------------------------------------------------------------------------------


async def test_a_delegate_decides_and_both_names_are_on_record(court: Court) -> None:
    entity_id = await court.start()
    denied = await court.complete("ben", entity_id, "approve")
    await court.stand_in("omar", "ben", process="board")

    done = await court.complete("ben", entity_id, "approve")

    assert (denied.status_code, done.status_code) == (403, 200)
    history = (await court.clients["ben"].get(f"/api/v1/workflows/board/{entity_id}/history")).json()["steps"]
    assert history[-1]["username"] == "ben"
    assert (await court.actor_of(entity_id, 2))["on_behalf_of"]["username"] == "omar"


async def test_a_delegation_for_another_process_opens_nothing(court: Court) -> None:
    entity_id = await court.start()
    await court.stand_in("omar", "ben", process="weld")

    assert (await court.complete("ben", entity_id, "approve")).status_code == 403


async def test_an_ended_delegation_opens_nothing(court: Court) -> None:
    entity_id = await court.start()
    await court.stand_in("omar", "ben")
    (given,) = (await court.clients["omar"].get("/api/v1/delegations")).json()["delegations"]
    await court.clients["omar"].delete(f"/api/v1/delegations/{given['id']}")

    assert (await court.complete("ben", entity_id, "approve")).status_code == 403


# --- kept apart ---------------------------------------------------------------------------------------------


async def test_nobody_approves_their_own_directly_or_in_a_list(court: Court) -> None:
    entity_id = await court.start("jane")

    alone = await court.complete("jane", entity_id, "approve", claim=True)
    listed = await court.bulk("jane", [entity_id], "complete", transition="approve")

    assert (alone.status_code, alone.json()["code"]) == (403, "SEPARATION_OF_DUTIES")
    assert [item["code"] for item in listed["results"]] == ["SEPARATION_OF_DUTIES"]
    assert (await court.task(entity_id))["closed_at"] is None


async def test_nobody_approves_their_own_through_somebody_else_s_rights(court: Court) -> None:
    started_by_ben = await court.start("ben")
    await court.stand_in("omar", "ben")
    started_by_jane = await court.start("jane")
    await court.stand_in("jane", "anna")

    as_omar = await court.complete("ben", started_by_ben, "approve")
    in_a_list = await court.bulk("ben", [started_by_ben], "complete", transition="approve")

    assert (as_omar.status_code, as_omar.json()["code"]) == (403, "SEPARATION_OF_DUTIES")
    assert in_a_list["totals"] == {"items": 1, "done": 0, "accepted": 0, "refused": 1, "failed": 0}
    assert (await court.complete("anna", started_by_jane, "approve")).status_code == 200  # by her own right


async def test_nobody_approves_their_own_through_a_key_they_issued_or_as_admin(court: Court) -> None:
    by_admin = await court.start("root")
    answer = await court.clients["root"].post(
        "/api/v1/api-keys", json={"name": "robot", "scope": "read-write", "roles": ["qc_manager"]}
    )
    court.clients["key"] = court.plant.with_credential(answer.json()["apiKey"])

    through_key = await court.complete("key", by_admin, "approve")
    as_admin = await court.complete("root", by_admin, "approve")

    assert (through_key.status_code, through_key.json()["code"]) == (403, "SEPARATION_OF_DUTIES")
    assert as_admin.status_code == 403


async def test_who_approved_does_not_close_either(court: Court) -> None:
    entity_id = await court.start()
    await court.stand_in("anna", "omar")
    await court.complete("omar", entity_id, "approve")

    own = await court.complete("omar", entity_id, "close", task="2")

    assert (own.status_code, own.json()["code"]) == (403, "SEPARATION_OF_DUTIES")


async def test_an_expired_certificate_closes_the_task_between_claim_and_completion(court: Court) -> None:
    court.clients["will"] = await court.plant.as_("technician", username="will")
    entity_id = await court.start("jane", "weld")
    missing = await court.act("will", entity_id, "claim", process="weld")
    certificate = await court.clients["root"].post(
        "/api/v1/certificates", json={"username": "will", "skill": "welding"}
    )
    claimed = await court.act("will", entity_id, "claim", process="weld")
    await court.clients["root"].post(f"/api/v1/certificates/{certificate.json()['id']}/revoke", json={"reason": "Void"})
    now = dt.datetime.now(dt.UTC)
    old = {
        "valid_from": (now - dt.timedelta(days=9)).isoformat(),
        "valid_until": (now - dt.timedelta(days=1)).isoformat(),
    }
    revoked = await court.complete("will", entity_id, "finish", process="weld")
    await court.clients["root"].post("/api/v1/certificates", json={"username": "will", "skill": "welding", **old})
    expired = await court.complete("will", entity_id, "finish", process="weld")

    assert (missing.status_code, missing.json()["code"]) == (403, "SKILL_MISSING")
    assert claimed.status_code == 200, claimed.text
    assert (revoked.status_code, revoked.json()["code"]) == (403, "SKILL_MISSING")
    assert (expired.status_code, expired.json()["code"]) == (403, "CERTIFICATE_EXPIRED")


# --- many at once -------------------------------------------------------------------------------------------


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
