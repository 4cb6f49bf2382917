"""Forged, foreign and worn-out credentials open nothing."""

from __future__ import annotations

import base64
import datetime as dt
import json

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from activities.settings import Settings
from api.auth.tokens import AccessTokens
from tests.api.conftest import PASSWORD, Plant
from workflows.domain.errors import NotAuthenticated

WHERE = "/api/v1/tasks"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _signed(claims: dict[str, object], key: str) -> str:
    return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.import_key(key), default_type=None)


async def _status(plant: Plant, credential: str) -> int:
    return (await plant.with_credential(credential).get(WHERE)).status_code


async def test_a_good_token_opens(plant: Plant) -> None:
    assert await _status(plant, await plant.token(await plant.person("operator"))) == 200


async def test_a_token_without_signature_is_refused(plant: Plant) -> None:
    good = await plant.token(await plant.person("operator"))
    payload = good.split(".")[1]
    header = _b64(json.dumps({"alg": "none", "typ": "JWT"}).encode())

    assert await _status(plant, f"{header}.{payload}.") == 401


async def test_a_token_of_another_key_is_refused(plant: Plant) -> None:
    user_id = await plant.person("operator")
    foreign = AccessTokens(["somebody else's secret, also long enough"])

    assert await _status(plant, foreign.issue({"sub": "x", "tenant": plant.tenant, "uid": user_id})) == 401


async def test_a_changed_payload_is_refused(plant: Plant) -> None:
    header, payload, signature = (await plant.token(await plant.person("operator"))).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["uid"] += 1

    assert await _status(plant, f"{header}.{_b64(json.dumps(claims).encode())}.{signature}") == 401


async def test_an_expired_token_is_refused(plant: Plant, settings: Settings) -> None:
    assert settings.jwt_secret is not None
    user_id = await plant.person("operator")
    an_hour_ago = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=3601)
    past = AccessTokens([settings.jwt_secret.get_secret_value()], now=lambda: an_hour_ago)

    answer = await plant.with_credential(past.issue({"sub": "x", "tenant": plant.tenant, "uid": user_id})).get(WHERE)

    assert answer.status_code == 401
    assert answer.json()["code"] == "TOKEN_EXPIRED"


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"exp": 9_999_999_999},
        {"exp": 9_999_999_999, "iat": 0, "tenant": "demo", "uid": 1},
        {"exp": "soon", "iat": 0, "tenant": "demo", "uid": 1},
        {"exp": 2_000, "iat": 1_000, "tenant": "demo", "uid": "1"},
        {"exp": 2_000, "iat": 1_000, "tenant": ["demo"], "uid": True},
    ],
)
def test_claims_that_we_never_issue_are_refused(claims: dict[str, object]) -> None:
    """Signed with the right key, but too long-lived or not about an account."""
    key = "a secret that somebody got hold of, 32+"
    tokens = AccessTokens([key], now=lambda: dt.datetime.fromtimestamp(1_500, dt.UTC))

    with pytest.raises(NotAuthenticated):
        tokens.read(_signed(claims, key))


@pytest.mark.parametrize(
    "junk", ["x", "a.b.c", "..", "é.é.é", "jdk_", "jdk_x_y", "jdr_x", "." * 9000, "jdk_" + "a" * 500]
)
async def test_junk_is_refused(plant: Plant, junk: str) -> None:
    client = plant.with_credential("x")

    answer = await client.get(WHERE, headers={"Authorization": b"Bearer " + junk.encode()})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dTpw", "Token x"])
async def test_another_scheme_is_refused(plant: Plant, header: str) -> None:
    answer = await plant.client.get(WHERE, headers={"Authorization": header})

    assert answer.status_code == 401


async def test_two_authorization_headers_are_refused(plant: Plant) -> None:
    token = await plant.token(await plant.person("operator"))
    twice = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]

    assert (await plant.client.get(WHERE, headers=twice)).status_code == 401


async def test_a_refresh_token_is_no_access_token(plant: Plant) -> None:
    await plant.person("operator")
    body = {"username": "operator", "password": PASSWORD, "tenant": plant.tenant}
    session = (await plant.client.post("/api/v1/auth/login", json=body)).json()

    assert await _status(plant, session["refresh_token"]) == 401


async def test_an_access_token_is_no_refresh_token(plant: Plant) -> None:
    token = await plant.token(await plant.person("operator"))

    answer = await plant.client.post("/api/v1/auth/refresh", json={"refresh_token": token})

    assert answer.status_code == 401


async def test_an_older_key_goes_on_verifying_after_a_change() -> None:
    old, new = "the secret of last year, long enough!!", "the secret of this year, long enough!!"
    token = AccessTokens([old]).issue({"sub": "USR-001", "tenant": "demo", "uid": 1})

    assert AccessTokens([new, old]).read(token).user_id == 1


async def test_roles_are_those_of_the_store_not_of_the_token(plant: Plant) -> None:
    """A token that says admin does not make an admin."""
    user_id = await plant.person("operator")
    forged_roles = {"sub": "x", "tenant": plant.tenant, "uid": user_id, "role": "ADMIN", "roles": ["admin"]}
    token = plant.services.access_tokens.issue(forged_roles)

    answer = await plant.with_credential(token).get("/api/v1/api-keys")

    assert answer.status_code == 403


async def test_a_token_opens_only_its_own_tenant(plant: Plant, other_plant: Plant) -> None:
    user_id = await plant.person("operator")
    token = plant.services.access_tokens.issue({"sub": "x", "tenant": other_plant.tenant, "uid": user_id})

    assert await _status(plant, token) == 401


async def test_a_credential_for_another_team_is_refused(plant: Plant, other_plant: Plant) -> None:
    client = await plant.as_("operator")

    own = await client.get(WHERE, headers={"X-MES-Team-ID": plant.tenant})
    foreign = await client.get(WHERE, headers={"X-MES-Team-ID": other_plant.tenant})

    assert (own.status_code, foreign.status_code) == (200, 403)


async def test_a_host_that_names_another_organization_is_refused(plant: Plant, other_plant: Plant) -> None:
    client = await plant.as_("operator")

    hosts = [f"{plant.tenant}.example.com", f"{other_plant.tenant}.example.com", "api.example.com", "127.0.0.1"]
    statuses = [(await client.get(WHERE, headers={"Host": host})).status_code for host in hosts]

    assert statuses == [200, 403, 200, 200]
