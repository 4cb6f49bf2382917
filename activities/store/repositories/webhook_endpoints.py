"""SQL of webhook endpoints. Secrets come and go sealed; deleted endpoints stay as rows for their deliveries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.tables import webhook_endpoints
from activities.webhooks.health import Health

_t = webhook_endpoints.c


@dataclass(frozen=True, slots=True)
class Endpoint:
    id: int
    url: str
    description: str
    events: tuple[str, ...]
    """Event names, `order.*` or `*`."""
    secret: bytes
    """Sealed, as the previous one."""
    previous_secret: bytes | None
    previous_secret_until: dt.datetime | None
    health: Health
    last_success_at: dt.datetime | None
    owner: str | None
    created_by: str | None
    created_at: dt.datetime
    updated_at: dt.datetime


async def add(connection: AsyncConnection, tenant: str, values: dict[str, Any]) -> Endpoint:
    statement = insert(webhook_endpoints).values(tenant_id=tenant, **values)
    return await _one(connection, statement.returning(webhook_endpoints))


async def get(
    connection: AsyncConnection, tenant: str, endpoint_id: int, *, for_update: bool = False
) -> Endpoint | None:
    """The endpoint unless it is deleted. `for_update`: nobody else changes it until the transaction ends; new
    deliveries may refer to it all the same."""
    query = select(webhook_endpoints).where(_t.tenant_id == tenant, _t.id == endpoint_id, _t.deleted_at.is_(None))
    row = (await connection.execute(query.with_for_update(key_share=True) if for_update else query)).one_or_none()
    return None if row is None else _endpoint(row)


async def page(connection: AsyncConnection, tenant: str, *, limit: int, offset: int) -> tuple[list[Endpoint], int]:
    """A page in the order of creation, and the number of all."""
    mine = (_t.tenant_id == tenant, _t.deleted_at.is_(None))
    rows = await connection.execute(select(webhook_endpoints).where(*mine).order_by(_t.id).limit(limit).offset(offset))
    total = await connection.execute(select(func.count()).select_from(webhook_endpoints).where(*mine))
    return [_endpoint(row) for row in rows], int(total.scalar_one())


async def count(connection: AsyncConnection, tenant: str) -> int:
    query = select(func.count()).select_from(webhook_endpoints)
    return int((await connection.execute(query.where(_t.tenant_id == tenant, _t.deleted_at.is_(None)))).scalar_one())


async def change(connection: AsyncConnection, tenant: str, endpoint_id: int, values: dict[str, Any]) -> Endpoint:
    """Writes the given columns; the endpoint exists."""
    statement = update(webhook_endpoints).where(_t.tenant_id == tenant, _t.id == endpoint_id)
    return await _one(connection, statement.values(**values, updated_at=func.now()).returning(webhook_endpoints))


async def set_health(connection: AsyncConnection, tenant: str, endpoint_id: int, health: Health) -> None:
    await change(connection, tenant, endpoint_id, health_columns(health))


def health_columns(health: Health) -> dict[str, Any]:
    return {
        "status": health.status,
        "status_reason": health.reason,
        "failures": health.failures,
        "failing_since": health.failing_since,
    }


async def listening(connection: AsyncConnection, tenants: Sequence[str]) -> dict[str, list[Endpoint]]:
    """Endpoints that take deliveries now, by tenant. For the system role, which sees all tenants."""
    rows = await connection.execute(
        select(webhook_endpoints)
        .where(_t.tenant_id.in_(tenants), _t.deleted_at.is_(None), _t.status != "disabled")
        .order_by(_t.id)
    )
    found: dict[str, list[Endpoint]] = {tenant: [] for tenant in tenants}
    for row in rows:
        found[row.tenant_id].append(_endpoint(row))
    return found


async def _one(connection: AsyncConnection, statement: Any) -> Endpoint:
    return _endpoint((await connection.execute(statement)).one())


def _endpoint(row: Row[Any]) -> Endpoint:
    return Endpoint(
        id=row.id,
        url=row.url,
        description=row.description,
        events=tuple(row.events),
        secret=row.secret,
        previous_secret=row.previous_secret,
        previous_secret_until=row.previous_secret_until,
        health=Health(row.status, row.status_reason, row.failures, row.failing_since),
        last_success_at=row.last_success_at,
        owner=row.owner,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
