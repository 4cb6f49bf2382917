"""Evidence packs: one file with everything about an instance and the proof that nothing of it was changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from activities import checkpoints
from activities.documents.gather import file_name, gather
from activities.documents.instance import compose
from activities.documents.pdf import to_pdf
from activities.evidence import members, pack
from activities.evidence.pack import ReadFile
from activities.services.origin import Origin
from activities.store.database import Database
from activities.store.repositories import audit, evidence, signatures
from activities.store.repositories.evidence import Key
from workflows.domain.errors import NotFound
from workflows.engine.events import Actor

__all__ = ["Evidence"]


class Evidence:
    """One per process.

    Args:
        read: content of attachments by storage key; None: packs have their hashes only.
    """

    def __init__(self, database: Database, read: ReadFile | None = None) -> None:
        self._database = database
        self._read = read
        self._drawing = asyncio.Semaphore(1)

    async def export(
        self, tenant: str, process: str, entity_id: int, *, by: Actor, origin: Origin
    ) -> tuple[str, AsyncIterator[bytes]]:
        """File name and content of the pack of an instance as it stands; the export goes on record.

        What was written until now is put under a checkpoint first, unless an older transaction is still running.

        Raises:
            NotFound: the tenant has no such instance.
            PdfUnavailable: this machine cannot make PDFs.
        """
        key = Key(tenant, process, entity_id)
        await checkpoints.cover(self._database, tenant)
        async with self._database.transaction(tenant) as connection:
            kept = await evidence.instance(connection, key)
            if kept is None:
                raise NotFound(f"no {process} with id {entity_id}", details={"process": process, "id": entity_id})
            record = await gather(connection, tenant, process, entity_id)
            record = replace(record, signatures=await signatures.of_instance(connection, tenant, process, entity_id))
            found = await pack.rows_of(connection, key, kept, b"")
            proven = await pack.proofs(connection, tenant, pack.covered_rows(found))
            attachments = await evidence.files(connection, key)
        async with self._drawing:
            found[members.RECORD] = await asyncio.to_thread(lambda: to_pdf(compose(record)))
        made = pack.sealed(found, attachments, proven, by=by, with_files=self._read is not None)
        entry = origin.entry(
            "evidence.export", by, (process, str(entity_id)), after={"manifest_sha256": made.manifest_sha256}
        )
        async with self._database.transaction(tenant) as connection:
            await audit.append(connection, tenant, entry)
        return f"{file_name(record).removesuffix('.pdf')}.evidence.zip", made.stream(self._read)
