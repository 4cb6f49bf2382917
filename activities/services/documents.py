"""Documents of instances: the record printed as of now, and those that the process itself made and kept."""

from __future__ import annotations

import asyncio

from activities.documents.gather import file_name, gather
from activities.documents.instance import compose
from activities.documents.pdf import to_pdf
from activities.store.database import Database
from activities.store.repositories import documents
from activities.store.repositories.documents import Document
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
            record = await gather(connection, tenant, process, entity_id)
        async with self._drawing:
            content = await asyncio.to_thread(lambda: to_pdf(compose(record)))
        return file_name(record), content

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
