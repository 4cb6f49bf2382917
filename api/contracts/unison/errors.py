"""The error forms of unison-erp.md: `{error, reason}` and, for invalid input, `{error, details}`.

`code` is added where there is one, for programs: the contract itself tells errors apart by their text only.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from api.contract import route_class
from api.errors import Occasion, Rendered
from workflows.domain.errors import (
    AlreadyExists,
    Conflict,
    InstanceEnded,
    InvalidInput,
    JidokaError,
    LockedOut,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    PayloadTooLarge,
    RuleRefused,
    Unavailable,
    UnknownTransition,
)

_TITLES: dict[type[JidokaError], str] = {
    PayloadTooLarge: "Payload too large",
    InvalidInput: "Validation failed",
    LockedOut: "Too many failed log-ins",
    NotAuthenticated: "Not authenticated",
    NotAllowed: "Not authorized",
    NotFound: "Not found",
    UnknownTransition: "Transition not allowed",
    InstanceEnded: "Transition not allowed",
    AlreadyExists: "Already exists",
    Conflict: "Conflict",
    RuleRefused: "Transition refused",
    Unavailable: "Service unavailable",
    JidokaError: "Internal server error",
}
"""The title of an error is that of the first of its classes found here."""


def envelope(error: JidokaError, occasion: Occasion) -> Rendered:
    """`{"error": title, "reason": text, "code": stable code}`, `details` instead of `reason` for invalid input."""
    body: dict[str, Any] = {"error": _title(error)}
    if isinstance(error, InvalidInput) and not isinstance(error, PayloadTooLarge):
        body["details"] = _details(error)
    elif error.status >= 500 and not isinstance(error, Unavailable):
        body["reason"] = f"{error.message} ({occasion.request_id})"
    else:
        body["reason"] = error.message
    body["code"] = error.code
    return Rendered(error.status, body)


def _title(error: JidokaError) -> str:
    return next((_TITLES[kind] for kind in type(error).__mro__ if kind in _TITLES), "Error")


def _details(error: InvalidInput) -> list[dict[str, str]]:
    found = [{"field": str(item["field"]), "message": str(item["constraint"])} for item in error.violations]
    return found or [{"field": "body", "message": error.message}]


class UnisonErrorDetail(BaseModel):
    field: str
    message: str


class UnisonError(BaseModel):
    error: str = Field(description='What happened, for people: "Not authorized", "Transition not allowed", …')
    reason: str | None = Field(default=None, description="Why; absent for invalid input.")
    details: list[UnisonErrorDetail] | None = Field(default=None, description="Only for invalid input.")
    code: str = Field(description="Stable, for programs; a refused rule has the code the definition gives it.")


UnisonRoute = route_class(envelope)
