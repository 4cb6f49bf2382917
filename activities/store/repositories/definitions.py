"""Definitions by version, programs by content. In force is the version that was published last."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.repositories.rows import AnySelect, columns, records
from activities.store.tables import definitions, programs
from workflows.definition.program import Program
from workflows.domain.records import DefinitionVersion

_d = definitions.c


async def add_program(connection: AsyncConnection, program: Program) -> None:
    """Keep the program under its digest; one that is there stays."""
    await connection.execute(
        insert(programs).values(digest=program.digest, canonical=program.canonical()).on_conflict_do_nothing()
    )


async def add_version(
    connection: AsyncConnection,
    tenant: str,
    program: Program,
    *,
    source: str,
    files: Mapping[str, str],
    changelog: str | None,
    username: str,
) -> bool:
    """Publish a version; False when the tenant has it already, whatever its content."""
    now = dt.datetime.now(dt.UTC)
    added = await connection.execute(
        insert(definitions)
        .values(
            tenant_id=tenant,
            process=program.process,
            version=program.version,
            digest=program.digest,
            title=program.title,
            status="published",
            source=source,
            files=dict(files),
            changelog=changelog,
            created_by=username,
            published_at=now,
            published_by=username,
        )
        .on_conflict_do_nothing()
        .returning(_d.version)
    )
    return added.one_or_none() is not None


async def lock_process(connection: AsyncConnection, tenant: str, process: str) -> None:
    """Publishing of one process happens one at a time, until the end of the transaction."""
    await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{tenant}/{process}", 0))))


async def versions(connection: AsyncConnection, tenant: str, process: str) -> list[DefinitionVersion]:
    """All versions of a process, the one published last first."""
    query = _listed(tenant).where(_d.process == process).order_by(_d.published_at.desc(), _d.version.desc())
    return records(DefinitionVersion, await connection.execute(query))


async def in_force(connection: AsyncConnection, tenant: str) -> list[DefinitionVersion]:
    """The version in force of each process, by process."""
    query = _listed(tenant).where(_in_force).order_by(_d.process)
    return records(DefinitionVersion, await connection.execute(query))


async def find(
    connection: AsyncConnection, tenant: str, process: str, version: str | None
) -> tuple[DefinitionVersion, str, dict[str, str], bytes] | None:
    """A version with its YAML, its files and its canonical program; `version` None: the one in force."""
    query = (
        _listed(tenant)
        .add_columns(_d.source, _d.files, programs.c.canonical)
        .join_from(definitions, programs, programs.c.digest == _d.digest)
        .where(_d.process == process, _in_force if version is None else _d.version == version)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return records(DefinitionVersion, [row[:-3]])[0], row.source, row.files, bytes(row.canonical)


async def program(connection: AsyncConnection, digest: str) -> bytes | None:
    """The canonical program of that digest."""
    found: bytes | None = await connection.scalar(select(programs.c.canonical).where(programs.c.digest == digest))
    return found


async def deprecate(connection: AsyncConnection, tenant: str, process: str, version: str) -> bool:
    """No new instances of that version; False when there is no such version."""
    changed = await connection.execute(
        update(definitions)
        .where(_d.tenant_id == tenant, _d.process == process, _d.version == version)
        .values(status="deprecated")
        .returning(_d.version)
    )
    return changed.one_or_none() is not None


_other = definitions.alias("other")
_in_force = _d.version == (
    select(_other.c.version)
    .where(
        _other.c.tenant_id == _d.tenant_id,
        _other.c.process == _d.process,
        _other.c.status == "published",
    )
    .order_by(_other.c.published_at.desc())
    .limit(1)
    .scalar_subquery()
)


def _listed(tenant: str) -> AnySelect:
    is_in_force = func.coalesce(_in_force, False)
    return select(*columns(definitions, DefinitionVersion, in_force=is_in_force)).where(_d.tenant_id == tenant)
