"""SQL of which logs there are, for the job that proves them all. Called by the system role."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, Table, select, tuple_, union

from activities.store.database import Database
from activities.store.tables import audit, checkpoint_rows, checkpoints, instances, signatures, steps, tenants


class LogKey(NamedTuple):
    tenant: str
    process: str
    entity_id: int


async def every_log(database: Database, tenant: str | None) -> AsyncIterator[LogKey]:
    """The key of every instance and of every log, of one tenant or (None) of all, in order.

    Both are asked, so that an instance removed together with the row that stands for it is still found by its steps.
    """
    last = LogKey("", "", -1)
    while True:
        either = union(_after(instances, last, tenant), _after(steps, last, tenant))
        following = either.order_by("tenant_id", "process", "entity_id").limit(1)
        async with database.system() as connection:
            row = (await connection.execute(following)).one_or_none()
        if row is None:
            return
        last = LogKey(*row)
        yield last


async def every_tenant(database: Database) -> list[str]:
    """Every tenant that is on record anywhere, in order; also one whose own row is gone."""
    tables = (tenants, audit, checkpoints, checkpoint_rows, signatures)
    async with database.system() as connection:
        return sorted((await connection.execute(union(*(select(table.c.tenant_id) for table in tables)))).scalars())


async def unknown_hashes(database: Database, hashes: Sequence[str]) -> list[str]:
    """Those that no checkpoint has, in their order."""
    query = select(checkpoints.c.hash).where(checkpoints.c.hash.in_(hashes))
    async with database.system() as connection:
        known = set((await connection.execute(query)).scalars())
    return [one for one in hashes if one not in known]


def _after(table: Table, last: LogKey, tenant: str | None) -> Select[*tuple[Any, ...]]:
    """The first key behind `last`, by the primary key's index."""
    columns = table.c
    keys = (columns.tenant_id, columns.process, columns.entity_id)
    query = select(*keys).where(tuple_(*keys) > last).order_by(*keys).limit(1)
    return query if tenant is None else query.where(columns.tenant_id == tenant)
