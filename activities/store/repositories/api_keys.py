"""SQL of API keys. A regenerated key is a new row; the one it replaces works on until its overlap ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.tables import api_keys, tenants

_t = api_keys.c


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: int
    tenant: str
    name: str
    prefix: str
    scope: str
    roles: tuple[str, ...]
    allowed_ips: tuple[str, ...]
    """Networks in CIDR form; empty: from anywhere."""
    owner_id: int | None
    created_at: dt.datetime
    expires_at: dt.datetime | None
    """The earlier of its own expiry and the end of the overlap with its successor."""
    last_used_at: dt.datetime | None
    revoked_at: dt.datetime | None
    replaced: bool
    """It has been regenerated and works only until the overlap ends."""

    @property
    def username(self) -> str:
        """How the key is named where people are named by user name; no user name has a colon."""
        return f"key:{self.prefix}"


_KEY = (
    _t.id,
    _t.tenant_id,
    _t.name,
    _t.prefix,
    _t.scopes,
    _t.roles,
    _t.allowed_ips,
    _t.owner_id,
    _t.created_at,
    func.least(_t.expires_at, _t.overlap_until).label("expires_at"),
    _t.last_used_at,
    _t.revoked_at,
    _t.overlap_until.is_not(None).label("replaced"),
)


async def by_prefix(connection: AsyncConnection, prefix: str) -> tuple[ApiKey, str] | None:
    """The key and the hash of its secret, for the system role: who shows a key has no tenant yet.

    Revoked and expired keys are found too; those of a disabled tenant are not.
    """
    query = (
        select(*_KEY, _t.key_hash)
        .select_from(api_keys.join(tenants, tenants.c.tenant_id == _t.tenant_id))
        .where(_t.prefix == prefix, tenants.c.disabled_at.is_(None))
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else (_key(row), row.key_hash)


async def get(connection: AsyncConnection, tenant: str, key_id: int, *, for_update: bool = False) -> ApiKey | None:
    query = select(*_KEY).where(_t.tenant_id == tenant, _t.id == key_id)
    row = (await connection.execute(query.with_for_update() if for_update else query)).one_or_none()
    return None if row is None else _key(row)


async def page(connection: AsyncConnection, tenant: str, *, limit: int, offset: int) -> tuple[list[ApiKey], int]:
    """A page, youngest first, and the number of all."""
    rows = await connection.execute(
        select(*_KEY).where(_t.tenant_id == tenant).order_by(_t.id.desc()).limit(limit).offset(offset)
    )
    total = await connection.execute(select(func.count()).select_from(api_keys).where(_t.tenant_id == tenant))
    return [_key(row) for row in rows], int(total.scalar_one())


async def add(
    connection: AsyncConnection, tenant: str, *, prefix: str, key_hash: str, values: dict[str, Any]
) -> ApiKey:
    """`values`: columns of the table, with `scope` as one word."""
    columns = _columns(values) | {"tenant_id": tenant, "prefix": prefix, "key_hash": key_hash}
    return _key((await connection.execute(insert(api_keys).values(**columns).returning(*_KEY))).one())


async def change(connection: AsyncConnection, tenant: str, key_id: int, values: dict[str, Any]) -> ApiKey:
    """Writes the given columns; the key exists."""
    statement = update(api_keys).where(_t.tenant_id == tenant, _t.id == key_id).values(**_columns(values))
    return _key((await connection.execute(statement.returning(*_KEY))).one())


async def revoke(connection: AsyncConnection, tenant: str, key_id: int, now: dt.datetime) -> None:
    """Revokes the key and, transitively, the keys it replaced."""
    chain = select(_t.id, _t.replaces_id).where(_t.tenant_id == tenant, _t.id == key_id).cte(recursive=True)
    older = select(_t.id, _t.replaces_id).where(_t.tenant_id == tenant, _t.id == chain.c.replaces_id)
    chain = chain.union_all(older)
    statement = update(api_keys).where(_t.tenant_id == tenant, _t.id.in_(select(chain.c.id)), _t.revoked_at.is_(None))
    await connection.execute(statement.values(revoked_at=now))


async def note_use(
    connection: AsyncConnection,
    tenant: str,
    key_id: int,
    *,
    now: dt.datetime,
    ip: str | None,
    at_most_every: dt.timedelta,
) -> None:
    """One write per interval, however busy the key is."""
    due = or_(_t.last_used_at.is_(None), _t.last_used_at < now - at_most_every)
    statement = update(api_keys).where(_t.tenant_id == tenant, _t.id == key_id, due)
    await connection.execute(statement.values(last_used_at=now, last_used_ip=ip))


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    columns = dict(values)
    if "scope" in columns:
        columns["scopes"] = [columns.pop("scope")]
    for name in ("roles", "allowed_ips"):
        if isinstance(columns.get(name), Sequence):
            columns[name] = list(columns[name])
    return columns


def _key(row: Any) -> ApiKey:
    return ApiKey(
        id=row.id,
        tenant=row.tenant_id,
        name=row.name,
        prefix=row.prefix,
        scope=row.scopes[0] if row.scopes else "read-only",
        roles=tuple(row.roles),
        allowed_ips=tuple(str(network) for network in row.allowed_ips),
        owner_id=row.owner_id,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        replaced=row.replaced,
    )
