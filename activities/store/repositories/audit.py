"""The audit trail of writes that are no steps, and of denied attempts. Append-only."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Text, cast, func, insert, literal, select
from sqlalchemy.dialects.postgresql import INET, JSON
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.repositories import paging
from activities.store.repositories.rows import columns, records
from activities.store.tables import audit
from workflows.domain.hash_chain import GENESIS, json_text, row_hash
from workflows.domain.records import AuditEntry, Page

_a = audit.c


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """All given conditions hold together."""

    username: str | None = None
    action: str | None = None
    entity_type: str | None = None
    entity_id: str | None = None
    outcome: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    """Exclusive."""


HASHED = (
    "tenant_id",
    "actor_id",
    "username",
    "actor",
    "acting_role",
    "on_behalf_of",
    "action",
    "entity_type",
    "entity_id",
    "before",
    "after",
    "reason",
    "source",
    "ip",
    "request_id",
    "outcome",
    "code",
    "at",
)
"""Columns that the hash of a row covers. JSON columns are hashed, and stored, as their text."""
_DOCUMENTS = ("actor", "before", "after")


async def append(connection: AsyncConnection, tenant: str, entry: AuditEntry) -> None:
    """Put `entry` on record, in the caller's transaction: what is rolled back was not done."""
    row: dict[str, Any] = {
        "tenant_id": tenant,
        "actor_id": entry.actor.get("id"),
        "username": entry.username,
        "acting_role": entry.acting_role,
        "on_behalf_of": entry.on_behalf_of,
        "action": entry.action,
        "entity_type": entry.entity_type,
        "entity_id": entry.entity_id,
        "reason": entry.reason,
        "source": entry.source,
        "ip": entry.ip,
        "request_id": entry.request_id,
        "outcome": entry.outcome,
        "code": entry.code,
    }
    for name in _DOCUMENTS:
        value = getattr(entry, name)
        row[name] = None if value is None else json_text(value)
    at = entry.at.astimezone(dt.UTC)
    digest = row_hash(GENESIS, {**row, "at": at.isoformat(timespec="microseconds")})
    typed = {name: cast(literal(row[name], Text), JSON) for name in _DOCUMENTS} | {"ip": cast(entry.ip, INET)}
    await connection.execute(insert(audit).values(**{**row, **typed}, at=at, hash=digest))


async def page(
    connection: AsyncConnection, tenant: str, wanted: AuditFilter, number: int, per_page: int
) -> Page[AuditEntry]:
    """Newest first."""
    query = select(*columns(audit, AuditEntry, ip=func.host(_a.ip))).where(_a.tenant_id == tenant)
    for name in ("username", "action", "entity_type", "entity_id", "outcome"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(_a[name] == value)
    if wanted.since is not None:
        query = query.where(_a.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(_a.at < wanted.until)
    query = query.order_by(_a.at.desc(), _a.id.desc())
    total, exact = await paging.count(connection, query)
    limit, offset = paging.window(number, per_page)
    rows = await connection.execute(query.limit(limit).offset(offset))
    return Page(records(AuditEntry, rows), total, number, per_page, exact)
