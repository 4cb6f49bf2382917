"""The platform's own error form: one flat object that says what, why, and what to do about it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from api.contract import route_class
from api.errors import Occasion, Rendered
from workflows.domain.errors import InvalidInput, JidokaError

_TITLES = {
    400: "Invalid request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Payload too large",
    422: "Refused by a rule",
    429: "Too many requests",
    503: "Unavailable",
}


def envelope(error: JidokaError, occasion: Occasion) -> Rendered:
    """`{"error", "reason", "code", "details": [{field, value, constraint}], "facts", "request_id"}`"""
    facts = dict(error.details)
    violations = facts.pop("violations", [])
    body: dict[str, Any] = {
        "error": _TITLES.get(error.status, "Internal error"),
        "reason": error.message,
        "code": error.code,
        "details": violations if isinstance(error, InvalidInput) else [],
        "facts": facts,
        "request_id": occasion.request_id,
    }
    return Rendered(error.status, body)


class PlatformErrorDetail(BaseModel):
    field: str
    value: Any = Field(default=None, description="What was sent, when it is a plain value and no secret.")
    constraint: str = Field(description="The rule it broke.")


class PlatformError(BaseModel):
    error: str = Field(description="What happened; follows from the status.")
    reason: str = Field(description="Why, for people.")
    code: str = Field(description="Stable, for programs; a refused rule has the code its definition gives it.")
    details: list[PlatformErrorDetail] = Field(description="Every field that broke a rule; only with status 400.")
    facts: dict[str, Any] = Field(
        description="What the error knows: `id` of the existing record, `diagnostics` of a definition, …"
    )
    request_id: str


PlatformRoute = route_class(envelope)
