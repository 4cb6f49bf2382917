"""Paper: `document.pdf`, the record of an instance, which also stands behind the word `document` of the language."""

from __future__ import annotations

import asyncio
import hashlib
import re
from zoneinfo import ZoneInfo

from pydantic import Field

from activities.actions.registry import ActionFailed, ActivityCall, Arguments, Registry
from activities.documents.instance import MOST_STEPS, InstanceRecord, compose
from activities.documents.pdf import to_pdf
from activities.store.repositories import definitions, documents, instances
from activities.store.repositories.documents import Document, NewDocument
from workflows.definition.program import Program

actions = Registry()

_drawing = asyncio.Semaphore(1)
"""One page is laid out at a time: it takes a whole core, and commits share the process."""


class Print(Arguments):
    title: str = Field("", max_length=200, description="Left out: title of the process and business number.")


class Printed(Arguments):
    document: int = Field(description="Id of the stored document.")
    filename: str
    sha256: str


@actions.activity("document.pdf", title="Make a PDF of the instance", input=Print, output=Printed)
async def pdf(call: ActivityCall, asked: Print) -> Printed:
    """Header, data, timeline and diagram as of now; a repeat finds the first document.

    Raises:
        ActionFailed: NO_SUCH_INSTANCE, NO_SUCH_PROGRAM.
    """
    database = call.equipment.database
    async with database.transaction(call.tenant) as connection:
        known = await documents.by_key(connection, call.tenant, call.key)
    if known is not None:
        return _printed(known)
    record = await _record(call, asked.title)
    async with _drawing:
        content = await asyncio.to_thread(lambda: to_pdf(compose(record)))
    new = NewDocument(
        process=call.process,
        entity_id=call.entity_id,
        key=call.key,
        title=record.title,
        filename=_filename(f"{record.summary.number} {record.title}"),
        media_type="application/pdf",
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
    )
    async with database.transaction(call.tenant) as connection:
        await documents.add(connection, call.tenant, new)
        stored = await documents.by_key(connection, call.tenant, call.key)
    assert stored is not None
    return _printed(stored)


async def _record(call: ActivityCall, title: str) -> InstanceRecord:
    async with call.equipment.database.transaction(call.tenant) as connection:
        found = await instances.find(connection, call.tenant, call.process, call.entity_id)
        if found is None:
            raise ActionFailed("NO_SUCH_INSTANCE", f"no {call.process} {call.entity_id}", retryable=False)
        summary, _ = found
        canonical = await definitions.program(connection, summary.digest)
        if canonical is None:
            raise ActionFailed("NO_SUCH_PROGRAM", f"no program {summary.digest}", retryable=False)
        span = (max(1, summary.seq - MOST_STEPS + 1), summary.seq)
        steps = await instances.steps_between(connection, call.tenant, call.process, call.entity_id, span)
        plant = await documents.plant(connection, call.tenant)
    program = Program.from_canonical(canonical)
    return InstanceRecord(
        title=title or f"{program.title} {summary.number}",
        plant=plant.name,
        zone=ZoneInfo(plant.time_zone),
        summary=summary,
        program=program,
        steps=steps,
    )


def _printed(document: Document) -> Printed:
    return Printed(document=document.id, filename=document.filename, sha256=document.sha256)


def _filename(text: str) -> str:
    """A name that every file system takes."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")
    return f"{plain[:100] or 'document'}.pdf"
