"""Collects from the store what the record of an instance prints."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.documents.instance import MOST_STEPS, InstanceRecord
from activities.store.repositories import definitions, documents, instances
from workflows.definition.program import Program
from workflows.domain.errors import NotFound


async def gather(
    connection: AsyncConnection, tenant: str, process: str, entity_id: int, title: str = ""
) -> InstanceRecord:
    """The instance as it stands now.

    Args:
        title: of the document; left out: title of the process and business number.

    Raises:
        NotFound: no such instance, or its program is not on record here.
    """
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
        title=title or f"{program.title} {summary.number}",
        plant=plant.name,
        zone=ZoneInfo(plant.time_zone),
        summary=summary,
        program=program,
        steps=steps,
    )


def file_name(record: InstanceRecord) -> str:
    """A name that every file system takes; has the business number in it."""
    number = record.summary.number
    title = record.title if number in record.title else f"{number} {record.title}"
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", title).strip("-.")
    return f"{plain[:100] or 'document'}.pdf"
