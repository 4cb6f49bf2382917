"""Files at instances: looked into before they are kept, named by their hash, never deleted but void with a reason."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.services.archives import demand_harmless
from activities.services.file_kinds import plain_name, recognised
from activities.services.origin import Origin
from activities.store.database import Database
from activities.store.files import Files
from activities.store.repositories import attachments, audit, collaboration
from activities.store.repositories.attachments import Attachment
from activities.store.repositories.collaboration import Place
from workflows.domain.errors import Conflict, NotAllowed, NotFound, PayloadTooLarge
from workflows.engine.events import Actor

__all__ = ["Attachment", "Attachments", "Upload"]

MOST = 500
"""Files at one instance, void ones too."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent."""

    name: str | None
    media_type: str | None
    """As declared; believed only when the content agrees."""
    content: bytes


class Attachments:
    """One per process; two files are looked into at a time, because each takes a whole core."""

    def __init__(self, database: Database, files: Files, *, largest: int) -> None:
        """Args: largest: bytes of one file."""
        self._database = database
        self._files = files
        self._looking = asyncio.Semaphore(2)
        self.largest = largest

    async def add(self, place: Place, upload: Upload, *, task: str | None, actor: Actor, origin: Origin) -> Attachment:
        """
        Raises:
            NotFound: no such instance or task.
            InvalidInput: name or content is not allowed; see `file_kinds` and `archives`.
            PayloadTooLarge: the file is too large.
            Conflict: TOO_MANY_FILES.
            Unavailable: the store of files is away.
        """
        name = plain_name(upload.name)
        if len(upload.content) > self.largest:
            limit = {"limit_bytes": self.largest}
            raise PayloadTooLarge(f"{name} is larger than {self.largest} bytes", code="FILE_TOO_LARGE", details=limit)
        async with self._database.transaction(place.tenant) as connection:
            await self._demand_place(connection, place, task)
        async with self._looking:
            media_type = await asyncio.to_thread(_looked_into, upload, name)
        digest, key = await self._files.put(place.tenant, upload.content)
        values = {
            "task": task,
            "name": name,
            "media_type": media_type,
            "size": len(upload.content),
            "sha256": digest,
            "storage_key": key,
            "uploaded_by": actor.username,
        }
        async with self._database.transaction(place.tenant) as connection:
            made = await attachments.add(connection, place, values)
            await _record(connection, place, "attachment.add", made, actor, origin)
        return made

    async def demand_instance(self, place: Place) -> None:
        """To be told before a large body is read. Raises NotFound."""
        async with self._database.transaction(place.tenant) as connection:
            await _demand_instance(connection, place)

    async def listed(self, place: Place) -> list[Attachment]:
        """With void ones, oldest first. Raises NotFound."""
        async with self._database.transaction(place.tenant) as connection:
            await _demand_instance(connection, place)
            return await attachments.listed(connection, place)

    async def content(self, place: Place, attachment_id: int) -> tuple[Attachment, bytes]:
        """One with its bytes, also when it is void.

        Raises:
            NotFound.
            Unavailable: the store is away, or has not what was put there.
        """
        async with self._database.transaction(place.tenant) as connection:
            found = await attachments.get(connection, place, attachment_id)
        if found is None:
            raise _missing(place, attachment_id)
        return found, await self._files.get(found.storage_key, found.sha256)

    async def void(
        self, place: Place, attachment_id: int, *, reason: str, anybody_s: bool, actor: Actor, origin: Origin
    ) -> Attachment:
        """Declare a file void; it stays, and is shown as void. Twice is once.

        Args:
            anybody_s: also a file that somebody else uploaded.

        Raises:
            NotFound.
            NotAllowed: it is somebody else's.
        """
        async with self._database.transaction(place.tenant) as connection:
            found = await attachments.get(connection, place, attachment_id, for_update=True)
            if found is None:
                raise _missing(place, attachment_id)
            if found.voided_at is not None:
                return found
            if not anybody_s and found.uploaded_by != actor.username:
                raise NotAllowed(f"Only {found.uploaded_by}, who uploaded this file, can void it")
            after = await attachments.void(connection, place, attachment_id, actor.username, reason)
            await _record(connection, place, "attachment.void", after, actor, origin, reason=reason)
        return after

    async def _demand_place(self, connection: AsyncConnection, place: Place, task: str | None) -> None:
        await _demand_instance(connection, place)
        if task is not None and not await collaboration.task_exists(connection, place, task):
            raise NotFound(f"There is no task {task} of {place.process} {place.entity_id}", code="NO_SUCH_TASK")
        if await attachments.count(connection, place) >= MOST:
            raise Conflict(f"there are {MOST} files at this instance already", code="TOO_MANY_FILES")


def _looked_into(upload: Upload, name: str) -> str:
    kind = recognised(upload.content, name, upload.media_type)
    if kind.zipped:
        demand_harmless(upload.content, name)
    return kind.media_type


async def _demand_instance(connection: AsyncConnection, place: Place) -> None:
    if not await collaboration.instance_exists(connection, place):
        raise NotFound(f"no {place.process} with id {place.entity_id}")


async def _record(
    connection: AsyncConnection,
    place: Place,
    action: str,
    item: Attachment,
    actor: Actor,
    origin: Origin,
    *,
    reason: str | None = None,
) -> None:
    after: dict[str, Any] = {
        "attachment": item.id,
        "task": item.task,
        "name": item.name,
        "media_type": item.media_type,
        "size": item.size,
        "sha256": item.sha256,
    }
    entry = origin.entry(action, actor, (place.process, str(place.entity_id)), after=after, reason=reason)
    await audit.append(connection, place.tenant, entry)


def _missing(place: Place, attachment_id: int) -> NotFound:
    return NotFound(f"There is no attachment {attachment_id} of {place.process} {place.entity_id}")
