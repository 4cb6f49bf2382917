"""SQL of stored documents, and of what a document says about the plant it comes from."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.repositories.rows import columns, records
from activities.store.tables import documents, tenants

_d = documents.c


@dataclass(frozen=True, slots=True)
class Document:
    """A stored document without its content."""

    id: int
    process: str
    entity_id: int
    title: str
    filename: str
    media_type: str
    sha256: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class NewDocument:
    process: str
    entity_id: int
    key: str
    """Idempotency key of the effect that asked for it."""
    title: str
    filename: str
    media_type: str
    sha256: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Plant:
    name: str
    time_zone: str


async def add(connection: AsyncConnection, tenant: str, document: NewDocument) -> None:
    """Stores it, unless the same effect has stored one before."""
    values = {name: getattr(document, name) for name in NewDocument.__slots__}
    await connection.execute(insert(documents).values(tenant_id=tenant, **values).on_conflict_do_nothing())


async def by_key(connection: AsyncConnection, tenant: str, key: str) -> Document | None:
    query = select(*columns(documents, Document)).where(_d.tenant_id == tenant, _d.key == key)
    found = records(Document, await connection.execute(query))
    return found[0] if found else None


async def of_instance(connection: AsyncConnection, tenant: str, process: str, entity_id: int) -> list[Document]:
    """Youngest first."""
    query = (
        select(*columns(documents, Document))
        .where(_d.tenant_id == tenant, _d.process == process, _d.entity_id == entity_id)
        .order_by(_d.id.desc())
    )
    return records(Document, await connection.execute(query))


async def content(connection: AsyncConnection, tenant: str, document_id: int) -> tuple[Document, bytes] | None:
    query = select(*columns(documents, Document), _d.content).where(_d.tenant_id == tenant, _d.id == document_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else (records(Document, [row[:-1]])[0], bytes(row[-1]))


async def plant(connection: AsyncConnection, tenant: str) -> Plant:
    """Name and time zone of a tenant; one that is not on record is called by its key, in UTC."""
    query = select(tenants.c.name, tenants.c.time_zone).where(tenants.c.tenant_id == tenant)
    row = (await connection.execute(query)).one_or_none()
    return Plant(tenant, "UTC") if row is None else Plant(*row)
