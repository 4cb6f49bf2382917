"""Idempotency keys: what a request reserved, and what it was answered."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.repositories import series
from activities.store.tables import entity_ids, idempotency
from workflows.domain.errors import IdempotencyMismatch

KEPT = dt.timedelta(hours=24)
"""How long a key stands for its request."""


@dataclass(frozen=True, slots=True)
class Reservation:
    key: str
    entity_id: int
    """Reserved for what the request creates; the same at every repeat."""
    number: str | None
    """Reserved business number, when one was asked for."""
    digest: str | None
    """Program the request is bound to, when one was given: a repeat is judged by the same one."""
    status: int | None
    """HTTP status of the answer; None while the request is in flight or was abandoned."""
    response: Any
    created: bool
    """This call reserved it; False: a repeat."""


_COLUMNS = (
    idempotency.c.key,
    idempotency.c.entity_id,
    idempotency.c.number,
    idempotency.c.digest,
    idempotency.c.status,
    idempotency.c.response,
)


async def reserve(
    connection: AsyncConnection,
    tenant: str,
    key: str,
    request_hash: str,
    *,
    entity_id: int | None = None,
    number: str | None = None,
    digest: str | None = None,
    kept: dt.timedelta = KEPT,
) -> Reservation:
    """Bind `key` to a request, or find what it was bound to. A second caller waits for the first one's transaction.

    Args:
        request_hash: of all that makes the request what it is.
        entity_id: an id reserved elsewhere; None: the next of the one sequence.

    Raises:
        IdempotencyMismatch: the key stands for another request.
    """
    fresh = {
        "request_hash": request_hash,
        "entity_id": entity_id if entity_id is not None else entity_ids.next_value(),
        "number": number,
        "digest": digest,
        "status": None,
        "response": None,
        "created_at": func.now(),
        "expires_at": func.now() + kept,
    }
    statement = insert(idempotency).values(tenant_id=tenant, key=key, **fresh)
    renewed = {name: statement.excluded[name] for name in fresh}
    created = await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "key"], set_=renewed, where=idempotency.c.expires_at <= func.now()
        ).returning(*_COLUMNS)
    )
    if (row := created.one_or_none()) is not None:
        return _reservation(row, created=True)
    found = await find(connection, tenant, key, request_hash)
    assert found is not None, "a key that could not be inserted is there"
    return found


async def find(connection: AsyncConnection, tenant: str, key: str, request_hash: str) -> Reservation | None:
    """What `key` stands for; None when it is free.

    Raises:
        IdempotencyMismatch: it stands for another request.
    """
    found = await connection.execute(
        select(*_COLUMNS, idempotency.c.request_hash).where(idempotency.c.tenant_id == tenant, idempotency.c.key == key)
    )
    row = found.one_or_none()
    if row is None:
        return None
    if row.request_hash != request_hash:
        raise IdempotencyMismatch("The idempotency key was used for another request", details={"key": key})
    return _reservation(row, created=False)


async def reserve_instance(
    connection: AsyncConnection,
    tenant: str,
    key: str,
    request_hash: str,
    *,
    process: str,
    digest: str,
    at: dt.datetime,
    number: str | None = None,
    pattern: str | None = None,
    entity_id: int | None = None,
) -> tuple[Reservation, str]:
    """Reserve what the start of an instance needs, and its business number.

    Args:
        digest: program in force now; a repeat keeps the one it was first bound to.
        number: given by the caller; None: the next of the process's series by `pattern`, or else the entity id.
    """
    found = await reserve(connection, tenant, key, request_hash, entity_id=entity_id, number=number, digest=digest)
    if found.number is not None:
        return found, found.number
    chosen = str(found.entity_id)
    if pattern is not None:
        chosen = await series.allocate(connection, tenant, process, pattern, at)
    await connection.execute(
        update(idempotency).where(idempotency.c.tenant_id == tenant, idempotency.c.key == key).values(number=chosen)
    )
    return found, chosen


async def lock(connection: AsyncConnection, tenant: str, key: str) -> None:
    """Hold `key` until the transaction ends."""
    place = func.hashtextextended(f"{tenant}/{key}", 0)
    await connection.execute(select(func.pg_advisory_xact_lock(place)))


async def complete(connection: AsyncConnection, tenant: str, key: str, status: int, response: Any) -> None:
    """Store the answer; the first one stands."""
    await connection.execute(
        update(idempotency)
        .where(idempotency.c.tenant_id == tenant, idempotency.c.key == key, idempotency.c.status.is_(None))
        .values(status=status, response=response)
    )


async def forget_expired(connection: AsyncConnection, limit: int = 10_000) -> int:
    """Delete expired keys of all tenants, oldest first; returns how many. Needs the system role."""
    old = (
        select(idempotency.c.tenant_id, idempotency.c.key)
        .where(idempotency.c.expires_at <= func.now())
        .order_by(idempotency.c.expires_at)
        .limit(limit)
        .subquery()
    )
    gone = await connection.execute(
        delete(idempotency).where(idempotency.c.tenant_id == old.c.tenant_id, idempotency.c.key == old.c.key)
    )
    return gone.rowcount


def _reservation(row: Any, *, created: bool) -> Reservation:
    return Reservation(row.key, row.entity_id, row.number, row.digest, row.status, row.response, created)
