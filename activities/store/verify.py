"""Proves that a step log is as it was written: no step changed, removed, inserted or reordered, and the current
row is the one the last step left."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from sqlalchemy import Text, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.step_form import utc_text
from activities.store.step_rows import HASHED
from activities.store.tables import instances, steps
from workflows.domain.hash_chain import GENESIS, content_hash, row_hash

_AS_TEXT = {"actor", "changes", "effects"}
_BATCH = 500


async def verify_instance(connection: AsyncConnection, tenant: str, process: str, entity_id: int) -> int | None:
    """The number of the first step that is not as it was written; None when all are.

    The number after the last step stands for steps missing at the end, the number of the last step also for a
    current row that it did not leave.
    """
    previous, expected, snapshot_hash = GENESIS, 1, ""
    async for row, prev_hash, digest in _log(connection, tenant, process, entity_id):
        if row["seq"] != expected or prev_hash != previous or row_hash(previous, row) != digest:
            return expected
        previous, expected, snapshot_hash = digest, expected + 1, row["snapshot_hash"]
    query = select(instances.c.seq, instances.c.chain_head, cast(instances.c.snapshot, Text)).where(
        instances.c.tenant_id == tenant, instances.c.process == process, instances.c.entity_id == entity_id
    )
    current = (await connection.execute(query)).one_or_none()
    if current is None:
        return None if expected == 1 else expected - 1
    if current.seq >= expected:
        return expected
    intact = current.seq == expected - 1 and current.chain_head == previous
    return None if intact and content_hash(current.snapshot) == snapshot_hash else expected - 1


async def _log(
    connection: AsyncConnection, tenant: str, process: str, entity_id: int
) -> AsyncIterator[tuple[Mapping[str, Any], str, str]]:
    """Each step as it was hashed, with the hash before it and its own, in order."""
    columns = [cast(steps.c[name], Text).label(name) if name in _AS_TEXT else steps.c[name] for name in HASHED]
    last = -1
    while True:
        rows = await connection.execute(
            select(*columns, steps.c.prev_hash, steps.c.hash)
            .where(
                steps.c.tenant_id == tenant,
                steps.c.process == process,
                steps.c.entity_id == entity_id,
                steps.c.seq > last,
            )
            .order_by(steps.c.seq)
            .limit(_BATCH)
        )
        batch = rows.all()
        for found in batch:
            row = dict(zip(HASHED, found, strict=False))
            yield {**row, "at": utc_text(row["at"])}, found.prev_hash, found.hash
        if len(batch) < _BATCH:
            return
        last = batch[-1].seq
