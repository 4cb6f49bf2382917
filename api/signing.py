"""The `signature` of a transition's body: taken out before anything sees the data, and made good before the command.

The password goes no further than the service that verifies it: not into data, logs, error bodies or histories.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from activities.services.origin import Origin
from activities.services.signatures import Signing
from api.auth.identity import Identity
from api.deps import Services
from workflows.domain.errors import InvalidInput
from workflows.domain.signing import Meaning

FIELD = "signature"
"""The key of the body that no form can have."""


class SignatureInput(BaseModel):
    """What the signer enters. `username` may be left out while the session goes on signing."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    username: str | None = Field(default=None, min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=1000)
    meaning: Meaning


def taken_out(body: dict[str, Any]) -> tuple[dict[str, Any], Signing | None]:
    """The body without its signature, and the signature.

    Raises:
        InvalidInput: it is none; the values are not repeated.
    """
    if FIELD not in body:
        return body, None
    data = {name: value for name, value in body.items() if name != FIELD}
    try:
        given = SignatureInput.model_validate(body[FIELD])
    except ValidationError as problem:
        raise _invalid(problem) from None  # the cause knows the password
    return data, Signing(given.password, given.meaning, given.username)


async def signed(
    asked: Services,
    who: Identity,
    origin: Origin,
    place: tuple[str, int, str],
    data: dict[str, Any],
    signing: Signing | None,
) -> dict[str, Any]:
    """Arguments of `Instances.transition` that the signature makes; none without one.

    Args:
        place: process, entity id and transition code.

    Raises:
        NotAuthenticated, LockedOut, NotAllowed: as `Signatures.sign`.
    """
    if signing is None:
        return {}
    process, entity_id, code = place
    content = await asked.signatures.content(who.tenant, process, entity_id, code, data)
    signature = await asked.signatures.sign(who.tenant, who.actor, who.session, signing, content, origin=origin)
    return {"signature": signature, "expected_seq": content.seq}


def without_password(body: Any) -> Any:
    """A parsed body as it may be hashed and kept."""
    if isinstance(body, dict) and isinstance(body.get(FIELD), dict):
        return body | {FIELD: {name: value for name, value in body[FIELD].items() if name != "password"}}
    return body


def _invalid(problem: ValidationError) -> InvalidInput:
    violations = [
        {"field": ".".join([FIELD, *map(str, error["loc"])]), "value": None, "constraint": str(error["msg"])}
        for error in problem.errors(include_input=False, include_url=False, include_context=False)
    ]
    return InvalidInput(f"{violations[0]['field']}: {violations[0]['constraint']}", violations=violations)
