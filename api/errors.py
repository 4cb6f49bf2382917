"""From whatever went wrong to one error of the tree, and from there to an answer.

What the web framework raises is mapped here, once; the store and Temporal map their own. How the answer's body looks
is the matter of each contract's envelope.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.strict_request import BodyRefused, BodyTooLarge
from workflows.domain.errors import (
    Conflict,
    InvalidInput,
    JidokaError,
    LockedOut,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    PayloadTooLarge,
    Unavailable,
)

log = structlog.get_logger(__name__)

ACCEPTED = 202
"""Status of the one "error" that is none: the command will be carried out, but not within the request."""
COMMAND = "command_id"
"""Where the request's scope keeps the id by which its command can be asked for again."""
RETRY_AFTER_S = 5
"""What an `Unavailable` without an own figure asks the caller to wait."""


class Rendered(NamedTuple):
    status: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Occasion:
    """What an error form may tell about the request besides the error."""

    request_id: str
    at: datetime

    @property
    def timestamp(self) -> str:
        """RFC 3339, UTC, whole seconds."""
        return self.at.strftime("%Y-%m-%dT%H:%M:%SZ")


Envelope = Callable[[JidokaError, Occasion], Rendered]
"""Status and body of one contract's error form."""


class MethodNotAllowed(JidokaError):
    status = 405
    code = "METHOD_NOT_ALLOWED"


_BY_STATUS: dict[int, type[JidokaError]] = {
    400: InvalidInput,
    401: NotAuthenticated,
    403: NotAllowed,
    404: NotFound,
    405: MethodNotAllowed,
    409: Conflict,
    413: PayloadTooLarge,
    503: Unavailable,
}


def domain_error(problem: BaseException) -> JidokaError | None:
    """The error of the tree that says what happened; None for what nobody foresaw."""
    if isinstance(problem, JidokaError):
        return problem
    if isinstance(problem, BodyTooLarge | BodyRefused):
        return problem.error
    if isinstance(problem, RequestValidationError):
        return _invalid(problem)
    if isinstance(problem, HTTPException):
        kind = _BY_STATUS.get(problem.status_code)
        return kind(str(problem.detail)) if kind else None
    return None


def _invalid(problem: RequestValidationError) -> InvalidInput:
    violations = [_violation(item) for item in problem.errors()]
    first = violations[0]
    return InvalidInput(f"{first['field']}: {first['constraint']}", violations=violations)


_SECRET_FIELDS = ("password", "secret", "token", "key")
_PLACES = ("body", "query", "path", "header")


def _violation(item: Mapping[str, Any]) -> dict[str, Any]:
    place = [str(part) for part in item["loc"]]
    if len(place) > 1 and place[0] in _PLACES:
        place = place[1:]
    field = ".".join(place)
    constraint = str(item["msg"]).removeprefix("Value error, ")
    return {"field": field, "value": _shown(field, item.get("input")), "constraint": constraint}


def _shown(field: str, value: Any) -> Any:
    """Scalars only and short; never what might be a secret."""
    if any(word in field.lower() for word in _SECRET_FIELDS):
        return None
    if isinstance(value, str):
        return value[:200]
    return value if isinstance(value, bool | int | float) else None


def answer(request: Request, problem: Exception, envelope: Envelope) -> Response:
    """The response that tells the caller; what nobody foresaw is logged with its trace and told without it."""
    error = domain_error(problem)
    if error is None:
        log.error("unexpected_error", path=request.url.path, exc_info=problem)
        error = JidokaError("An unexpected error occurred; the request id leads to it in the log")
    elif isinstance(error, Unavailable):
        log.warning("unavailable", reason=error.message, cause=repr(problem.__cause__ or problem))
    if error.status == ACCEPTED:
        return JSONResponse({"status": "accepted", "command_id": request.scope.get(COMMAND)}, ACCEPTED)
    occasion = Occasion(request.scope.get("request_id", ""), datetime.now(UTC))
    rendered = envelope(error, occasion)
    headers = dict(getattr(problem, "headers", None) or {}) | _headers(error)
    return JSONResponse(rendered.body, rendered.status, headers=headers)


def _headers(error: JidokaError) -> dict[str, str]:
    if isinstance(error, Unavailable | LockedOut):
        return {"Retry-After": str(error.details.get("retry_after_s", RETRY_AFTER_S))}
    if error.status == 401:
        return {"WWW-Authenticate": "Bearer"}
    return {}
