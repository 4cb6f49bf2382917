"""What every REST operation says about itself, beside its signature: who may, how large, what it looks like.

The route class enforces the first half and the API description prints the second, so the two cannot drift apart.
An operation without this mark cannot be registered: nothing is reachable by omission.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, Field

from workflows.domain.errors import JidokaError
from workflows.domain.policy import Permission

COMMAND_BYTES = 64 * 1024
"""Commands travel through workflow histories; larger things are stored and referred to."""
DEFINITION_BYTES = 512 * 1024


class Accepted(BaseModel):
    """The command is on its way and will be carried out, but was not within the time of the request."""

    status: Literal["accepted"]
    command_id: str = Field(description="Send the request again with this as `Idempotency-Key` to get its result.")


ACCEPTED_RESPONSE: dict[int | str, dict[str, Any]] = {
    202: {
        "model": Accepted,
        "description": "Accepted; it will be carried out.",
        "content": {
            "application/json": {
                "example": {"status": "accepted", "command_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7"}
            }
        },
    }
}

_MARK = "__operation__"
_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Operation:
    """Facts about one route."""

    permission: Permission | None
    """Checked before the body is read; None: any caller with a valid credential, or a public route."""
    public: bool
    """Whether it answers without a credential."""
    repeat: Literal["stored", "own", "harmless"]
    """How a POST meets its repeat under one `Idempotency-Key`: `stored`, one at a time, the kept answer; `own`, the
    kept answer or else the service, which knows its repeats; `harmless`, it may simply run again."""
    shows_secret: bool
    """The answer shows something that is not kept in clear."""
    limit: int
    """Largest body in bytes."""
    request: Any
    """Example of the request body; None: there is no body or it may be left out."""
    response: Any
    """Example of the answer's body; None: it has none."""
    errors: tuple[JidokaError, ...]
    """Examples of refusals besides the ones every route shares."""


def operation(
    permission: Permission | None = None,
    *,
    public: bool = False,
    repeat: Literal["stored", "own", "harmless"] = "stored",
    shows_secret: bool = False,
    limit: int = COMMAND_BYTES,
    request: Any = None,
    response: Any = None,
    errors: tuple[JidokaError, ...] = (),
) -> Callable[[_Endpoint], _Endpoint]:
    """Marks an endpoint; see `Operation`."""
    mark = Operation(permission, public, repeat, shows_secret, limit, request, response, errors)

    def apply(endpoint: _Endpoint) -> _Endpoint:
        setattr(endpoint, _MARK, mark)
        return endpoint

    return apply


def operation_of(endpoint: Callable[..., Any]) -> Operation:
    """Raises TypeError for an endpoint that is not marked."""
    mark = getattr(endpoint, _MARK, None)
    if not isinstance(mark, Operation):
        raise TypeError(f"{endpoint.__module__}.{endpoint.__qualname__} lacks @operation")
    return mark
