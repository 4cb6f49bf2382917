"""Paper: `document.pdf`, the record of an instance, which also stands behind the word `document` of the language."""

from __future__ import annotations

import asyncio
import hashlib

from pydantic import Field

from activities.actions.registry import ActivityCall, Arguments, Registry
from activities.documents.gather import file_name, gather
from activities.documents.instance import compose
from activities.documents.pdf import to_pdf
from activities.store.repositories import documents
from activities.store.repositories.documents import Document, NewDocument

actions = Registry()


class Print(Arguments):
    title: str = Field(default="", max_length=200, description="Left out: title of the process and business number.")


class Printed(Arguments):
    document: int = Field(description="Id of the stored document.")
    filename: str
    sha256: str


@actions.activity("document.pdf", title="Make a PDF of the instance", input=Print, output=Printed)
async def pdf(call: ActivityCall, asked: Print) -> Printed:
    """Header, data, timeline and diagram as of now; a repeat finds the first document.

    Raises:
        NotFound: no such instance, or its program is not on record here.
    """
    database = call.equipment.database
    async with database.transaction(call.tenant) as connection:
        known = await documents.by_key(connection, call.tenant, call.key)
        if known is not None:
            return _printed(known)
        record = await gather(connection, call.tenant, call.process, call.entity_id, asked.title)
    async with call.equipment.drawing:
        content = await asyncio.to_thread(lambda: to_pdf(compose(record)))
    new = NewDocument(
        process=call.process,
        entity_id=call.entity_id,
        key=call.key,
        title=record.title,
        filename=file_name(record),
        media_type="application/pdf",
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
    )
    async with database.transaction(call.tenant) as connection:
        await documents.add(connection, call.tenant, new)
        stored = await documents.by_key(connection, call.tenant, call.key)
    assert stored is not None
    return _printed(stored)


def _printed(document: Document) -> Printed:
    return Printed(document=document.id, filename=document.filename, sha256=document.sha256)
