"""The error form of kpi-platform.md; its codes follow from the status alone."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from api.contract import route_class
from api.errors import Occasion, Rendered
from workflows.domain.errors import InvalidInput, JidokaError

_CODES = {
    400: "VALIDATION_ERROR",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    422: "UNPROCESSABLE_ENTITY",
    429: "RATE_LIMIT_EXCEEDED",
    503: "SERVICE_UNAVAILABLE",
}


def envelope(error: JidokaError, occasion: Occasion) -> Rendered:
    """`{"error": {code, message, details: [{field, value, constraint}], timestamp, request_id}}`"""
    details = error.violations if isinstance(error, InvalidInput) else []
    body = {
        "code": _CODES.get(error.status, error.code if error.status < 500 else "INTERNAL_SERVER_ERROR"),
        "message": error.message,
        "details": details,
        "timestamp": occasion.timestamp,
        "request_id": occasion.request_id,
    }
    return Rendered(error.status, {"error": body})


class KpiErrorDetail(BaseModel):
    field: str
    value: Any = Field(description="What was sent, when it is a plain value and no secret.")
    constraint: str = Field(description="The rule it broke.")


class KpiErrorBody(BaseModel):
    code: str = Field(description="By status: VALIDATION_ERROR, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, CONFLICT, …")
    message: str
    details: list[KpiErrorDetail]
    timestamp: str
    request_id: str


class KpiError(BaseModel):
    error: KpiErrorBody


KpiRoute = route_class(envelope)
