"""Handing work over: who counts as acting for whom, from when to when, and what is refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest

from activities.services.delegations import circle_of
from activities.services.people import People
from activities.store.repositories.standing import Handover
from tests.api.conftest import Plant
from workflows.engine.events import Actor

NOW = dt.datetime.now(dt.UTC)
WEEK = (NOW + dt.timedelta(days=7)).isoformat()


class Team:
    """Omar, who manages quality; Anna, an engineer; Ben, an inspector; and an admin."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.ids: dict[str, int] = {}
        self.clients: dict[str, httpx.AsyncClient] = {}

    async def join(self, username: str, *roles: str, **more: Any) -> None:
        self.ids[username] = await self.plant.person(*roles, username=username, **more)
        self.clients[username] = self.plant.with_credential(await self.plant.token(self.ids[username]))

    async def actor(self, username: str, at: dt.datetime | None = None) -> Actor:
        people = People(self.plant.database, now=lambda: at or dt.datetime.now(dt.UTC))
        found = await people.actor(self.plant.tenant, self.ids[username])
        assert found is not None
        return found

    async def acts_for(self, username: str, at: dt.datetime | None = None) -> dict[str, tuple[str, ...]]:
        return {principal.username: principal.roles for principal in (await self.actor(username, at)).acts_for}

    async def delegate(self, giver: str, taker: str, **more: Any) -> httpx.Response:
        body = {"to": taker, "ends_at": WEEK, "reason": "Audit at the customer", **more}
        return await self.clients[giver].post("/api/v1/delegations", json=body)


@pytest.fixture
async def team(plant: Plant) -> Team:
    team = Team(plant)
    await team.join("omar", "qc_manager", "engineer", name="Omar Diaz", groups=["north"])
    await team.join("anna", "engineer", name="Anna Beck")
    await team.join("ben", "inspector")
    await team.join("root", "admin")
    return team


async def test_a_delegate_acts_with_the_roles_of_the_other_until_the_end(team: Team) -> None:
    made = await team.delegate("omar", "anna", process="ncr_report")

    assert made.status_code == 201, made.text
    (principal,) = (await team.actor("anna")).acts_for
    assert (principal.username, principal.name, principal.process) == ("omar", "Omar Diaz", "ncr_report")
    assert (principal.roles, principal.groups) == (("qc_manager", "engineer"), ("north",))
    assert await team.acts_for("anna", NOW + dt.timedelta(days=8)) == {}
    assert await team.acts_for("anna", NOW - dt.timedelta(days=1)) == {}


async def test_only_the_role_that_was_handed_over_goes_along(team: Team) -> None:
    assert (await team.delegate("omar", "anna", role="qc_manager")).status_code == 201

    (principal,) = (await team.actor("anna")).acts_for
    assert (principal.roles, principal.groups) == (("qc_manager",), ())


async def test_a_delegation_is_one_level_deep(team: Team) -> None:
    await team.delegate("omar", "anna")
    await team.delegate("anna", "ben")

    assert await team.acts_for("ben") == {"anna": ("engineer",)}


async def test_a_substitute_acts_while_the_other_is_away(team: Team) -> None:
    starts = NOW + dt.timedelta(days=1)
    body = {"substitute": "anna", "starts_at": starts.isoformat(), "ends_at": WEEK, "reason": "Holiday"}
    made = await team.clients["omar"].post("/api/v1/absences", json=body)

    assert made.status_code == 201, made.text
    assert await team.acts_for("anna") == {}
    assert set(await team.acts_for("anna", starts)) == {"omar"}
    gone = await team.clients["omar"].delete(f"/api/v1/absences/{made.json()['id']}")
    assert gone.status_code == 204
    assert await team.acts_for("anna", starts) == {}


async def test_a_revoked_delegation_counts_no_longer_and_stays_on_record(team: Team) -> None:
    made = (await team.delegate("omar", "anna")).json()

    for _ in range(2):
        assert (await team.clients["omar"].delete(f"/api/v1/delegations/{made['id']}")).status_code == 204

    assert await team.acts_for("anna") == {}
    listed = (await team.clients["anna"].get("/api/v1/delegations", params={"ended": "true"})).json()["delegations"]
    assert [(item["id"], item["revoked_by"]) for item in listed] == [(made["id"], "omar")]
    assert (await team.clients["anna"].get("/api/v1/delegations")).json() == {"delegations": []}


async def test_who_gives_must_be_active_to_be_acted_for(team: Team) -> None:
    await team.join("gone", "qc_manager")
    await team.delegate("gone", "anna")
    from sqlalchemy import update

    from activities.store.tables import users

    async with team.plant.database.system() as connection:
        await connection.execute(update(users).where(users.c.id == team.ids["gone"]).values(active=False))

    assert await team.acts_for("anna") == {}


async def test_a_loop_is_refused(team: Team) -> None:
    assert (await team.delegate("omar", "anna")).status_code == 201

    back = await team.delegate("anna", "OMAR")

    assert (back.status_code, back.json()["code"]) == (409, "DELEGATION_LOOP")
    assert back.json()["facts"]["people"] == ["anna", "omar", "anna"]


async def test_a_loop_over_three_and_over_an_absence_is_refused(team: Team) -> None:
    assert (await team.delegate("omar", "anna")).status_code == 201
    assert (await team.delegate("anna", "ben")).status_code == 201
    body = {"substitute": "omar", "ends_at": WEEK, "reason": "Ill"}

    closing = await team.clients["ben"].post("/api/v1/absences", json=body)

    assert (closing.status_code, closing.json()["code"]) == (409, "DELEGATION_LOOP")


async def test_what_goes_back_in_another_scope_or_at_another_time_is_no_loop(team: Team) -> None:
    assert (await team.delegate("omar", "anna", process="ncr_report")).status_code == 201
    later = (NOW + dt.timedelta(days=8)).isoformat()
    end = (NOW + dt.timedelta(days=9)).isoformat()

    assert (await team.delegate("anna", "omar", process="capa")).status_code == 201
    assert (await team.delegate("anna", "omar", starts_at=later, ends_at=end)).status_code == 201


def test_a_circle_counts_only_where_its_scopes_meet() -> None:
    known = [Handover("a", "b", "x", None), Handover("b", "c", None, "r"), Handover("b", "d", "y", None)]

    assert circle_of(Handover("c", "a", None, None), known) == ["c", "a", "b", "c"]
    assert circle_of(Handover("c", "a", "x", "r"), known) == ["c", "a", "b", "c"]
    assert circle_of(Handover("c", "a", None, "q"), known) == []
    assert circle_of(Handover("d", "a", None, None), known) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"to": "nobody"}, "to"),
        ({"to": "omar"}, "to"),
        ({"role": "plant_manager"}, "role"),
        ({"ends_at": (NOW - dt.timedelta(days=1)).isoformat()}, "ends_at"),
        ({"ends_at": (NOW + dt.timedelta(days=400)).isoformat()}, "ends_at"),
        ({"ends_at": "2031-01-01T00:00:00"}, "ends_at"),
        ({"reason": ""}, "reason"),
        ({"until": WEEK}, "until"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field(team: Team, body: dict[str, Any], field: str) -> None:
    answer = (
        await team.delegate("omar", "anna", **body) if "to" not in body else await team.delegate("omar", **_to(body))
    )

    assert answer.status_code == 400
    assert [item["field"] for item in answer.json()["details"]] == [field]


def _to(body: dict[str, Any]) -> dict[str, Any]:
    return {"taker": body["to"]}


async def test_for_others_only_an_admin_hands_over(team: Team) -> None:
    denied = await team.delegate("ben", "anna", **{"from": "omar"})
    done = await team.delegate("root", "anna", **{"from": "omar"})

    assert denied.status_code == 403
    assert (done.status_code, done.json()["created_by"]) == (201, "root")
    assert (await team.clients["ben"].delete(f"/api/v1/delegations/{done.json()['id']}")).status_code == 404
    assert (await team.clients["root"].delete(f"/api/v1/delegations/{done.json()['id']}")).status_code == 204


async def test_a_key_hands_over_for_a_named_person_only(team: Team) -> None:
    key = await team.clients["root"].post("/api/v1/api-keys", json={"name": "hr", "scope": "admin"})
    client = team.plant.with_credential(key.json()["apiKey"])
    body = {"to": "anna", "ends_at": WEEK, "reason": "From the HR system"}

    assert (await client.post("/api/v1/delegations", json=body)).status_code == 403
    assert (await client.post("/api/v1/delegations", json=body | {"from": "omar"})).status_code == 201


async def test_others_delegations_are_read_with_the_permission(team: Team) -> None:
    await team.delegate("omar", "anna")

    assert (await team.clients["ben"].get("/api/v1/delegations", params={"username": "omar"})).status_code == 403
    everybody = await team.clients["root"].get("/api/v1/delegations", params={"username": "*"})
    assert [item["to_username"] for item in everybody.json()["delegations"]] == ["anna"]


async def test_handing_over_is_on_the_audit_trail(team: Team) -> None:
    made = (await team.delegate("omar", "anna")).json()
    await team.clients["omar"].delete(f"/api/v1/delegations/{made['id']}")

    log = (await team.clients["root"].get("/api/v1/audit-log", params={"entityType": "delegation"})).text

    assert "delegation.create" in log
    assert "delegation.revoke" in log


# --- certificates -------------------------------------------------------------------------------------------


async def test_the_certificate_that_lasts_longest_counts(team: Team) -> None:
    for ends in (NOW + dt.timedelta(days=3), NOW + dt.timedelta(days=30), NOW - dt.timedelta(days=1)):
        body = {
            "username": "ben",
            "skill": "welding",
            "valid_from": (NOW - dt.timedelta(days=9)).isoformat(),
            "valid_until": ends.isoformat(),
        }
        assert (await team.clients["root"].post("/api/v1/certificates", json=body)).status_code == 201
    await team.clients["root"].post("/api/v1/certificates", json={"username": "ben", "skill": "fork.lift"})

    skills = (await team.actor("ben")).skills

    assert set(skills) == {"welding", "fork.lift"}
    assert skills["fork.lift"] is None
    until = skills["welding"]
    assert until is not None
    assert dt.datetime.fromisoformat(until) == NOW + dt.timedelta(days=30)


async def test_an_expired_certificate_is_known_with_its_end_and_a_future_one_not_at_all(team: Team) -> None:
    for skill, starts, until in (("old", -9, -1), ("new", 1, 9)):
        body = {
            "username": "ben",
            "skill": skill,
            "valid_from": (NOW + dt.timedelta(days=starts)).isoformat(),
            "valid_until": (NOW + dt.timedelta(days=until)).isoformat(),
        }
        assert (await team.clients["root"].post("/api/v1/certificates", json=body)).status_code == 201

    assert set((await team.actor("ben")).skills) == {"old"}


async def test_a_revoked_certificate_counts_no_longer(team: Team) -> None:
    made = await team.clients["root"].post("/api/v1/certificates", json={"username": "ben", "skill": "welding"})

    revoked = await team.clients["root"].post(
        f"/api/v1/certificates/{made.json()['id']}/revoke", json={"reason": "Issued by mistake"}
    )

    assert (revoked.status_code, revoked.json()["revoke_reason"]) == (200, "Issued by mistake")
    assert (await team.actor("ben")).skills == {}
    listed = (await team.clients["ben"].get("/api/v1/certificates")).json()["certificates"]
    assert [item["revoked_by"] for item in listed] == ["root"]


async def test_certificates_are_not_handed_over(team: Team) -> None:
    await team.clients["root"].post("/api/v1/certificates", json={"username": "omar", "skill": "welding"})
    await team.delegate("omar", "anna")

    assert (await team.actor("anna")).skills == {}


async def test_only_an_admin_records_certificates_and_only_real_ones(team: Team) -> None:
    body = {"username": "ben", "skill": "welding"}
    bad = (
        body | {"username": "nobody"},
        body | {"valid_until": (NOW - dt.timedelta(days=1)).isoformat()},
        body | {"skill": "two words"},
    )

    assert (await team.clients["ben"].post("/api/v1/certificates", json=body)).status_code == 403
    for wrong in bad:
        assert (await team.clients["root"].post("/api/v1/certificates", json=wrong)).status_code == 400
