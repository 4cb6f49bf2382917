"""What holds for all routes, found by asking the application for them: none can be forgotten."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.routing import APIRoute

from api.app import CONTRACTS
from api.operation import operation_of
from tests.api.conftest import Plant
from workflows.domain import policy

ROUTES = [
    pytest.param(method, route, id=f"{method} {route.path}")
    for contract in CONTRACTS
    for route in contract.router.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods or ())
]
PUBLIC = {"/api/v1/auth/login", "/api/v1/auth/refresh"}
UNCONTRACTED = {
    "/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/api/v1/openapi/{contract}.json",
}
_VALUES = {
    "act": "retry",
    "document_id": "1",
    "entity_type": "ncr_report",
    "notification_id": "1",
    "process": "ncr_report",
}


def _path(route: APIRoute, reference: str = "1") -> str:
    return re.sub(r"{(\w+)}", lambda found: _VALUES.get(found[1], reference), route.path)


def _body(route: APIRoute) -> Any:
    return operation_of(route.endpoint).request


def test_every_path_of_the_application_belongs_to_a_contract_or_is_a_known_public_one(plant: Plant) -> None:
    from fastapi.routing import iter_route_contexts

    served = {context.path for context in iter_route_contexts(plant.app.routes)}
    contracted = {
        route.path for contract in CONTRACTS for route in contract.router.routes if isinstance(route, APIRoute)
    }

    assert served == contracted | UNCONTRACTED


def test_only_log_in_and_refresh_are_public() -> None:
    public = {
        route.path
        for contract in CONTRACTS
        for route in contract.router.routes
        if isinstance(route, APIRoute) and operation_of(route.endpoint).public
    }

    assert public == PUBLIC


@pytest.mark.parametrize(("method", "route"), ROUTES)
async def test_without_a_credential_nothing_opens(plant: Plant, method: str, route: APIRoute) -> None:
    if route.path in PUBLIC:
        answer = await plant.client.request(method, _path(route), json={})
        assert answer.status_code == 400
        return

    answer = await plant.client.request(method, _path(route), json=_body(route))

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "route"), ROUTES)
async def test_without_the_permission_nothing_opens(plant: Plant, method: str, route: APIRoute) -> None:
    """A user without any role is refused wherever the policy names roles, before anything is looked up."""
    permission = operation_of(route.endpoint).permission
    client = await plant.as_(username="nobody")

    answer = await client.request(method, _path(route), json=_body(route))

    if permission is not None and policy.EVERYONE not in policy.ROLES[permission]:
        assert answer.status_code == 403
    elif route.path not in PUBLIC:
        assert answer.status_code not in {401, 403, 500}


@pytest.mark.parametrize(("method", "route"), [item for item in ROUTES if "{" in item.values[1].path])
async def test_what_another_tenant_has_does_not_exist(
    plant: Plant, other_plant: Plant, method: str, route: APIRoute
) -> None:
    """An admin of one tenant asks for the ids of another's: as if there were nothing."""
    owner = await other_plant.as_("admin")
    key = await owner.post("/api/v1/api-keys", json={"name": "theirs", "scope": "admin"})
    hook = await owner.post("/api/v1/webhooks", json={"url": "https://127.0.0.1/hook", "events": ["*"]})
    assert (key.status_code, hook.status_code) == (201, 201), hook.text
    theirs = (hook if "webhook" in route.path else key).json()["id"]
    stranger = await plant.as_("admin")

    answer = await stranger.request(method, _path(route, theirs), json=_body(route))

    assert answer.status_code == 404


@pytest.mark.parametrize(("method", "route"), ROUTES)
async def test_every_answer_carries_its_request_id_and_security_headers(
    plant: Plant, method: str, route: APIRoute
) -> None:
    answer = await plant.client.request(method, _path(route), headers={"X-Request-ID": "mine-1"})

    assert answer.headers["x-request-id"] == "mine-1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("given", ["x" * 200, "a b", "<script>", ""])
async def test_a_request_id_that_is_no_plain_word_is_replaced(plant: Plant, given: str) -> None:
    answer = await plant.client.get("/healthz", headers={"X-Request-ID": given})

    assert re.fullmatch(r"req-[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_an_error_that_nobody_foresaw_is_told_without_its_trace(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the secret inside")

    client = await plant.as_("operator")
    monkeypatch.setattr(type(plant.services.inbox), "tasks", broken)
    monkeypatch.setattr(type(plant.services.reading), "inbox", broken)

    platform, unison = await client.get("/api/v1/tasks"), await client.get("/api/v1/workflows/tasks")

    assert (platform.status_code, unison.status_code) == (500, 500)
    assert "secret" not in platform.text + unison.text
    assert platform.json()["request_id"] == platform.headers["x-request-id"]
    assert platform.json()["code"] == "INTERNAL_ERROR"
    assert unison.json()["error"] == "Internal server error"


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/api/v1/auth/nothing", {"error": {"code": "NOT_FOUND"}}),
        ("/api/v1/workflows/a/b/c/d", {"error": "Not found"}),
        ("/api/v1/incidents/x/y", {"error": "Not found", "code": "NOT_FOUND"}),
        ("/nothing", {"error": {"code": "NOT_FOUND"}}),
    ],
)
async def test_an_unknown_path_answers_in_the_form_of_its_neighbours(
    plant: Plant, path: str, form: dict[str, Any]
) -> None:
    answer = await plant.client.get(path)

    assert answer.status_code == 404
    said = answer.json()
    if isinstance(form["error"], dict):
        assert said["error"]["code"] == form["error"]["code"]
    else:
        assert said["error"] == form["error"]


async def test_a_method_that_a_path_does_not_have_is_405(plant: Plant) -> None:
    answer = await plant.client.delete("/api/v1/tasks")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.json()["code"] == "METHOD_NOT_ALLOWED"
