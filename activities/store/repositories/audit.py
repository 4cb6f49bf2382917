"""The audit trail of writes that are no steps, and of denied attempts. Append-only."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import cast, func, insert, select
from sqlalchemy.dialects.postgresql import INET
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


async def append(connection: AsyncConnection, tenant: str, entry: AuditEntry) -> None:
    """Put `entry` on record, in the caller's transaction: what is rolled back was not done."""
    row = {
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
    documents = {"actor": entry.actor, "before": entry.before, "after": entry.after}
    texts = {name: None if value is None else json_text(value) for name, value in documents.items()}
    at = entry.at.astimezone(dt.UTC)
    digest = row_hash(GENESIS, {**row, **texts, "at": at.isoformat(timespec="microseconds")})
    await connection.execute(
        insert(audit).values(**{**row, "ip": cast(entry.ip, INET)}, **documents, at=at, hash=digest)
    )


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
