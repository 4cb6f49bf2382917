"""SQL of what people are certified for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.repositories.rows import columns, records
from activities.store.tables import certificates

_s = certificates.c


@dataclass(frozen=True, slots=True)
class Certificate:
    id: int
    username: str
    skill: str
    valid_from: dt.datetime
    valid_until: dt.datetime | None
    """None: for good."""
    certificate: str | None
    """Number of the paper."""
    recorded_by: str
    recorded_at: dt.datetime
    revoked_at: dt.datetime | None
    revoked_by: str | None
    revoke_reason: str | None


_COLUMNS = columns(certificates, Certificate)


async def add(connection: AsyncConnection, tenant: str, values: dict[str, Any]) -> Certificate:
    statement = insert(certificates).values(tenant_id=tenant, **values).returning(*_COLUMNS)
    return records(Certificate, await connection.execute(statement))[0]


async def get(connection: AsyncConnection, tenant: str, certificate_id: int) -> Certificate | None:
    query = select(*_COLUMNS).where(_s.tenant_id == tenant, _s.id == certificate_id).with_for_update()
    return next(iter(records(Certificate, await connection.execute(query))), None)


async def listed(
    connection: AsyncConnection, tenant: str, *, username: str | None, skill: str | None, limit: int, offset: int
) -> list[Certificate]:
    """By person and skill, the one that lasts longest first; revoked and expired ones too."""
    query = select(*_COLUMNS).where(_s.tenant_id == tenant)
    if username is not None:
        query = query.where(func.lower(_s.username) == username.lower())
    if skill is not None:
        query = query.where(_s.skill == skill)
    order = (func.lower(_s.username), _s.skill, _s.valid_until.desc().nulls_first(), _s.id)
    return records(Certificate, await connection.execute(query.order_by(*order).limit(limit).offset(offset)))


async def revoke(
    connection: AsyncConnection, tenant: str, certificate_id: int, *, at: dt.datetime, by: str, reason: str
) -> None:
    statement = update(certificates).where(_s.tenant_id == tenant, _s.id == certificate_id)
    await connection.execute(statement.values(revoked_at=at, revoked_by=by, revoke_reason=reason))
