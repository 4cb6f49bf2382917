"""The error form of mes-external-api.md: camelCase, validation answered with 422, one detail (C-11, C-12)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from api.contract import route_class
from api.contracts.external.schemas import Camel
from api.errors import Occasion, Rendered
from workflows.domain.errors import InvalidInput, JidokaError, LockedOut, PayloadTooLarge

_CODES = {500: "INTERNAL_SERVER_ERROR", 503: "SERVICE_UNAVAILABLE"}


def envelope(error: JidokaError, occasion: Occasion) -> Rendered:
    """`{"error": {code, message, details: {field, value}, timestamp, requestId}}`"""
    status = 422 if _is_schema_error(error) else error.status
    body = {
        "code": "RATE_LIMIT_EXCEEDED" if isinstance(error, LockedOut) else _CODES.get(status, error.code),
        "message": error.message,
        "details": _detail(error),
        "timestamp": occasion.timestamp,
        "requestId": occasion.request_id,
    }
    return Rendered(status, {"error": body})


def _is_schema_error(error: JidokaError) -> bool:
    return isinstance(error, InvalidInput) and not isinstance(error, PayloadTooLarge)


def _detail(error: JidokaError) -> dict[str, Any]:
    if isinstance(error, InvalidInput) and error.violations:
        first = error.violations[0]
        return {"field": first["field"], "value": first["value"]}
    return {}


class ExternalErrorDetail(BaseModel):
    field: str | None = None
    value: Any = None


class ExternalErrorBody(Camel):
    code: str
    message: str
    details: ExternalErrorDetail = Field(description="The first field that broke a rule; empty for other errors.")
    timestamp: str
    request_id: str


class ExternalError(BaseModel):
    error: ExternalErrorBody


ExternalRoute = route_class(envelope)
