"""Log-in and sessions, as kpi-platform.md has them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response

from activities.services.accounts import Session
from api.auth.identity import Identity
from api.contract import Contract
from api.contracts.kpi import examples
from api.contracts.kpi.errors import KpiError, KpiRoute, envelope
from api.contracts.kpi.schemas import Credentials, LoginAnswer, LogOut, Refresh, TokenPair, UserView
from api.contracts.kpi.translate import claims, token_pair, user_view
from api.deps import Asked, From, Services, Who
from api.operation import operation
from workflows.domain.errors import LockedOut, NotAllowed, NotAuthenticated

router = APIRouter(prefix="/api/v1/auth", route_class=KpiRoute)

_WRONG = NotAuthenticated("The user name or the password is wrong")
_LOCKED = LockedOut("Too many failed log-ins; try again later", details={"retry_after_s": 900})
_SPENT = NotAuthenticated("The refresh token is not valid any more")


@router.post("/login", response_model=LoginAnswer)
@operation(public=True, repeat="harmless", request=examples.LOGIN, response=examples.SESSION, errors=(_WRONG, _LOCKED))
async def log_in(credentials: Credentials, request: Request, asked: Asked, origin: From) -> dict[str, Any]:
    """Log in with user name and password.

    The organization is the one in the body, else the one that the host names (`{slug}.example.com`), else the only
    one that has the user name.

    After five failures in a row the account is locked for 15 minutes; the answer is then 429 with `Retry-After`,
    whether the password is right or not.
    """
    tenant = credentials.tenant or await asked.hosts.tenant(request)
    session = await asked.accounts.log_in(credentials.username, credentials.password, tenant=tenant, origin=origin)
    return _pair(asked, session) | {"user": user_view(session.user)}


@router.post("/refresh", response_model=TokenPair)
@operation(public=True, repeat="harmless", request=examples.REFRESH, response=examples.TOKENS, errors=(_SPENT,))
async def refresh(body: Refresh, asked: Asked, origin: From) -> dict[str, Any]:
    """Exchange a refresh token for a new access token and the next refresh token.

    A refresh token is for one use. One that comes a second time was copied: its whole session ends, and its user
    has to log in again.
    """
    return _pair(asked, await asked.accounts.refresh(body.refresh_token, origin=origin))


@router.post("/logout", status_code=204, response_class=Response)
@operation(repeat="harmless", request=examples.LOG_OUT, errors=(NotAllowed("An API key has no session to end"),))
async def log_out(who: Who, asked: Asked, origin: From, body: Annotated[LogOut | None, Body()] = None) -> None:
    """End the session of a refresh token, or all sessions of the caller."""
    user_id = _person(who)
    token = body.refresh_token if body else None
    await asked.accounts.log_out(who.tenant, user_id, token, origin=origin)


@router.get("/me", response_model=UserView)
@operation(response=examples.USER, errors=(NotAllowed("An API key is no user"),))
async def me(who: Who, asked: Asked) -> dict[str, Any]:
    """The current user, as the store has it now."""
    user = await asked.accounts.find(who.tenant, _person(who))
    if user is None:
        raise NotAuthenticated("The account does not exist any more")
    return user_view(user)


def _pair(asked: Services, session: Session) -> dict[str, Any]:
    access_token = asked.access_tokens.issue(claims(session.user, session.family))
    return token_pair(access_token, asked.access_tokens.lifetime_s, session)


def _person(who: Identity) -> int:
    if who.scope is not None or who.actor.id is None:
        raise NotAllowed("An API key has no session")
    return who.actor.id


CONTRACT = Contract(
    name="kpi",
    title="KPI platform",
    description="Log-in and sessions of the Manufacturing KPI Platform contract.",
    router=router,
    envelope=envelope,
    error_model=KpiError,
    prefixes=("/api/v1/auth",),
)
