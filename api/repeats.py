"""A POST that is sent twice under one `Idempotency-Key`: one effect, one answer.

The key is bound to the caller and to the exact request. What a repeat meets depends on the operation: commands to
instances recognise their repeats themselves and may simply run again; everything else runs alone, so that of two at
once the second waits and finds the first one's answer.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.auth.identity import Identity, identity
from api.deps import Services, services
from api.errors import COMMAND
from api.operation import Operation
from api.signing import FIELD, without_password
from workflows.domain.errors import InvalidInput

HEADER = "idempotency-key"
REPLAYED = "Idempotent-Replayed"
"""Response header of an answer that was given before."""
_LONGEST = 200
_NO_ENTITY = 0
"""A kept answer reserves no entity id."""

Handle = Callable[[Request], Awaitable[Response]]


def repeat_key(request: Request) -> str | None:
    """The caller's key of this request, told apart from other callers' keys; None: it has none.

    Raises:
        InvalidInput: empty, too long, or not printable ASCII.
    """
    given = request.headers.get(HEADER)
    if given is None:
        return None
    if not 0 < len(given) <= _LONGEST or not given.isascii() or not given.isprintable():
        constraint = f"must be 1 to {_LONGEST} printable ASCII characters"
        violation = {"field": "Idempotency-Key", "value": given[:_LONGEST], "constraint": constraint}
        raise InvalidInput(f"Idempotency-Key {constraint}", violations=[violation])
    return f"{identity(request).principal}:{given}"


def command_id(request: Request) -> str:
    """The id of a command to an instance, unique per caller: from the caller's key, or a fresh one.

    Should the command not be carried out in time, the answer tells the caller what to send as `Idempotency-Key` to
    ask for it again.
    """
    key = repeat_key(request)
    told = uuid4().hex if key is None else request.headers[HEADER]
    request.scope[COMMAND] = told
    return key or f"{identity(request).principal}:{told}"


async def once(request: Request, mark: Operation, handle: Handle) -> Response:
    """The answer kept under the request's key, or that of `handle`, kept from now on.

    Refusals are not kept: nothing has happened, and the same request may succeed later.

    Raises:
        IdempotencyMismatch: the key stands for another request.
    """
    key = None if mark.repeat == "harmless" else repeat_key(request)
    if key is None:
        return await handle(request)
    asked, who = services(request), identity(request)
    alone: AbstractAsyncContextManager[None] = nullcontext()
    if mark.repeat == "stored":
        alone = asked.idempotency.alone(who.tenant, key)
    async with alone:
        found = await asked.idempotency.reserve(who.tenant, key, await _fingerprint(request, who), entity_id=_NO_ENTITY)
        if found.status is not None:
            return _replayed(asked, who, key, found.status, found.response)
        response = await handle(request)
        if _is_final(response):
            await asked.idempotency.complete(
                who.tenant, key, response.status_code, _kept(asked, who, key, response, mark)
            )
        return response


async def _fingerprint(request: Request, who: Identity) -> str:
    told = hashlib.sha256()
    for part in (who.principal, request.method, request.url.path, request.url.query):
        told.update(part.encode() + b"\0")
    told.update(_hashable(await request.body()))
    return told.hexdigest()


def _hashable(body: bytes) -> bytes:
    """The body without a password: what is kept of a request must not help anybody to guess one."""
    if FIELD.encode() not in body:
        return body
    try:
        return json.dumps(without_password(json.loads(body)), sort_keys=True).encode()
    except ValueError:
        return b"not JSON"


def _is_final(response: Response) -> bool:
    return 200 <= response.status_code < 300 and response.status_code != 202


def _kept(asked: Services, who: Identity, key: str, response: Response, mark: Operation) -> dict[str, Any]:
    """An answer that shows a secret once shows it again to the same request, so it is kept sealed."""
    body = bytes(response.body).decode()
    if mark.shows_secret:
        return {"sealed": b64encode(asked.secret_box.seal(body, _place(who, key))).decode()}
    return {"body": json.loads(body) if body else None, "location": response.headers.get("location")}


def _replayed(asked: Services, who: Identity, key: str, status: int, kept: dict[str, Any]) -> Response:
    headers = {REPLAYED: "true"}
    if "sealed" in kept:
        body = asked.secret_box.open(b64decode(kept["sealed"]), _place(who, key))
        return Response(body, status, headers=headers, media_type="application/json")
    if kept.get("location"):
        headers["Location"] = kept["location"]
    if kept["body"] is None:
        return Response(status_code=status, headers=headers)
    return JSONResponse(kept["body"], status, headers=headers)


def _place(who: Identity, key: str) -> str:
    return f"idempotency/{who.tenant}/{key}"
