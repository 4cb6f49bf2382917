"""Refusals on their way across the Temporal boundary: our error tree in, ApplicationError out, and back."""

from __future__ import annotations

from temporalio.exceptions import ApplicationError

from workflows.domain.errors import JidokaError, error_from_json

DRAINING = "DRAINING"
"""Type of the refusal while an instance changes runs; the same command is to be sent again at once."""


def refusal(error: JidokaError) -> ApplicationError:
    """`error` as a failure that is never retried; details[0] is `error.to_json()`."""
    return ApplicationError(error.message, error.to_json(), type=error.code, non_retryable=True)


def draining() -> ApplicationError:
    return ApplicationError("the instance is changing runs; send again", type=DRAINING, non_retryable=True)


def refused(failure: BaseException | None) -> JidokaError | None:
    """The error of our tree that `failure` carries, or None when it carries none."""
    while failure is not None:
        if isinstance(failure, ApplicationError) and failure.details and isinstance(failure.details[0], dict):
            return error_from_json(failure.details[0])
        failure = failure.__cause__
    return None
