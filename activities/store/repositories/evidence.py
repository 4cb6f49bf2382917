"""SQL of what an evidence pack holds of an instance: rows exactly as they were hashed, comments and files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Text, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.repositories.audit import HASHED as AUDIT_HASHED
from activities.store.step_form import utc_text
from activities.store.step_rows import HASHED as STEP_HASHED
from activities.store.step_signatures import HASHED as SIGNATURE_HASHED
from activities.store.tables import attachments, audit, instances, programs, signatures, steps, task_comments
from activities.store.verify_audit import as_hashed

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Key:
    """An instance of a tenant."""

    tenant: str
    process: str
    entity_id: int


@dataclass(frozen=True, slots=True)
class Kept:
    """The instance as it stands."""

    about: Row
    snapshot: str
    definition: bytes


async def instance(connection: AsyncConnection, key: Key) -> Kept | None:
    i = instances.c
    plain = (i.number, i.status, i.state, i.version, i.digest, i.seq, i.chain_head, i.creator, i.created_at, i.ended_at)
    query = (
        select(*plain, cast(i.snapshot, Text).label("snapshot"), programs.c.canonical)
        .select_from(instances.join(programs, programs.c.digest == i.digest))
        .where(i.tenant_id == key.tenant, i.process == key.process, i.entity_id == key.entity_id)
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        return None
    about = {name: _json(row[name]) for name in row if name not in {"snapshot", "canonical"}}
    named = {"tenant": key.tenant, "process": key.process, "entity_id": key.entity_id}
    return Kept(named | about, row["snapshot"], bytes(row["canonical"]))


async def step_rows(connection: AsyncConnection, key: Key, last: int) -> list[Row]:
    """The first `last` steps, in order."""
    s = steps.c
    query = select(*_columns(steps, STEP_HASHED), s.prev_hash, s.hash, s.xact).where(
        s.tenant_id == key.tenant, s.process == key.process, s.entity_id == key.entity_id, s.seq <= last
    )
    found = _mappings(await connection.execute(query.order_by(s.seq)))
    return [{"row": _plain(row, STEP_HASHED), **_rest(row, "prev_hash")} for row in found]


async def signature_rows(connection: AsyncConnection, key: Key, last: int) -> list[Row]:
    s = signatures.c
    query = select(s.id, *_columns(signatures, SIGNATURE_HASHED), s.hash, s.xact).where(
        s.tenant_id == key.tenant, s.process == key.process, s.entity_id == key.entity_id, s.seq <= last
    )
    found = _mappings(await connection.execute(query.order_by(s.id)))
    return [{"id": row["id"], "row": _plain(row, SIGNATURE_HASHED), **_rest(row)} for row in found]


async def audit_rows(connection: AsyncConnection, key: Key, number: str) -> list[Row]:
    """Acts on the instance that are no steps; callers may have named it by its number."""
    a = audit.c
    query = select(a.id, *_columns(audit, AUDIT_HASHED), a.hash, a.xact).where(
        a.tenant_id == key.tenant, a.entity_type == key.process, a.entity_id.in_([str(key.entity_id), number])
    )
    found = _mappings(await connection.execute(query.order_by(a.id)))
    return [{"id": row["id"], "row": as_hashed(row), **_rest(row)} for row in found]


async def comments(connection: AsyncConnection, key: Key) -> list[Row]:
    c = task_comments.c
    query = select(c.id, c.task, c.text, c.mentions, c.username, c.name, c.created_at).where(
        c.tenant_id == key.tenant, c.process == key.process, c.entity_id == key.entity_id
    )
    return _records(await connection.execute(query.order_by(c.id)))


async def files(connection: AsyncConnection, key: Key) -> list[Row]:
    """Attachments with the keys under which the store of files has them; voided ones, too."""
    a = attachments.c
    names = ("id", "task", "name", "media_type", "size", "sha256", "storage_key", "uploaded_by", "uploaded_at")
    query = select(*(a[name] for name in names), a.voided_at, a.voided_by, a.void_reason).where(
        a.tenant_id == key.tenant, a.process == key.process, a.entity_id == key.entity_id
    )
    return _records(await connection.execute(query.order_by(a.id)))


def _columns(table: Any, names: Iterable[str]) -> list[Any]:
    return [_readable(table.c[name]).label(name) for name in names]


def _readable(column: Any) -> Any:
    """JSON as the text that was hashed, addresses without their mask."""
    kind = column.type.__visit_name__
    if kind == "JSON":
        return cast(column, Text)
    return func.host(column) if kind == "INET" else column


def _mappings(rows: Any) -> list[Row]:
    return [dict(row) for row in rows.mappings()]


def _plain(row: Mapping[str, Any], names: Iterable[str]) -> Row:
    return {name: _json(row[name]) for name in names}


def _rest(row: Mapping[str, Any], *more: str) -> Row:
    return {name: row[name] for name in (*more, "hash", "xact")}


def _records(rows: Any) -> list[Row]:
    return [{name: _json(value) for name, value in row.items()} for row in _mappings(rows)]


def _json(value: Any) -> Any:
    return utc_text(value) if hasattr(value, "tzinfo") else value
