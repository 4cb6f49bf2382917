"""An instance with everything that a pack can hold, and the pack of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import insert

from activities import checkpoints
from activities.actions.registry import default
from activities.services.audit import Audit
from activities.services.evidence import Evidence
from activities.services.origin import Origin
from activities.store.commit import commit_step
from activities.store.database import Database
from activities.store.repositories import definitions
from activities.store.tables import attachments, task_comments
from tests.effects import new_tenant
from tests.store.steps import new_id, record, signed
from workflows.definition.compile import compile_text
from workflows.domain.hash_chain import content_hash
from workflows.domain.records import AuditEntry
from workflows.domain.signing import hash_of, signed_content
from workflows.engine.events import Actor

YAML = """
process: ncr_report
version: "1.0.0"
title: Nonconformance
start: {by: [anyone]}
states:
  submitted:
    transitions:
      approve: {by: [anyone], to: approved}
  approved: {final: true}
"""
PHOTO = b"a photo of a crack"
AUDITOR = Actor(3, "aud", "Audrey Auditor", ("auditor",))


@dataclass(frozen=True, slots=True)
class Case:
    tenant: str
    entity_id: int
    export: Callable[[], Awaitable[bytes]]


@pytest.fixture(scope="session")
async def case(database: Database) -> Case:
    tenant, entity_id = await new_tenant(database), new_id()
    program = compile_text(YAML, filename="ncr.yaml", catalogue=default().catalogue()).program
    assert program is not None
    async with database.transaction(tenant) as connection:
        await definitions.add_program(connection, program)
        at_instance = {"tenant_id": tenant, "process": "ncr_report", "entity_id": entity_id}
        comment = {"text": "Look: ü", "username": "eva", "name": "Eva"}
        await connection.execute(insert(task_comments).values(**at_instance, **comment))
        file = {"name": "crack.jpg", "media_type": "image/jpeg", "size": len(PHOTO), "storage_key": "k1"}
        photo = file | {"sha256": content_hash(PHOTO.decode()), "uploaded_by": "eva"}
        await connection.execute(insert(attachments).values(**at_instance, **photo))

    async def nothing(*_: Any) -> None: ...

    steps = [record(tenant, entity_id), record(tenant, entity_id, 2, effects=[_signed(entity_id, program.digest)])]
    for step in steps:
        await commit_step(database, replace(step, digest=program.digest), nothing)
    await checkpoints.cover(database, tenant)
    await Audit(database).record(tenant, _denied(entity_id))
    await commit_step(database, replace(record(tenant, entity_id, 3, comment="seen"), digest=program.digest), nothing)

    async def read(key: str, _sha256: str) -> bytes:
        assert key == "k1"
        return PHOTO

    async def export() -> bytes:
        evidence = Evidence(database, read)
        _, content = await evidence.export(tenant, "ncr_report", entity_id, by=AUDITOR, origin=Origin())
        return b"".join([part async for part in content])

    return Case(tenant, entity_id, export)


@pytest.fixture(scope="session")
async def pack(case: Case) -> bytes:
    return await case.export()


def _signed(entity_id: int, digest: str) -> dict[str, Any]:
    content = signed_content(
        process="ncr_report",
        entity_id=entity_id,
        number=f"NCR-{entity_id}",
        digest=digest,
        code="approve",
        data={"severity": "minor"},
        form={"comment": "fine"},
        attachments=[content_hash(PHOTO.decode())],
    )
    effect = signed()
    effect["signature"] |= {"content": content, "content_hash": hash_of(content)}
    return effect


def _denied(entity_id: int) -> AuditEntry:
    return AuditEntry(
        action="transition",
        outcome="denied",
        username="eva",
        actor={"id": 9, "username": "eva"},
        at=dt.datetime(2025, 11, 6, 12, tzinfo=dt.UTC),
        entity_type="ncr_report",
        entity_id=str(entity_id),
        ip="192.0.2.7",
        code="FORBIDDEN",
    )
