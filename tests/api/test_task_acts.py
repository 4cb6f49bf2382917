"""Claiming, releasing, reassigning and completing tasks over REST: alone, on behalf of others, and kept apart."""

from __future__ import annotations

import datetime as dt

from tests.api.conftest import PASSWORD
from tests.api.court import Court


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


async def test_a_draft_is_forgotten_when_it_was_sent(court: Court) -> None:
    entity_id = await court.start()
    path = f"/api/v1/tasks/board/{entity_id}/1/draft"
    await court.clients["omar"].put(path, json={"data": {"comment": "Not pro"}})

    await court.complete("omar", entity_id, "reject", data={"comment": "Not proven"})

    assert (await court.clients["omar"].get(path)).status_code == 404


async def test_what_must_be_signed_is_signed_one_by_one(court: Court) -> None:
    entity_id = await court.start("jane", "seal")
    good = {"username": "omar", "password": PASSWORD, "meaning": "approved"}

    bare = await court.complete("omar", entity_id, "approve", process="seal")
    listed = await court.bulk("omar", [entity_id], "complete", "seal", transition="approve")
    wrong = await court.complete("omar", entity_id, "approve", process="seal", signature=good | {"password": "wrong"})
    inside = await court.complete("omar", entity_id, "approve", process="seal", data={"signature": good})
    done = await court.complete("omar", entity_id, "approve", process="seal", signature=good)

    assert (bare.status_code, bare.json()["code"]) == (403, "SIGNATURE_REQUIRED")
    assert [item["code"] for item in listed["results"]] == ["SIGNATURE_REQUIRED"]
    assert (wrong.status_code, inside.status_code, done.status_code) == (401, 400, 200), done.text
    assert done.json()["state"] == "done"


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
