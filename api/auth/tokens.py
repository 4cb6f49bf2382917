"""Access tokens: JWT HS256 with the claims of the KPI contract and ours beside them.

Refresh tokens are opaque and live in the store, so one kind can never pass for the other. What a token says about
roles is for clients to read; who the caller is now is asked of the store on every request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import OctKey

from workflows.domain.errors import NotAuthenticated

LIFETIME_S = 3600
"""exp - iat as the KPI contract has it."""
_HEADER = {"alg": "HS256", "typ": "JWT"}
_LONGEST = 8192
_LEAST_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Subject:
    """Who a token speaks of: enough to find the account, nothing to decide by."""

    tenant: str
    user_id: int
    session: UUID | None = None
    """Family of the refresh tokens of the log-in."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class AccessTokens:
    """Issues and reads access tokens.

    Args:
        keys: secrets of at least 32 bytes; the first signs, all verify, so that a key can be changed without
            signing everybody out.
        lifetime_s: exp - iat, in seconds.
    """

    def __init__(
        self, keys: Sequence[str], *, lifetime_s: int = LIFETIME_S, now: Callable[[], datetime] = utc_now
    ) -> None:
        if not keys or any(len(key.encode()) < _LEAST_KEY_BYTES for key in keys):
            raise ValueError(f"a token key needs at least {_LEAST_KEY_BYTES} bytes")
        self._keys = [OctKey.import_key(key) for key in keys]
        self.lifetime_s = lifetime_s
        self._now = now

    def issue(self, claims: dict[str, Any]) -> str:
        """Signs `claims` with `iat` now and `exp` a lifetime later; needs sub, tenant and uid among them."""
        issued = int(self._now().timestamp())
        complete = {**claims, "exp": issued + self.lifetime_s, "iat": issued}
        return jwt.encode(_HEADER, complete, self._keys[0], algorithms=["HS256"], default_type=None)

    def read(self, token: str) -> Subject:
        """
        Raises:
            NotAuthenticated: forged, expired, malformed, or not an access token of ours.
        """
        claims = self._verified(token)
        checks = jwt.JWTClaimsRegistry(
            now=int(self._now().timestamp()), exp={"essential": True}, iat={"essential": True}
        )
        try:
            checks.validate(claims)
        except ExpiredTokenError as expired:
            raise NotAuthenticated("The access token has expired", code="TOKEN_EXPIRED") from expired
        except JoseError as problem:
            raise _refused() from problem
        tenant, user_id = claims.get("tenant"), claims.get("uid")
        if not isinstance(tenant, str) or type(user_id) is not int or claims["exp"] - claims["iat"] > self.lifetime_s:
            raise _refused()
        return Subject(tenant, user_id, _session(claims.get("sid")))

    def _verified(self, token: str) -> dict[str, Any]:
        if len(token) > _LONGEST:
            raise _refused()
        for key in self._keys:
            try:
                return jwt.decode(token, key, algorithms=["HS256"]).claims
            except JoseError:
                continue
            except ValueError:
                # Not base64 or not UTF-8 somewhere inside: the library lets these through.
                break
        raise _refused()


def _session(claim: object) -> UUID | None:
    """None for a token of before sessions were named, which goes without what needs one."""
    try:
        return UUID(claim) if isinstance(claim, str) else None
    except ValueError:
        raise _refused() from None


def _refused() -> NotAuthenticated:
    return NotAuthenticated("The access token is not valid", code="TOKEN_INVALID")
