"""SQL of electronic signatures: what stands to be signed, which sessions have signed, and the signatures given."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.tables import attachments, instances, refresh_tokens, signatures, signing_sessions
from workflows.domain.records import SignatureEntry

_i = instances.c
_s = signatures.c


@dataclass(frozen=True, slots=True)
class Standing:
    """An instance as it stands to be signed."""

    number: str
    digest: str
    seq: int
    data: dict[str, Any]
    attachments: list[str]
    """SHA-256 of its files, without voided ones."""


async def standing(connection: AsyncConnection, tenant: str, process: str, entity_id: int) -> Standing | None:
    query = select(_i.number, _i.digest, _i.seq, _i.snapshot).where(
        _i.tenant_id == tenant, _i.process == process, _i.entity_id == entity_id
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    a = attachments.c
    files = select(a.sha256).where(
        a.tenant_id == tenant, a.process == process, a.entity_id == entity_id, a.voided_at.is_(None)
    )
    hashes = list((await connection.execute(files.order_by(a.id))).scalars())
    return Standing(row.number, row.digest, row.seq, row.snapshot["data"], hashes)


async def of_instance(connection: AsyncConnection, tenant: str, process: str, entity_id: int) -> list[SignatureEntry]:
    """In the order in which they were given."""
    columns = [_s[name] for name in SignatureEntry.__slots__]
    query: Select[Any] = select(*columns).where(
        _s.tenant_id == tenant, _s.process == process, _s.entity_id == entity_id
    )
    return [SignatureEntry(*row) for row in await connection.execute(query.order_by(_s.seq))]


async def last_signing(connection: AsyncConnection, tenant: str, family: UUID, user_id: int) -> dt.datetime | None:
    """When the session signed last; None when it has not."""
    g = signing_sessions.c
    query = select(g.signed_at).where(g.tenant_id == tenant, g.family == family, g.user_id == user_id)
    found: dt.datetime | None = await connection.scalar(query)
    return found


async def note_signing(connection: AsyncConnection, tenant: str, family: UUID, user_id: int, now: dt.datetime) -> None:
    row = {"tenant_id": tenant, "family": family, "user_id": user_id, "signed_at": now}
    statement = insert(signing_sessions).values(**row)
    key = [signing_sessions.c.tenant_id, signing_sessions.c.family]
    await connection.execute(statement.on_conflict_do_update(index_elements=key, set_={"signed_at": now}))


async def forget_sessions(connection: AsyncConnection, older: dt.timedelta) -> None:
    """Those that signed last before that; their next signature takes both components, as it would anyway."""
    await connection.execute(delete(signing_sessions).where(signing_sessions.c.signed_at < func.now() - older))


async def session_lives(connection: AsyncConnection, tenant: str, family: UUID, user_id: int, now: dt.datetime) -> bool:
    """Whether the session has neither been ended nor expired."""
    t = refresh_tokens.c
    alive = exists().where(
        t.tenant_id == tenant,
        t.family == family,
        t.user_id == user_id,
        t.revoked_at.is_(None),
        t.used_at.is_(None),
        t.expires_at > now,
    )
    return bool(await connection.scalar(select(alive)))
