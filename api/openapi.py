"""The API descriptions: one document per contract and one of all, built from the routes and their marks.

FastAPI describes signatures; what it cannot know (our error forms, examples, who may) is added from `Operation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel

from api.contract import Contract
from api.errors import Occasion
from api.operation import Operation, operation_of
from workflows.domain import policy
from workflows.domain.errors import (
    InvalidInput,
    JidokaError,
    NotAllowed,
    NotAuthenticated,
    PayloadTooLarge,
    Unavailable,
)

_JSON = "application/json"
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "An access token of `POST /api/v1/auth/login`, or an API key `jdk_<prefix>_<secret>`.",
}
_OCCASION = Occasion("req-4f0c2a6e9b1d4c7fa0e5d8b3c6a91f27", datetime(2025, 11, 6, 16, 0, tzinfo=UTC))
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Chosen by the caller, up to 200 characters. The same key with the same request gives the same "
    "answer for 24 hours and has one effect; with another request it is refused with 409.",
    "schema": {"type": "string", "maxLength": 200},
    "example": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
}
_METHODS = ("get", "post", "put", "patch", "delete")


def describe(contracts: Iterable[Contract], *, title: str, version: str, description: str) -> dict[str, Any]:
    """An OpenAPI 3.1 document of the contracts' routes."""
    listed = list(contracts)
    document = get_openapi(
        title=title,
        version=version,
        description=description,
        routes=[route for contract in listed for route in contract.router.routes],
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for contract in listed:
        _add_model(schemas, contract.error_model)
        for route in _routes(contract):
            path = document["paths"][route.path_format]
            for method in _METHODS:
                if method.upper() in (route.methods or ()):
                    _complete(path[method], route, method, contract)
    document["components"]["securitySchemes"] = {"bearer": _BEARER}
    return document


def _routes(contract: Contract) -> Iterator[APIRoute]:
    return (route for route in contract.router.routes if isinstance(route, APIRoute) and route.include_in_schema)


def _add_model(schemas: dict[str, Any], model: type[BaseModel]) -> None:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema


def _complete(described: dict[str, Any], route: APIRoute, method: str, contract: Contract) -> None:
    mark = operation_of(route.endpoint)
    described.setdefault("tags", [contract.name])
    described["security"] = [] if mark.public else [{"bearer": []}]
    if mark.permission:
        described["description"] = f"{described.get('description', '')}\n\n{_who(mark.permission)}".strip()
    if mark.request is not None:
        described["requestBody"]["content"][_JSON]["example"] = mark.request
    if method == "post" and mark.repeat != "harmless":
        described.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
    success = described["responses"][str(route.status_code or 200)]
    if mark.response is not None:
        success["content"][_JSON]["example"] = mark.response
    described["responses"].pop("422", None)
    described["responses"] |= _refusals(mark, method, bool(described.get("parameters")), contract)


def _who(permission: policy.Permission) -> str:
    people = sorted(policy.ROLES[permission])
    roles = "any signed-in user" if people == [policy.EVERYONE] else f"role {' or '.join(people)}"
    scopes = " or ".join(scope for scope, held in policy.SCOPES.items() if permission in held)
    return f"Needs: {roles}; for API keys: scope {scopes}."


def _refusals(mark: Operation, method: str, has_parameters: bool, contract: Contract) -> dict[str, Any]:
    by_status: dict[int, list[tuple[str, dict[str, Any]]]] = {}
    for error in (*_shared(mark, method, has_parameters), *mark.errors):
        status, body = contract.envelope(error, _OCCASION)
        by_status.setdefault(status, []).append((error.code, body))
    return {
        str(status): _answer(status, examples, contract.error_model.__name__)
        for status, examples in sorted(by_status.items())
    }


def _shared(mark: Operation, method: str, has_parameters: bool) -> Iterator[JidokaError]:
    if not mark.public:
        yield NotAuthenticated("This request needs a credential")
    if mark.permission and policy.EVERYONE not in policy.ROLES[mark.permission]:
        yield _denial(mark.permission)
    takes_body = method in {"post", "put", "patch"}
    if has_parameters or takes_body:
        violation = {"field": "page", "value": 0, "constraint": "Input should be greater than or equal to 1"}
        yield InvalidInput("page: Input should be greater than or equal to 1", violations=[violation])
    if takes_body:
        yield PayloadTooLarge(f"The body is larger than {mark.limit} bytes", details={"limit_bytes": mark.limit})
    yield Unavailable("The database cannot be reached", details={"retry_after_s": 5})


def _denial(permission: policy.Permission) -> NotAllowed:
    try:
        policy.require(permission, roles=())
    except NotAllowed as denial:
        return denial
    raise AssertionError(permission)


def _answer(status: int, examples: list[tuple[str, dict[str, Any]]], model: str) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for code, body in examples:
        named.setdefault(code if code not in named else f"{code}_{len(named)}", {"value": body})
    content = {"schema": {"$ref": f"#/components/schemas/{model}"}, "examples": named}
    return {"description": HTTPStatus(status).phrase, "content": {_JSON: content}}
