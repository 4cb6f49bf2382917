"""Log-in, lock-out, sessions: the promises of kpi-platform.md and what a thief must not get."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest
from sqlalchemy import select, text, update

from activities.store.tables import audit, users
from tests.api.conftest import PASSWORD, Plant

LOGIN = "/api/v1/auth/login"
REFRESH = "/api/v1/auth/refresh"


def _claims(token: str) -> dict[str, object]:
    payload = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


async def test_log_in_answers_as_the_contract_says(plant: Plant) -> None:
    user_id = await plant.person("operator", username="operator1", name="John Doe", groups=["client:BOOT-LINE-A"])
    body = {"username": "operator1", "password": PASSWORD, "tenant": plant.tenant}

    answer = await plant.client.post(LOGIN, json=body)

    assert answer.status_code == 200
    said = answer.json()
    assert said["token_type"] == "bearer"
    assert said["expires_in"] == 3600
    assert said["user"] == {
        "user_id": f"USR-{user_id:03d}",
        "username": "operator1",
        "full_name": "John Doe",
        "role": "OPERATOR_DATAENTRY",
        "client_id": "BOOT-LINE-A",
    }
    assert said["refresh_token"]
    assert said["refresh_expires_in"] == 7 * 86400


async def test_the_token_carries_the_claims_of_the_contract_for_one_hour(plant: Plant) -> None:
    user_id = await plant.person("supervisor")
    body = {"username": "supervisor", "password": PASSWORD, "tenant": plant.tenant}

    token = (await plant.client.post(LOGIN, json=body)).json()["access_token"]

    claims = _claims(token)
    assert token.startswith("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.")
    assert claims["sub"] == f"USR-{user_id:03d}"
    assert claims["username"] == "supervisor"
    assert claims["role"] == "LEADER_DATACONFIG"
    assert claims["client_id"] is None
    assert claims["tenant"] == plant.tenant
    assert claims["exp"] - claims["iat"] == 3600  # type: ignore[operator]  # both are numbers


async def test_a_name_that_is_unique_needs_no_tenant(plant: Plant) -> None:
    await plant.person("operator", username=f"only-{plant.tenant}")

    answer = await plant.client.post(LOGIN, json={"username": f"ONLY-{plant.tenant}", "password": PASSWORD})

    assert answer.status_code == 200


async def test_a_name_of_two_tenants_needs_the_tenant_in_the_body_or_by_the_host(
    plant: Plant, other_plant: Plant
) -> None:
    name = f"twin-{plant.tenant}"
    await plant.person("operator", username=name)
    await other_plant.person("operator", username=name)

    alone = await plant.client.post(LOGIN, json={"username": name, "password": PASSWORD})
    host = {"Host": f"{plant.tenant}.example.com"}
    by_host = await plant.client.post(LOGIN, json={"username": name, "password": PASSWORD}, headers=host)
    named = await plant.client.post(LOGIN, json={"username": name, "password": PASSWORD, "tenant": plant.tenant})

    assert (alone.status_code, by_host.status_code, named.status_code) == (401, 200, 200)


@pytest.mark.parametrize("username", ["operator", "nobody"])
async def test_wrong_password_and_unknown_user_answer_alike(plant: Plant, username: str) -> None:
    await plant.person("operator")

    answer = await plant.client.post(LOGIN, json={"username": username, "password": "wrong", "tenant": plant.tenant})

    assert answer.status_code == 401
    error = answer.json()["error"]
    assert (error["code"], error["message"]) == ("UNAUTHORIZED", "The user name or the password is wrong")
    assert error["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("username", ["operator", "nobody"])
async def test_five_failures_lock_the_name_also_for_the_right_password(plant: Plant, username: str) -> None:
    """Known and unknown names alike: the lock must not tell which names exist."""
    await plant.person("operator")
    body = {"username": username, "tenant": plant.tenant}

    failures = [(await plant.client.post(LOGIN, json=body | {"password": "wrong"})).status_code for _ in range(5)]
    locked = await plant.client.post(LOGIN, json=body | {"password": PASSWORD})

    assert failures == [401] * 5
    assert locked.status_code == 429
    assert 0 < int(locked.headers["retry-after"]) <= 900
    assert locked.json()["error"]["code"] == "RATE_LIMIT_EXCEEDED"


async def test_the_lock_ends_and_a_success_forgets_the_failures(plant: Plant) -> None:
    user_id = await plant.person("operator")
    body = {"username": "operator", "tenant": plant.tenant}
    for _ in range(5):
        await plant.client.post(LOGIN, json=body | {"password": "wrong"})
    async with plant.database.system() as connection:
        await connection.execute(
            update(users).where(users.c.id == user_id).values(locked_until=text("now() - interval '1 second'"))
        )

    answer = await plant.client.post(LOGIN, json=body | {"password": PASSWORD})

    async with plant.database.system() as connection:
        failed = await connection.scalar(select(users.c.failed_logins).where(users.c.id == user_id))
    assert (answer.status_code, failed) == (200, 0)


async def test_failed_log_ins_are_on_record(plant: Plant) -> None:
    await plant.person("operator")

    await plant.client.post(LOGIN, json={"username": "operator", "password": "wrong", "tenant": plant.tenant})

    async with plant.database.transaction(plant.tenant) as connection:
        rows = (await connection.execute(select(audit))).all()
    assert [(row.action, row.outcome, row.username) for row in rows] == [("auth.log_in", "denied", "operator")]


async def test_an_inactive_user_cannot_log_in(plant: Plant) -> None:
    await plant.person("operator", active=False)

    answer = await plant.client.post(LOGIN, json={"username": "operator", "password": PASSWORD, "tenant": plant.tenant})

    assert answer.status_code == 401


async def test_a_user_who_is_deactivated_is_out_at_once(plant: Plant) -> None:
    user_id = await plant.person("operator")
    client = plant.with_credential(await plant.token(user_id))
    before = await client.get("/api/v1/tasks")
    async with plant.database.system() as connection:
        await connection.execute(update(users).where(users.c.id == user_id).values(active=False))

    after = await client.get("/api/v1/tasks")

    assert (before.status_code, after.status_code) == (200, 401)


async def test_missing_fields_are_answered_with_400_and_named(plant: Plant) -> None:
    answer = await plant.client.post(LOGIN, json={"username": "operator"})

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == ["password"]


async def test_errors_never_repeat_a_password(plant: Plant) -> None:
    answer = await plant.client.post(LOGIN, json={"username": "operator", "password": ["topsecret"]})

    assert answer.status_code == 400
    assert "topsecret" not in answer.text


# --- sessions -----------------------------------------------------------------------------------------------


async def _session(plant: Plant) -> dict[str, str]:
    await plant.person("operator")
    body = {"username": "operator", "password": PASSWORD, "tenant": plant.tenant}
    return dict((await plant.client.post(LOGIN, json=body)).json())


async def test_a_refresh_token_gives_the_next_one(plant: Plant) -> None:
    first = await _session(plant)

    answer = await plant.client.post(REFRESH, json={"refresh_token": first["refresh_token"]})

    assert answer.status_code == 200
    said = answer.json()
    assert said["token_type"] == "bearer"
    assert said["expires_in"] == 3600
    assert said["refresh_token"] != first["refresh_token"]
    me = await plant.with_credential(said["access_token"]).get("/api/v1/auth/me")
    assert me.json()["username"] == "operator"


async def test_a_refresh_token_used_twice_ends_its_whole_session(plant: Plant) -> None:
    first = (await _session(plant))["refresh_token"]
    second = (await plant.client.post(REFRESH, json={"refresh_token": first})).json()["refresh_token"]

    reused = await plant.client.post(REFRESH, json={"refresh_token": first})
    successor = await plant.client.post(REFRESH, json={"refresh_token": second})

    assert (reused.status_code, successor.status_code) == (401, 401)


async def test_of_two_refreshes_at_once_one_wins(plant: Plant) -> None:
    token = (await _session(plant))["refresh_token"]

    answers = await asyncio.gather(*(plant.client.post(REFRESH, json={"refresh_token": token}) for _ in range(2)))

    assert sorted(answer.status_code for answer in answers) == [200, 401]


async def test_an_expired_refresh_token_is_refused(plant: Plant) -> None:
    token = (await _session(plant))["refresh_token"]
    async with plant.database.system() as connection:
        await connection.execute(
            text("UPDATE refresh_tokens SET expires_at = now() WHERE tenant_id = :t"), {"t": plant.tenant}
        )

    answer = await plant.client.post(REFRESH, json={"refresh_token": token})

    assert answer.status_code == 401


async def test_refresh_tokens_are_kept_as_hashes(plant: Plant) -> None:
    token = (await _session(plant))["refresh_token"]

    async with plant.database.system() as connection:
        kept = await connection.scalar(
            text("SELECT token_hash FROM refresh_tokens WHERE tenant_id = :t"), {"t": plant.tenant}
        )

    assert token not in str(kept)


async def test_log_out_ends_the_session(plant: Plant) -> None:
    session = await _session(plant)
    client = plant.with_credential(session["access_token"])

    gone = await client.post("/api/v1/auth/logout", json={"refresh_token": session["refresh_token"]})
    after = await plant.client.post(REFRESH, json={"refresh_token": session["refresh_token"]})

    assert (gone.status_code, gone.content, after.status_code) == (204, b"", 401)


async def test_log_out_without_a_body_ends_all_sessions(plant: Plant) -> None:
    one = await _session(plant)
    body = {"username": "operator", "password": PASSWORD, "tenant": plant.tenant}
    two = (await plant.client.post(LOGIN, json=body)).json()

    await plant.with_credential(one["access_token"]).post("/api/v1/auth/logout")

    for session in (one, two):
        answer = await plant.client.post(REFRESH, json={"refresh_token": session["refresh_token"]})
        assert answer.status_code == 401
