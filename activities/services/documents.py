"""Documents of instances: the record printed as of now, and those that the process itself made and kept."""

from __future__ import annotations

import asyncio
import re
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.documents.instance import MOST_STEPS, InstanceRecord, compose
from activities.documents.pdf import to_pdf
from activities.store.database import Database
from activities.store.repositories import definitions, documents, instances
from activities.store.repositories.documents import Document
from workflows.definition.program import Program
from workflows.domain.errors import NotFound

__all__ = ["Document", "Documents"]


class Documents:
    """One per process: one page is laid out at a time, because it takes a whole core."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._drawing = asyncio.Semaphore(1)

    async def printed(self, tenant: str, process: str, entity_id: int) -> tuple[str, bytes]:
        """File name and PDF of the instance as it stands; nothing is stored.

        Raises:
            NotFound: the tenant has no such instance.
        """
        async with self._database.transaction(tenant) as connection:
            record = await _record(connection, tenant, process, entity_id)
        async with self._drawing:
            content = await asyncio.to_thread(lambda: to_pdf(compose(record)))
        return _filename(record.title), content

    async def kept(self, tenant: str, process: str, entity_id: int) -> list[Document]:
        """What the process made, youngest first."""
        async with self._database.transaction(tenant) as connection:
            return await documents.of_instance(connection, tenant, process, entity_id)

    async def content(self, tenant: str, process: str, entity_id: int, document_id: int) -> tuple[Document, bytes]:
        """One of `kept` with its bytes.

        Raises:
            NotFound: the instance has no such document.
        """
        async with self._database.transaction(tenant) as connection:
            found = await documents.content(connection, tenant, document_id)
        if found is None or (found[0].process, found[0].entity_id) != (process, entity_id):
            raise NotFound(f"no document {document_id} of {process} {entity_id}")
        return found


async def _record(connection: AsyncConnection, tenant: str, process: str, entity_id: int) -> InstanceRecord:
    found = await instances.find(connection, tenant, process, entity_id)
    if found is None:
        raise NotFound(f"no {process} with id {entity_id}", details={"process": process, "id": entity_id})
    summary, _ = found
    canonical = await definitions.program(connection, summary.digest)
    if canonical is None:
        raise NotFound(f"no program {summary.digest}", code="NO_SUCH_PROGRAM")
    span = (max(1, summary.seq - MOST_STEPS + 1), summary.seq)
    steps = await instances.steps_between(connection, tenant, process, entity_id, span)
    plant = await documents.plant(connection, tenant)
    program = Program.from_canonical(canonical)
    return InstanceRecord(
        title=f"{program.title} {summary.number}",
        plant=plant.name,
        zone=ZoneInfo(plant.time_zone),
        summary=summary,
        program=program,
        steps=steps,
    )


def _filename(title: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", title).strip("-.")
    return f"{plain[:100] or 'document'}.pdf"
