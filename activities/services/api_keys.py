"""API keys: `jdk_<prefix>_<secret>`. The prefix finds the key, the secret proves it and is shown exactly once.

The secret has 256 random bits, so a plain SHA-256 keeps it: there is nothing to guess that a slow hash would slow.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.services.origin import Origin
from activities.store.database import Database
from activities.store.repositories import api_keys, audit
from activities.store.repositories.api_keys import ApiKey
from workflows.domain.errors import Conflict, InvalidInput, NotAuthenticated, NotFound
from workflows.domain.policy import SCOPES
from workflows.engine.events import Actor

__all__ = ["KEY_MARK", "ApiKey", "ApiKeys"]

KEY_MARK = "jdk_"
_USE_EVERY = dt.timedelta(minutes=1)
_LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LONGEST = 200
_ENTITY = "api_key"


class ApiKeys:
    """One per process. What is managed here is allowed by the caller's policy check; it is recorded here."""

    def __init__(self, database: Database, *, now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)) -> None:
        self._database = database
        self._now = now
        self._used: dict[int, dt.datetime] = {}
        self._refused: dict[int, dt.datetime] = {}

    async def authenticate(self, text: str, origin: Origin) -> ApiKey | None:
        """The key of this text, if it is good now. That somebody uses one which is not any more goes on record."""
        prefix, separator, secret = text.removeprefix(KEY_MARK).partition("_")
        if not text.startswith(KEY_MARK) or not separator or len(text) > _LONGEST or not text.isascii():
            return None
        async with self._database.system() as connection:
            found = await api_keys.by_prefix(connection, prefix)
        key, known_hash = found or (None, _hash(""))
        right = hmac.compare_digest(_hash(secret), known_hash)
        if key is None or not right:
            return None
        if self._good(key):
            return key
        await self._note_refusal(key, origin)
        return None

    async def note_use(self, tenant: str, key_id: int, origin: Origin) -> None:
        """Remembers when and from where the key was used; one write a minute, however busy it is."""
        now = self._now()
        if not self._is_due(self._used, key_id):
            return
        async with self._database.transaction(tenant) as connection:
            await api_keys.note_use(connection, tenant, key_id, now=now, ip=origin.ip, at_most_every=_USE_EVERY)

    async def create(
        self,
        tenant: str,
        *,
        name: str,
        scope: str,
        roles: list[str],
        allowed_ips: list[str],
        expires_at: dt.datetime | None,
        actor: Actor,
        origin: Origin,
    ) -> tuple[ApiKey, str]:
        """The key and its text, which nobody can show again.

        Raises:
            InvalidInput: unknown scope, or an expiry that has passed.
        """
        _demand_scope(scope)
        if expires_at is not None and expires_at <= self._now():
            raise _invalid("expires_at", expires_at.isoformat(), "must be in the future")
        values = {
            "name": name,
            "scope": scope,
            "roles": roles,
            "allowed_ips": allowed_ips,
            "expires_at": expires_at,
            "owner_id": _owner(actor),
        }
        async with self._database.transaction(tenant) as connection:
            key, text = await self._issued(connection, tenant, values)
            await _record(connection, "create", key, actor, origin, after=_view(key))
        return key, text

    async def page(self, tenant: str, *, limit: int, offset: int) -> tuple[list[ApiKey], int]:
        async with self._database.transaction(tenant) as connection:
            return await api_keys.page(connection, tenant, limit=limit, offset=offset)

    async def get(self, tenant: str, key_id: int) -> ApiKey:
        """Raises NotFound."""
        async with self._database.transaction(tenant) as connection:
            return _found(await api_keys.get(connection, tenant, key_id), key_id)

    async def change(
        self, tenant: str, key_id: int, changes: dict[str, Any], *, actor: Actor, origin: Origin
    ) -> ApiKey:
        """`changes`: any of name, scope, roles, allowed_ips. Raises NotFound, Conflict (revoked), InvalidInput."""
        if "scope" in changes:
            _demand_scope(changes["scope"])
        async with self._database.transaction(tenant) as connection:
            before = _found(await api_keys.get(connection, tenant, key_id, for_update=True), key_id)
            _demand_not_revoked(before)
            if not changes:
                return before
            after = await api_keys.change(connection, tenant, key_id, changes)
            await _record(connection, "update", after, actor, origin, before=_view(before), after=_view(after))
        return after

    async def regenerate(
        self, tenant: str, key_id: int, *, overlap: dt.timedelta, actor: Actor, origin: Origin
    ) -> tuple[ApiKey, str]:
        """A new key with the properties of the old one, which works on for `overlap`.

        Raises:
            NotFound.
            Conflict: the key is revoked, expired, or has been regenerated already.
        """
        async with self._database.transaction(tenant) as connection:
            old = _found(await api_keys.get(connection, tenant, key_id, for_update=True), key_id)
            _demand_not_revoked(old)
            if old.replaced:
                raise Conflict("The API key has been regenerated already")
            if not self._good(old):
                raise Conflict("The API key has expired")
            values = {
                "name": old.name,
                "scope": old.scope,
                "roles": old.roles,
                "allowed_ips": old.allowed_ips,
                "owner_id": old.owner_id,
                "expires_at": old.expires_at,
                "replaces_id": old.id,
            }
            key, text = await self._issued(connection, tenant, values)
            ends = self._now() + overlap
            await api_keys.change(connection, tenant, old.id, {"overlap_until": ends})
            after = _view(key) | {"replaces": str(old.id), "overlap_until": ends.isoformat()}
            await _record(connection, "regenerate", key, actor, origin, before=_view(old), after=after)
        return key, text

    async def revoke(self, tenant: str, key_id: int, *, actor: Actor, origin: Origin) -> None:
        """At once, together with the keys it replaced. Revoking twice is once. Raises NotFound."""
        async with self._database.transaction(tenant) as connection:
            key = _found(await api_keys.get(connection, tenant, key_id, for_update=True), key_id)
            if key.revoked_at is not None:
                return
            await api_keys.revoke(connection, tenant, key_id, self._now())
            await _record(connection, "revoke", key, actor, origin, before=_view(key))

    async def _issued(self, connection: AsyncConnection, tenant: str, values: dict[str, Any]) -> tuple[ApiKey, str]:
        prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        key = await api_keys.add(connection, tenant, prefix=prefix, key_hash=_hash(secret), values=values)
        return key, f"{KEY_MARK}{prefix}_{secret}"

    async def _note_refusal(self, key: ApiKey, origin: Origin) -> None:
        """One entry a minute: whoever holds a dead key must not be able to fill the trail."""
        if not self._is_due(self._refused, key.id):
            return
        actor = Actor(key.id, key.username, key.name, key.roles, kind="api_key")
        refused = NotAuthenticated("the key is revoked or has expired", code="KEY_NOT_VALID")
        entry = origin.entry("api_key.use", actor, (_ENTITY, str(key.id)), refused=refused)
        async with self._database.transaction(key.tenant) as connection:
            await audit.append(connection, key.tenant, entry)

    def _is_due(self, noted: dict[int, dt.datetime], key_id: int) -> bool:
        now = self._now()
        due = now - noted.get(key_id, _LONG_AGO) >= _USE_EVERY
        if due:
            noted[key_id] = now
        return due

    def _good(self, key: ApiKey) -> bool:
        return key.revoked_at is None and (key.expires_at is None or key.expires_at > self._now())


async def _record(
    connection: AsyncConnection,
    deed: str,
    key: ApiKey,
    actor: Actor,
    origin: Origin,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    entry = origin.entry(f"{_ENTITY}.{deed}", actor, (_ENTITY, str(key.id)), before=before, after=after)
    await audit.append(connection, key.tenant, entry)


def _view(key: ApiKey) -> dict[str, Any]:
    """What the audit trail keeps of a key; no hash."""
    return {
        "name": key.name,
        "prefix": key.prefix,
        "scope": key.scope,
        "roles": list(key.roles),
        "allowed_ips": list(key.allowed_ips),
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
    }


def _owner(actor: Actor) -> int | None:
    return actor.id if actor.kind == "user" else None


def _found(key: ApiKey | None, key_id: int) -> ApiKey:
    if key is None:
        raise NotFound(f"There is no API key {key_id}")
    return key


def _demand_not_revoked(key: ApiKey) -> None:
    if key.revoked_at is not None:
        raise Conflict("The API key has been revoked")


def _demand_scope(scope: str) -> None:
    if scope not in SCOPES:
        raise _invalid("scope", scope, f"must be one of {', '.join(SCOPES)}")


def _invalid(field: str, value: str, constraint: str) -> InvalidInput:
    return InvalidInput(
        f"{field} {constraint}", violations=[{"field": field, "value": value, "constraint": constraint}]
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
