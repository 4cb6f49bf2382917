"""Proves that the audited rows of a tenant are as they were written: none changed, removed or slipped in.

Steps are proven by the chain of their instance (`verify`). Here each audit row and signature is held against its own
hash, each checkpoint against its rows and the one before it, and all rows against the checkpoints, which also tells
what was changed together with its hash, and what is missing.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from sqlalchemy import Table, Text, cast, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.repositories import checkpoints as repository
from activities.store.repositories.audit import HASHED as AUDIT_HASHED
from activities.store.step_form import utc_text
from activities.store.step_signatures import HASHED as SIGNATURE_HASHED
from activities.store.tables import audit, checkpoint_rows, checkpoints, signatures
from workflows.domain import merkle
from workflows.domain.checkpoints import Covered
from workflows.domain.hash_chain import GENESIS, json_text, row_hash

_BATCH = 500
_AUDIT_DOCUMENTS = ("actor", "before", "after")


async def broken_records(connection: AsyncConnection, tenant: str) -> AsyncIterator[str]:
    """What is not as it was written, in words that name the record; nothing when all is well."""
    async for problem in _broken_rows(connection, tenant):
        yield problem
    async for problem in _broken_checkpoints(connection, tenant):
        yield problem
    for kind in repository.KEYS:
        async for problem in _against_checkpoints(connection, tenant, kind):
            yield problem


# --- each row for itself ------------------------------------------------------------------------------------


async def _broken_rows(connection: AsyncConnection, tenant: str) -> AsyncIterator[str]:
    async for row in _rows(connection, audit, AUDIT_HASHED, tenant):
        if row["hash"] != row_hash(GENESIS, as_hashed(row)):
            yield f"audit row {row['id']} was changed"
    async for row in _rows(connection, signatures, SIGNATURE_HASHED, tenant):
        plain = {name: row[name] for name in SIGNATURE_HASHED} | {"signed_at": utc_text(row["signed_at"])}
        if row["hash"] != row_hash(row["chain_hash"], plain):
            yield f"signature {row['id']} was changed"


def as_hashed(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the hash of an audit row was taken over, or the row as it stands when it does not have that hash.

    Rows of the first releases were hashed over other JSON texts than those that were stored.
    """
    at = row["at"].astimezone(dt.UTC).isoformat(timespec="microseconds")
    plain = {name: row[name] for name in AUDIT_HASHED} | {"at": at}
    documents = {name: _first_release(row[name]) for name in _AUDIT_DOCUMENTS}
    first_form = plain | documents
    early = False not in documents.values() and row_hash(GENESIS, first_form) == row["hash"]
    return first_form if early else plain


def _first_release(stored: str | None) -> str | bool | None:
    """What was hashed for a document stored like this; False: it was not stored by a first release."""
    if stored is None or stored == "null":
        return None if stored == "null" else False
    value = json.loads(stored)
    return json_text(value) if json.dumps(value) == stored else False


async def _rows(
    connection: AsyncConnection, table: Table, hashed: tuple[str, ...], tenant: str
) -> AsyncIterator[Mapping[str, Any]]:
    """In order of their ids; JSON as text, addresses without their mask."""
    columns = [_plain(table.c[name]).label(name) for name in hashed]
    last = -(2**63)
    while True:
        query = select(table.c.id, *columns, table.c.hash).where(table.c.tenant_id == tenant, table.c.id > last)
        batch = (await connection.execute(query.order_by(table.c.id).limit(_BATCH))).mappings().all()
        for row in batch:
            yield dict(row)
        if len(batch) < _BATCH:
            return
        last = batch[-1]["id"]


def _plain(column: Any) -> Any:
    kind = column.type.__visit_name__
    if kind == "JSON":
        return cast(column, Text)
    return func.host(column) if kind == "INET" else column


# --- checkpoints --------------------------------------------------------------------------------------------


async def _broken_checkpoints(connection: AsyncConnection, tenant: str) -> AsyncIterator[str]:
    expected, previous = 1, GENESIS
    async for point in repository.chain(connection, tenant, first=-(2**62)):
        if point.seq != expected:
            yield f"checkpoint {expected} is missing"
        elif point.prev_hash != previous or point.hash != point.true_hash():
            yield f"checkpoint {point.seq} was changed"
        rows = await repository.covered(connection, tenant, point.seq)
        complete = [position for position, _ in rows] == list(range(point.count))
        if not complete or merkle.root([row.leaf for _, row in rows]) != point.root:
            yield f"checkpoint {point.seq} does not match the list of its rows"
        expected, previous = point.seq + 1, point.hash
    exists = select(checkpoints.c.seq).where(checkpoints.c.tenant_id == tenant)
    orphan = select(func.min(checkpoint_rows.c.checkpoint)).where(
        checkpoint_rows.c.tenant_id == tenant, checkpoint_rows.c.checkpoint.not_in(exists)
    )
    missing = (await connection.execute(orphan)).scalar_one()
    if missing is not None:
        yield f"checkpoint {missing} is missing"


async def _against_checkpoints(connection: AsyncConnection, tenant: str, kind: str) -> AsyncIterator[str]:
    table, key = repository.KEYS[kind]
    last = await repository.last(connection, tenant)
    parameters = {"tenant": tenant, "kind": kind, "upto": last.upto if last else 0}
    compared = text(_COMPARED.format(table=table, key=key))
    for row in await connection.execute(compared, parameters):
        name = Covered(kind, row.key, 0, "").name
        if row.there is None:
            yield f"{name} is missing"
        elif row.covered is None:
            yield f"{name} is in no checkpoint"
        else:
            yield f"{name} was changed after checkpoint {row.covered}"


_COMPARED = """
SELECT coalesce(covered.key, there.key) AS key, there.key AS there, covered.checkpoint AS covered
FROM (SELECT * FROM checkpoint_rows WHERE tenant_id = :tenant AND kind = :kind) AS covered
FULL JOIN (SELECT {key} AS key, xact, hash FROM {table} WHERE tenant_id = :tenant) AS there ON there.key = covered.key
WHERE there.key IS NULL OR covered.key IS NULL AND there.xact < :upto
    OR there.hash <> covered.hash OR there.xact <> covered.xact
ORDER BY covered.checkpoint, covered.position
LIMIT 20
"""
