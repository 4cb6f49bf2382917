"""SQL of which instances there are, for jobs that go through all of them. Called by the system role."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

from sqlalchemy import select, tuple_

from activities.store.database import Database
from activities.store.tables import instances

_BATCH = 1000
_i = instances.c


class InstanceKey(NamedTuple):
    tenant: str
    process: str
    entity_id: int


async def every_instance(database: Database, tenant: str | None) -> AsyncIterator[InstanceKey]:
    """All instances of one tenant, or (None) of all, by key; each batch in a short transaction of its own."""
    keys = (_i.tenant_id, _i.process, _i.entity_id)
    query = select(*keys).order_by(*keys).limit(_BATCH)
    if tenant is not None:
        query = query.where(_i.tenant_id == tenant)
    last: InstanceKey | None = None
    while True:
        async with database.system() as connection:
            rows = await connection.execute(query if last is None else query.where(tuple_(*keys) > last))
            batch = [InstanceKey(*row) for row in rows]
        for last in batch:
            yield last
        if len(batch) < _BATCH:
            return
