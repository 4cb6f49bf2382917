"""Who is asking, once the credential has been checked."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request

from workflows.domain import policy
from workflows.domain.errors import NotAuthenticated
from workflows.domain.policy import Permission
from workflows.engine.events import Actor


@dataclass(frozen=True, slots=True)
class Identity:
    """A person or an API key of one tenant."""

    tenant: str
    actor: Actor
    scope: str | None = None
    """Scope of the API key; None for a person."""
    allowed_ips: tuple[str, ...] = ()
    """Networks the API key may be used from; empty: everywhere."""
    session: UUID | None = None
    """The log-in of a person; signatures continue within it."""

    @property
    def principal(self) -> str:
        """Unique per tenant; separates the idempotency keys of different callers."""
        return self.actor.username

    def may(self, permission: Permission) -> bool:
        return policy.may(permission, roles=self.actor.roles, scope=self.scope)

    def require(self, permission: Permission) -> None:
        """Raises NotAllowed."""
        policy.require(permission, roles=self.actor.roles, scope=self.scope)


def identity(request: Request) -> Identity:
    """The caller of a route that is not public; such a route has authenticated before its handler runs."""
    found = request.scope.get("identity")
    if not isinstance(found, Identity):
        raise NotAuthenticated("This request needs a credential")
    return found
