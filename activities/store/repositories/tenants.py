"""SQL of tenants and of the people they begin with. Called by the system role."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.tables import tenants, users


async def add(connection: AsyncConnection, tenant: str, name: str, time_zone: str) -> bool:
    """False when the key is taken."""
    query = insert(tenants).values(tenant_id=tenant, name=name, time_zone=time_zone).on_conflict_do_nothing()
    return (await connection.execute(query.returning(tenants.c.tenant_id))).one_or_none() is not None


async def add_user(connection: AsyncConnection, tenant: str, values: Mapping[str, Any]) -> int:
    """The id of a new user; the name must be free in the tenant."""
    query = insert(users).values(tenant_id=tenant, **values).returning(users.c.id)
    return int((await connection.execute(query)).scalar_one())


async def exists(connection: AsyncConnection, tenant: str) -> bool:
    return (
        await connection.execute(select(tenants.c.tenant_id).where(tenants.c.tenant_id == tenant))
    ).first() is not None


async def is_open(connection: AsyncConnection, tenant: str) -> bool:
    """Whether the tenant exists and is not disabled."""
    query = select(tenants.c.tenant_id).where(tenants.c.tenant_id == tenant, tenants.c.disabled_at.is_(None))
    return (await connection.execute(query)).first() is not None


async def disable(connection: AsyncConnection, tenant: str, at: dt.datetime | None) -> bool:
    """Close a tenant's log-ins and keys, or with None open them again; False when there is no such tenant."""
    query = update(tenants).where(tenants.c.tenant_id == tenant).values(disabled_at=at)
    return (await connection.execute(query.returning(tenants.c.tenant_id))).one_or_none() is not None
