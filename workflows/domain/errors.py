"""The one error tree. Every class is an event a person could name; each contract renders it in its envelope.

JidokaError
├── InvalidInput            400  a field, its value and the rule it broke
│   └── PayloadTooLarge     413
├── NotAuthenticated        401
│   └── LockedOut           429  too many failed log-ins; knows when to try again
├── NotAllowed              403  the caller may not; says who may
├── NotFound                404  also for what belongs to another tenant
├── Conflict                409
│   ├── UnknownTransition   409  the current state has no such transition
│   ├── AlreadyExists       409  knows the existing id
│   ├── InstanceEnded       409
│   └── IdempotencyMismatch 409  same key, other request
├── RuleRefused             422  a guard or a business rule said no; code from the definition or the action
│   └── ExpressionFailed    422  an expression could not be evaluated; never a quiet "false"
└── Unavailable             503  a part the answer depends on is away; try again later
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class JidokaError(Exception):
    """Root of all refusals and failures that a caller is told about."""

    status = 500
    code = "INTERNAL_ERROR"

    def __init__(self, message: str, *, code: str | None = None, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        """Stable, upper case; used in logs, documents and user interfaces."""
        self.details: dict[str, Any] = dict(details or {})
        """Plain JSON facts about the event; never a stack trace, never a secret."""

    def to_json(self) -> dict[str, Any]:
        """`{"type", "code", "message", "details"}`; `error_from_json` is the inverse."""
        return {
            "type": type(self).__name__,
            "code": self.code,
            "message": self.message,
            "details": self.details,
        }


class InvalidInput(JidokaError):
    """Input breaks a rule. `violations`: list of {"field", "value", "constraint"}."""

    status = 400
    code = "VALIDATION_ERROR"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
        violations: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message, code=code, details=details)
        if violations:
            self.details["violations"] = violations

    @property
    def violations(self) -> list[dict[str, Any]]:
        return list(self.details.get("violations", []))


class PayloadTooLarge(InvalidInput):
    status = 413
    code = "PAYLOAD_TOO_LARGE"


class NotAuthenticated(JidokaError):
    status = 401
    code = "UNAUTHORIZED"


class LockedOut(NotAuthenticated):
    """`details["retry_after_s"]`: whole seconds until the next try is looked at."""

    status = 429
    code = "TOO_MANY_FAILED_LOGINS"


class NotAllowed(JidokaError):
    status = 403
    code = "FORBIDDEN"


class NotFound(JidokaError):
    status = 404
    code = "NOT_FOUND"


class Conflict(JidokaError):
    status = 409
    code = "CONFLICT"


class UnknownTransition(Conflict):
    code = "TRANSITION_NOT_AVAILABLE"


class AlreadyExists(Conflict):
    """`details["id"]`: the existing record."""

    code = "ALREADY_EXISTS"


class InstanceEnded(Conflict):
    code = "INSTANCE_ENDED"


class IdempotencyMismatch(Conflict):
    code = "IDEMPOTENCY_KEY_REUSED"


class RuleRefused(JidokaError):
    status = 422
    code = "RULE_REFUSED"


class ExpressionFailed(RuleRefused):
    """`details`: {"expression", "reason", "inputs"}; inputs are the names the expression read, with values."""

    code = "EXPRESSION_FAILED"


class Unavailable(JidokaError):
    """`details["retry_after_s"]`: whole seconds, default 5."""

    status = 503
    code = "SERVICE_UNAVAILABLE"


def _tree(root: type[JidokaError]) -> dict[str, type[JidokaError]]:
    found = {root.__name__: root}
    for child in root.__subclasses__():
        found.update(_tree(child))
    return found


def error_from_json(raw: Mapping[str, Any]) -> JidokaError:
    """The error that `to_json` described; an unknown type becomes the root class with its code kept."""
    kind = _tree(JidokaError).get(str(raw.get("type")), JidokaError)
    error = kind.__new__(kind)
    JidokaError.__init__(error, str(raw.get("message", "")), code=raw.get("code"), details=raw.get("details") or {})
    return error
