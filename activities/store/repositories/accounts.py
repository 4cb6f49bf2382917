"""SQL of users and their refresh tokens. Called by the system role: who logs in has no tenant yet."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.tables import refresh_tokens, tenants, users
from workflows.engine.events import Actor

_u = users.c
_r = refresh_tokens.c


@dataclass(frozen=True, slots=True)
class User:
    id: int
    tenant: str
    username: str
    name: str
    """For people: "QC Manager"."""
    email: str | None
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    active: bool
    """False also when the tenant is disabled."""

    @property
    def actor(self) -> Actor:
        return Actor(self.id, self.username, self.name, self.roles, self.groups)

    @property
    def client_id(self) -> str | None:
        """The client of the KPI contract, a data scope: the name of the first group `client:NAME`; None: all."""
        named = (group.removeprefix("client:") for group in self.groups if group.startswith("client:"))
        return next(named, None)


@dataclass(frozen=True, slots=True)
class LogIn:
    """A user with what only the log-in may see."""

    user: User
    password_hash: str | None
    locked_until: dt.datetime | None


@dataclass(frozen=True, slots=True)
class RefreshToken:
    id: int
    tenant: str
    user_id: int
    family: UUID
    expires_at: dt.datetime
    used_at: dt.datetime | None
    revoked_at: dt.datetime | None


_USER = (
    _u.id,
    _u.tenant_id,
    _u.username,
    _u.full_name,
    _u.email,
    _u.roles,
    _u.groups,
    (_u.active & tenants.c.disabled_at.is_(None)).label("active"),
)
_WITH_TENANT = users.join(tenants, tenants.c.tenant_id == _u.tenant_id)


async def by_id(connection: AsyncConnection, tenant: str, user_id: int) -> User | None:
    query = select(*_USER).select_from(_WITH_TENANT).where(_u.tenant_id == tenant, _u.id == user_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _user(row)


async def by_username(connection: AsyncConnection, tenant: str, username: str) -> User | None:
    """User names are equal without regard to case."""
    same = func.lower(_u.username) == func.lower(username)
    query = select(*_USER).select_from(_WITH_TENANT).where(_u.tenant_id == tenant, same)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _user(row)


async def holders(connection: AsyncConnection, tenant: str, role: str, *, limit: int) -> list[User]:
    """The first active users that have `role`, oldest first."""
    query = (
        select(*_USER)
        .select_from(_WITH_TENANT)
        .where(_u.tenant_id == tenant, _u.active, literal(role) == func.any(_u.roles))
        .order_by(_u.id)
        .limit(limit)
    )
    return [_user(row) for row in await connection.execute(query)]


async def log_ins(connection: AsyncConnection, username: str, tenant: str | None) -> list[LogIn]:
    """Everybody of that name, in one tenant or (None) in all; two suffice to know that a name is not unique."""
    query = (
        select(*_USER, _u.password_hash, _u.locked_until)
        .select_from(_WITH_TENANT)
        .where(func.lower(_u.username) == func.lower(username))
        .order_by(_u.id)
        .limit(2)
    )
    rows = await connection.execute(query if tenant is None else query.where(_u.tenant_id == tenant))
    return [LogIn(_user(row), row.password_hash, row.locked_until) for row in rows]


async def log_in_of(connection: AsyncConnection, tenant: str, user_id: int) -> LogIn | None:
    """One user with what only the log-in may see."""
    query = select(*_USER, _u.password_hash, _u.locked_until).select_from(_WITH_TENANT)
    row = (await connection.execute(query.where(_u.tenant_id == tenant, _u.id == user_id))).one_or_none()
    return None if row is None else LogIn(_user(row), row.password_hash, row.locked_until)


async def forget_failures(connection: AsyncConnection, user_id: int, *, new_hash: str | None) -> None:
    """After the right password; `new_hash` as in `note_log_in`."""
    changed: dict[str, Any] = {"failed_logins": 0, "locked_until": None}
    if new_hash is not None:
        changed["password_hash"] = new_hash
    await connection.execute(update(users).where(_u.id == user_id).values(**changed))


async def count_failure(
    connection: AsyncConnection, user_id: int, *, now: dt.datetime, limit: int, lock: dt.timedelta
) -> dt.datetime | None:
    """Counts one more failed log-in; the `limit`-th in a row locks. Gives the time until which it is locked."""
    over = _u.locked_until.is_not(None) & (_u.locked_until <= now)
    failures = case((over, 1), else_=_u.failed_logins + 1)
    statement = (
        update(users)
        .where(_u.id == user_id)
        .values(failed_logins=failures, locked_until=case((failures >= limit, now + lock), else_=None))
        .returning(_u.locked_until)
    )
    until: dt.datetime | None = (await connection.execute(statement)).scalar_one()
    return until


async def note_log_in(connection: AsyncConnection, user_id: int, *, now: dt.datetime, new_hash: str | None) -> None:
    """Forgets the failures; `new_hash` replaces a hash made with older parameters."""
    changed: dict[str, Any] = {"failed_logins": 0, "locked_until": None, "last_login_at": now}
    if new_hash is not None:
        changed["password_hash"] = new_hash
    await connection.execute(update(users).where(_u.id == user_id).values(**changed))


async def add_refresh_token(
    connection: AsyncConnection,
    user: User,
    *,
    token_hash: str,
    family: UUID,
    issued_at: dt.datetime,
    expires_at: dt.datetime,
) -> None:
    row = {
        "tenant_id": user.tenant,
        "user_id": user.id,
        "token_hash": token_hash,
        "family": family,
        "issued_at": issued_at,
        "expires_at": expires_at,
    }
    await connection.execute(insert(refresh_tokens).values(**row))


async def refresh_token_for_update(connection: AsyncConnection, token_hash: str) -> RefreshToken | None:
    """Of two requests with the same token one waits here until the other has used it."""
    query = select(_r.id, _r.tenant_id, _r.user_id, _r.family, _r.expires_at, _r.used_at, _r.revoked_at).where(
        _r.token_hash == token_hash
    )
    row = (await connection.execute(query.with_for_update())).one_or_none()
    return None if row is None else RefreshToken(*row)


async def mark_used(connection: AsyncConnection, token_id: int, now: dt.datetime) -> None:
    await connection.execute(update(refresh_tokens).where(_r.id == token_id).values(used_at=now))


async def revoke_family(connection: AsyncConnection, family: UUID, now: dt.datetime) -> None:
    """Ends the session: every token that followed from one log-in."""
    statement = update(refresh_tokens).where(_r.family == family, _r.revoked_at.is_(None)).values(revoked_at=now)
    await connection.execute(statement)


async def revoke_all(connection: AsyncConnection, user_id: int, now: dt.datetime) -> None:
    statement = update(refresh_tokens).where(_r.user_id == user_id, _r.revoked_at.is_(None)).values(revoked_at=now)
    await connection.execute(statement)


def _user(row: Any) -> User:
    return User(
        id=row.id,
        tenant=row.tenant_id,
        username=row.username,
        name=row.full_name,
        email=row.email,
        roles=tuple(row.roles),
        groups=tuple(row.groups),
        active=row.active,
    )
