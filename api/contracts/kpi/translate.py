"""Between accounts and the shapes of the KPI contract."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from activities.services.accounts import Session, User
from workflows.domain.policy import kpi_role


def user_code(user_id: int) -> str:
    """The user's id as this contract writes it: USR-002."""
    return f"USR-{user_id:03d}"


def user_view(user: User) -> dict[str, Any]:
    return {
        "user_id": user_code(user.id),
        "username": user.username,
        "full_name": user.name,
        "role": kpi_role(user.roles),
        "client_id": user.client_id,
    }


def claims(user: User, session: UUID | None = None) -> dict[str, Any]:
    """The six stated claims (exp and iat come from the signer) and ours beside them."""
    view = user_view(user)
    named = {} if session is None else {"sid": str(session)}
    return named | {
        "sub": view["user_id"],
        "username": user.username,
        "role": view["role"],
        "client_id": user.client_id,
        "tenant": user.tenant,
        "uid": user.id,
        "name": user.name,
        "roles": list(user.roles),
        "groups": list(user.groups),
    }


def token_pair(access_token: str, expires_in: int, session: Session) -> dict[str, Any]:
    return {
        "access_token": access_token,
        "token_type": "bearer",
        "expires_in": expires_in,
        "refresh_token": session.refresh_token,
        "refresh_expires_in": session.refresh_expires_in,
    }
