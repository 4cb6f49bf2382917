"""API keys: shown once, scoped, bound to addresses, rotated without a gap, revoked at once."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from activities.store.tables import api_keys, audit
from tests.api.conftest import Plant

KEYS = "/api/v1/api-keys"
WHERE = "/api/v1/tasks"


async def _created(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    body = {"name": "ERP", "scope": "read-write", **more}
    answer = await client.post(KEYS, json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_key_is_created_with_its_secret_shown_once(plant: Plant) -> None:
    admin = await plant.as_("admin")

    created = await _created(admin, allowedIps=["203.0.113.0/24"], roles=["planner"])
    shown = (await admin.get(f"{KEYS}/{created['id']}")).json()

    assert created["apiKey"].startswith(created["prefix"] + "_")
    assert "apiKey" not in shown
    assert shown == {name: value for name, value in created.items() if name != "apiKey"}
    assert (shown["allowedIps"], shown["roles"], shown["teamId"]) == (["203.0.113.0/24"], ["planner"], plant.tenant)


async def test_only_a_hash_is_kept(plant: Plant) -> None:
    created = await _created(await plant.as_("admin"))

    async with plant.database.transaction(plant.tenant) as connection:
        row = (await connection.execute(select(api_keys))).one()
        entries = (await connection.execute(select(audit))).all()

    secret = created["apiKey"].split("_", 2)[2]
    assert secret not in str(row)
    assert secret not in str(entries)


async def test_a_key_opens_what_its_scope_says(plant: Plant) -> None:
    admin = await plant.as_("admin")
    statuses = {}
    for scope in ("read-only", "read-write", "admin"):
        key = plant.with_credential((await _created(admin, scope=scope))["apiKey"])
        statuses[scope] = [
            (await key.get(WHERE)).status_code,
            (await key.post("/api/v1/workflows/nothing", json={})).status_code,
            (await key.get(KEYS)).status_code,
        ]

    assert statuses == {"read-only": [200, 403, 403], "read-write": [200, 404, 403], "admin": [200, 404, 200]}


async def test_a_revoked_key_is_out_at_once(plant: Plant) -> None:
    admin = await plant.as_("admin")
    created = await _created(admin)
    key = plant.with_credential(created["apiKey"])
    before = await key.get(WHERE)

    revoked = await admin.delete(f"{KEYS}/{created['id']}")
    after = await key.get(WHERE)

    assert (before.status_code, revoked.status_code, after.status_code) == (200, 204, 401)
    assert (await admin.get(f"{KEYS}/{created['id']}")).json()["revokedAt"] is not None


async def test_after_regeneration_both_keys_work_until_the_overlap_ends(plant: Plant) -> None:
    admin = await plant.as_("admin")
    old = await _created(admin)

    new = (await admin.post(f"{KEYS}/{old['id']}/regenerate", json={"overlapHours": 1})).json()
    both = [(await plant.with_credential(key["apiKey"]).get(WHERE)).status_code for key in (old, new)]
    async with plant.database.system() as connection:
        await connection.execute(
            text("UPDATE api_keys SET overlap_until = now() WHERE id = :id"), {"id": int(old["id"])}
        )
    later = [(await plant.with_credential(key["apiKey"]).get(WHERE)).status_code for key in (old, new)]

    assert new["id"] != old["id"]
    assert (new["name"], new["scope"]) == (old["name"], old["scope"])
    assert (both, later) == ([200, 200], [401, 200])


async def test_revoking_a_regenerated_key_revokes_what_it_replaced(plant: Plant) -> None:
    admin = await plant.as_("admin")
    old = await _created(admin)
    new = (await admin.post(f"{KEYS}/{old['id']}/regenerate")).json()

    await admin.delete(f"{KEYS}/{new['id']}")

    assert (await plant.with_credential(old["apiKey"]).get(WHERE)).status_code == 401


async def test_a_key_is_regenerated_once_and_not_after_its_revocation(plant: Plant) -> None:
    admin = await plant.as_("admin")
    one, two = await _created(admin), await _created(admin)
    await admin.post(f"{KEYS}/{one['id']}/regenerate")
    await admin.delete(f"{KEYS}/{two['id']}")

    again = await admin.post(f"{KEYS}/{one['id']}/regenerate")
    revoked = await admin.post(f"{KEYS}/{two['id']}/regenerate")

    assert (again.status_code, revoked.status_code) == (409, 409)


async def test_an_expired_key_is_refused(plant: Plant) -> None:
    created = await _created(await plant.as_("admin"), expiresAt="2100-01-01T00:00:00Z")
    async with plant.database.system() as connection:
        await connection.execute(
            text("UPDATE api_keys SET expires_at = now() WHERE tenant_id = :t"), {"t": plant.tenant}
        )

    assert (await plant.with_credential(created["apiKey"]).get(WHERE)).status_code == 401


async def test_a_key_works_only_from_its_addresses(plant: Plant) -> None:
    """The client of these tests comes from 127.0.0.1."""
    admin = await plant.as_("admin")
    here = plant.with_credential((await _created(admin, allowedIps=["127.0.0.0/8"]))["apiKey"])
    away = plant.with_credential((await _created(admin, allowedIps=["203.0.113.7/32"]))["apiKey"])
    forged = {"X-Forwarded-For": "203.0.113.7"}

    assert (await here.get(WHERE)).status_code == 200
    assert (await away.get(WHERE)).status_code == 403
    assert (await away.get(WHERE, headers=forged)).status_code == 403


async def test_last_use_is_remembered(plant: Plant) -> None:
    admin = await plant.as_("admin")
    created = await _created(admin)

    await plant.with_credential(created["apiKey"]).get(WHERE)

    assert (await admin.get(f"{KEYS}/{created['id']}")).json()["lastUsedAt"] is not None


async def test_scope_roles_and_addresses_can_be_changed(plant: Plant) -> None:
    admin = await plant.as_("admin")
    created = await _created(admin)

    body = {"scope": "read-only", "allowedIps": ["127.0.0.1/32"], "name": "Reports"}
    changed = (await admin.patch(f"{KEYS}/{created['id']}", json=body)).json()

    assert (changed["scope"], changed["allowedIps"], changed["name"]) == ("read-only", ["127.0.0.1/32"], "Reports")
    key = plant.with_credential(created["apiKey"])
    assert (await key.post("/api/v1/workflows/nothing", json={})).status_code == 403


async def test_keys_are_listed_youngest_first_with_pagination(plant: Plant) -> None:
    admin = await plant.as_("admin")
    for name in ("one", "two", "three"):
        await _created(admin, name=name)

    page = (await admin.get(KEYS, params={"limit": 2})).json()

    assert [key["name"] for key in page["apiKeys"]] == ["three", "two"]
    assert page["pagination"] == {"total": 3, "limit": 2, "offset": 0, "hasMore": True}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scope": "read-only"}, "name"),
        ({"name": "x", "scope": "root"}, "scope"),
        ({"name": "x", "scope": "admin", "allowedIps": ["300.1.1.1"]}, "allowedIps"),
        ({"name": "x", "scope": "admin", "expiresAt": "2001-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "x", "scope": "admin", "allowed_ips": []}, "allowed_ips"),
    ],
)
async def test_bad_input_is_answered_in_the_contract_s_form(plant: Plant, body: dict[str, Any], field: str) -> None:
    answer = await (await plant.as_("admin")).post(KEYS, json=body)

    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["code"] == "VALIDATION_ERROR"
    assert error["details"]["field"].split(".")[0] == field
    assert error["requestId"] == answer.headers["x-request-id"]


async def test_another_tenant_s_key_does_not_exist(plant: Plant, other_plant: Plant) -> None:
    created = await _created(await plant.as_("admin"))
    stranger = await other_plant.as_("admin")
    path = f"{KEYS}/{created['id']}"

    statuses = [
        (await stranger.get(path)).status_code,
        (await stranger.patch(path, json={"name": "mine"})).status_code,
        (await stranger.post(f"{path}/regenerate")).status_code,
        (await stranger.delete(path)).status_code,
    ]

    assert statuses == [404] * 4


async def test_every_change_of_a_key_is_on_record(plant: Plant) -> None:
    admin = await plant.as_("admin")
    created = await _created(admin)
    await admin.patch(f"{KEYS}/{created['id']}", json={"scope": "admin"})
    new = (await admin.post(f"{KEYS}/{created['id']}/regenerate")).json()
    await admin.delete(f"{KEYS}/{new['id']}")

    log = (await admin.get("/api/v1/audit-log", params={"entityType": "api_key"})).json()

    assert [entry["action"] for entry in log["entries"]] == [
        "api_key.revoke",
        "api_key.regenerate",
        "api_key.update",
        "api_key.create",
    ]
    update = log["entries"][2]
    assert (update["before"]["scope"], update["after"]["scope"]) == ("read-write", "admin")
    assert (update["username"], update["ip"]) == ("admin", "127.0.0.1")


async def test_managing_keys_needs_an_admin_and_the_attempt_is_on_record(plant: Plant) -> None:
    operator = await plant.as_("operator")
    admin = await plant.as_("admin")

    denied = await operator.post(KEYS, json={"name": "mine", "scope": "admin"})

    log = (await admin.get("/api/v1/audit-log", params={"outcome": "denied"})).json()
    assert denied.status_code == 403
    assert [(entry["username"], entry["action"], entry["path"]) for entry in log["entries"]] == [
        ("operator", "create_api_key", KEYS)
    ]


async def test_use_of_a_revoked_key_is_on_record_but_cannot_fill_the_trail(plant: Plant) -> None:
    admin = await plant.as_("admin")
    created = await _created(admin)
    await admin.delete(f"{KEYS}/{created['id']}")
    key = plant.with_credential(created["apiKey"])

    for _ in range(3):
        await key.get(WHERE)

    log = (await admin.get("/api/v1/audit-log", params={"action": "api_key.use"})).json()
    assert [(entry["actorType"], entry["outcome"]) for entry in log["entries"]] == [("api_key", "denied")]
