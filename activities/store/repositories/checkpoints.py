"""SQL of checkpoints: which audited rows are in none yet, and what the last one was.

A row counts as settled when its transaction is older than every one that may still be running (`pg_snapshot_xmin`):
then no row of an older transaction can appear any more, however long it took to commit. So each checkpoint takes the
settled rows from where the last one ended, and none is missed. Transaction numbers begin anew when a dump is loaded
into another server; the rows are then compared with all that is covered, once. Called by the system role.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from typing import NamedTuple

from sqlalchemy import insert, select, text, union
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.step_form import utc_text
from activities.store.tables import audit, checkpoint_rows, checkpoints, signatures, steps, tenants
from workflows.domain.checkpoints import Checkpoint, Covered

_p = checkpoints.c
_r = checkpoint_rows.c
_FAR = 2**63 - 1
_BATCH = 1000

KEYS = {
    "step": ("steps", "process || '/' || entity_id || '/' || seq"),
    "audit": ("audit", "id::text"),
    "signature": ("signatures", "id::text"),
}
"""Kind of row -> its table, and how its key is made."""


class Horizon(NamedTuple):
    """What may still be running."""

    oldest: int
    """Every transaction before this one has ended."""
    next: int
    """No transaction has this number yet, nor a higher one."""


async def take_turn(connection: AsyncConnection, tenant: str) -> bool:
    """Whether nobody else makes a checkpoint of the tenant until the end of this transaction."""
    lock = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
    return bool((await connection.execute(lock, {"name": f"checkpoint/{tenant}"})).scalar_one())


async def horizon(connection: AsyncConnection) -> Horizon:
    """As of this statement; rows must be read by a later one."""
    query = (
        "SELECT pg_snapshot_xmin(now)::text::bigint, pg_snapshot_xmax(now)::text::bigint FROM pg_current_snapshot() now"
    )
    return Horizon(*(await connection.execute(text(query))).one())


async def last(connection: AsyncConnection, tenant: str) -> Checkpoint | None:
    query = select(checkpoints).where(_p.tenant_id == tenant).order_by(_p.seq.desc()).limit(1)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _checkpoint(row)


async def chain(
    connection: AsyncConnection, tenant: str, *, first: int = 1, final: int = _FAR
) -> AsyncIterator[Checkpoint]:
    """Checkpoints `first` to `final`, in order."""
    seen = first - 1
    while True:
        query = select(checkpoints).where(_p.tenant_id == tenant, _p.seq > seen, _p.seq <= final)
        found = (await connection.execute(query.order_by(_p.seq).limit(_BATCH))).all()
        for row in found:
            yield _checkpoint(row)
        if len(found) < _BATCH:
            return
        seen = found[-1].seq


async def covered(connection: AsyncConnection, tenant: str, seq: int) -> list[tuple[int, Covered]]:
    """Rows of one checkpoint with their positions, in order."""
    query = select(_r.position, _r.kind, _r.key, _r.xact, _r.hash).where(_r.tenant_id == tenant, _r.checkpoint == seq)
    rows = await connection.execute(query.order_by(_r.position))
    return [(row.position, Covered(row.kind, row.key, row.xact, row.hash)) for row in rows]


async def checkpoint_of(connection: AsyncConnection, tenant: str, kind: str, keys: list[str]) -> dict[str, int]:
    """Key -> number of the checkpoint that covers the row; without those that none covers yet."""
    query = select(_r.key, _r.checkpoint).where(_r.tenant_id == tenant, _r.kind == kind, _r.key.in_(keys))
    return {row.key: row.checkpoint for row in await connection.execute(query)}


async def uncovered(connection: AsyncConnection, tenant: str, *, since: int, now: Horizon, limit: int) -> list[Covered]:
    """Settled rows of transactions from `since` on that are in no checkpoint, oldest first."""
    again = now.next < since
    parts = " UNION ALL ".join(
        _UNCOVERED.format(kind=kind, table=table, key=key) for kind, (table, key) in KEYS.items()
    )
    rows = await connection.execute(
        text(f"{parts} ORDER BY xact, kind, key LIMIT :limit"),
        {
            "tenant": tenant,
            "since": 0 if again else since,
            "oldest": now.oldest,
            "beyond": now.next if again or since == 0 else _FAR,
            "limit": limit,
        },
    )
    return [Covered(row.kind, row.key, row.xact, row.hash) for row in rows]


_UNCOVERED = """
SELECT '{kind}' AS kind, {key} AS key, xact, hash FROM {table}
WHERE tenant_id = :tenant AND (xact >= :since AND xact < :oldest OR xact >= :beyond) AND NOT EXISTS (
    SELECT FROM checkpoint_rows AS covered
    WHERE covered.tenant_id = :tenant AND covered.kind = '{kind}' AND covered.key = {key})
"""


async def add(connection: AsyncConnection, point: Checkpoint, rows: list[Covered]) -> None:
    await connection.execute(
        insert(checkpoints).values(
            tenant_id=point.tenant,
            seq=point.seq,
            at=dt.datetime.fromisoformat(point.at),
            upto=point.upto,
            count=point.count,
            root=point.root,
            prev_hash=point.prev_hash,
            hash=point.hash,
        )
    )
    values = [
        {
            "tenant_id": point.tenant,
            "kind": row.kind,
            "key": row.key,
            "checkpoint": point.seq,
            "position": position,
            "xact": row.xact,
            "hash": row.hash,
        }
        for position, row in enumerate(rows)
    ]
    await connection.execute(insert(checkpoint_rows), values)


async def tenants_with_rows(connection: AsyncConnection, since: int) -> list[str]:
    """Tenants that have rows of transactions from `since` on; with 0: all tenants there are."""
    if since == 0:
        return sorted((await connection.execute(select(tenants.c.tenant_id))).scalars())
    written = union(*(select(table.c.tenant_id).where(table.c.xact >= since) for table in (steps, audit, signatures)))
    return sorted((await connection.execute(written)).scalars())


def _checkpoint(row: object) -> Checkpoint:
    values = row._asdict()  # type: ignore[attr-defined]  # a Row of `checkpoints`
    tenant, at = values.pop("tenant_id"), utc_text(values.pop("at"))
    return Checkpoint(tenant=tenant, at=at, **values)
