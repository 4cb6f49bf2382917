"""A contract: one REST surface with its own error form, and the route class that holds all of them to the same rules.

Every request of every contract passes the class that `route_class` makes: bounded body, credential, permission, repeat
of a POST, one place where errors become answers and denied attempts are recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.auth.identity import Identity
from api.deps import origin, services
from api.errors import Envelope, answer, domain_error
from api.operation import Operation, operation_of
from api.repeats import once
from api.strict_request import StrictRequest
from workflows.domain.errors import InvalidInput, JidokaError, NotAllowed, RuleRefused, UnknownTransition

log = structlog.get_logger(__name__)

_DENIALS = (NotAllowed, RuleRefused, UnknownTransition)
"""Refusals that the audit trail keeps: not permitted, against a rule, not in this state."""

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True)
class Contract:
    """One REST surface, as the application mounts and describes it."""

    name: str
    title: str
    description: str
    router: APIRouter
    envelope: Envelope
    error_model: type[BaseModel]
    """The shape of `envelope`'s bodies, for the API description."""
    prefixes: tuple[str, ...]
    """Paths whose unknown parts answer in this contract's envelope."""


def route_class(envelope: Envelope) -> type[APIRoute]:
    """The route class of a contract that renders its errors by `envelope`."""

    class ContractRoute(APIRoute):
        def get_route_handler(self) -> Handler:
            mark = operation_of(self.endpoint)
            handle = super().get_route_handler()

            async def guarded(plain: Request) -> Response:
                request = StrictRequest(plain.scope, plain.receive, mark.limit)
                try:
                    return await _carried_out(request, mark, handle)
                except Exception as problem:  # every failure becomes an answer in the contract's form
                    await _record_denial(request, problem)
                    return answer(request, problem, envelope)

            return guarded

    return ContractRoute


async def _carried_out(request: StrictRequest, mark: Operation, handle: Handler) -> Response:
    _refuse_nul(request)
    if not mark.public:
        credentials = services(request).credentials
        came_from = origin(request)
        found = request.scope["identity"] = await credentials.identity(request, came_from)
        await credentials.admit(request, found, came_from)
        if mark.permission is not None:
            found.require(mark.permission)
    return await (once(request, mark, handle) if request.method == "POST" else handle(request))


def _refuse_nul(request: Request) -> None:
    """PostgreSQL has no text with NUL in it; no name of ours has one either."""
    if "\x00" in request.url.path or "%00" in request.url.query or "\x00" in request.url.query:
        raise InvalidInput("The address contains a NUL character")


async def _record_denial(request: Request, problem: Exception) -> None:
    """Puts a denied attempt of a known caller on record; that it could not be done must not change the answer."""
    error, found = domain_error(problem), request.scope.get("identity")
    if not isinstance(error, _DENIALS) or not isinstance(found, Identity):
        return
    route = request.scope.get("route")
    entity_type, entity_id = (request.path_params.get(name) for name in ("entity_type", "entity_id"))
    entry = origin(request).entry(
        getattr(route, "name", request.method.lower()),
        found.actor,
        (entity_type, str(entity_id)) if entity_type and entity_id else None,
        after={"method": request.method, "path": request.url.path},
        refused=error,
    )
    try:
        await services(request).audit.record(found.tenant, entry)
    except JidokaError as away:
        log.error("denial_not_recorded", action=entry.action, username=entry.username, reason=away.message)
