"""Failed attempts of effects. Temporal's history shows only how the last one ended; people want to see them all."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.repositories.rows import columns, records
from activities.store.tables import effect_attempts
from workflows.domain.records import AttemptEntry

_a = effect_attempts.c


async def add(
    connection: AsyncConnection,
    tenant: str,
    process: str,
    entity_id: int,
    *,
    effect: str,
    action: str,
    attempt: int,
    error: dict[str, Any],
    next_at: dt.datetime | None,
) -> None:
    """Put a failed attempt on record.

    Args:
        effect: effect id within the instance.
        error: {code, message, details}, as the caller of a contract would be told.
        next_at: when it is tried again; None: not by itself.
    """
    await connection.execute(
        insert(effect_attempts).values(
            tenant_id=tenant,
            process=process,
            entity_id=entity_id,
            effect=effect,
            action=action,
            attempt=attempt,
            error=error,
            next_at=next_at,
        )
    )


async def latest(
    connection: AsyncConnection, tenant: str, process: str, entity_id: int, limit: int
) -> list[AttemptEntry]:
    """Failed attempts of an instance's effects, latest first."""
    query = (
        select(*columns(effect_attempts, AttemptEntry))
        .where(_a.tenant_id == tenant, _a.process == process, _a.entity_id == entity_id)
        .order_by(_a.at.desc(), _a.id.desc())
        .limit(limit)
    )
    return records(AttemptEntry, await connection.execute(query))


async def forget(connection: AsyncConnection, older_than: dt.timedelta) -> None:
    """Delete what is older, of all tenants. Needs the system role."""
    await connection.execute(delete(effect_attempts).where(_a.at < func.now() - older_than))
