"""SQL of attachments; the bytes are in `activities.store.files`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.repositories.collaboration import Place
from activities.store.repositories.rows import columns, records
from activities.store.tables import attachments

_a = attachments.c


@dataclass(frozen=True, slots=True)
class Attachment:
    id: int
    task: str | None
    name: str
    media_type: str
    """Found in the content."""
    size: int
    sha256: str
    storage_key: str
    uploaded_by: str
    uploaded_at: dt.datetime
    voided_at: dt.datetime | None
    voided_by: str | None
    void_reason: str | None


_COLUMNS = columns(attachments, Attachment)


async def add(connection: AsyncConnection, place: Place, values: dict[str, Any]) -> Attachment:
    row = {"tenant_id": place.tenant, "process": place.process, "entity_id": place.entity_id, **values}
    return records(Attachment, await connection.execute(insert(attachments).values(**row).returning(*_COLUMNS)))[0]


async def count(connection: AsyncConnection, place: Place) -> int:
    """With void ones."""
    return await connection.scalar(select(func.count()).select_from(attachments).where(*_at(place))) or 0


async def listed(connection: AsyncConnection, place: Place) -> list[Attachment]:
    """With void ones, oldest first."""
    return records(Attachment, await connection.execute(select(*_COLUMNS).where(*_at(place)).order_by(_a.id)))


async def get(
    connection: AsyncConnection, place: Place, attachment_id: int, *, for_update: bool = False
) -> Attachment | None:
    query = select(*_COLUMNS).where(*_at(place), _a.id == attachment_id)
    rows = await connection.execute(query.with_for_update() if for_update else query)
    return next(iter(records(Attachment, rows)), None)


async def void(connection: AsyncConnection, place: Place, attachment_id: int, by: str, reason: str) -> Attachment:
    statement = update(attachments).where(*_at(place), _a.id == attachment_id)
    statement = statement.values(voided_at=func.now(), voided_by=by, void_reason=reason)
    return records(Attachment, await connection.execute(statement.returning(*_COLUMNS)))[0]


def _at(place: Place) -> tuple[Any, ...]:
    return _a.tenant_id == place.tenant, _a.process == place.process, _a.entity_id == place.entity_id
