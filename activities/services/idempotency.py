"""Requests that may be sent twice: the same key and request get the same reservation and the same answer.

A key is the caller's own: whoever builds it puts the caller into it, so that nobody reads another's answer.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from activities.store.database import Database
from activities.store.repositories import reservations
from activities.store.repositories.reservations import KEPT, Reservation

__all__ = ["Idempotency", "Reservation"]


LOCKS = 4
"""Locks held at once by one process. Each keeps a connection, and who holds one needs another to get on."""


class Idempotency:
    """Reserves what a request with a key may create, and keeps its answer; one per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = asyncio.Semaphore(LOCKS)

    async def reserve(
        self, tenant: str, key: str, request_hash: str, *, entity_id: int | None = None, kept: dt.timedelta = KEPT
    ) -> Reservation:
        """Bind `key` to a request and reserve an entity id for it (or take the one given); a repeat finds the same.

        A request still in flight gives its reservation (`status` None): what follows is itself keyed by the
        reserved id, so carrying it out again changes nothing.

        Raises:
            IdempotencyMismatch: the key stands for another request.
        """
        async with self._database.transaction(tenant) as connection:
            return await reservations.reserve(connection, tenant, key, request_hash, entity_id=entity_id, kept=kept)

    @asynccontextmanager
    async def alone(self, tenant: str, key: str) -> AsyncIterator[None]:
        """Inside, nobody else holds `key`: a second request waits, until the first one ends or its process dies.

        Raises:
            Unavailable: the first one took longer than the database lets anybody wait.
        """
        async with self._turn, self._database.transaction(tenant) as connection:
            await reservations.lock(connection, tenant, key)
            yield

    async def complete(self, tenant: str, key: str, status: int, response: Any) -> None:
        """Store the answer for repeats; the first one stands."""
        async with self._database.transaction(tenant) as connection:
            await reservations.complete(connection, tenant, key, status, response)

    async def forget_expired(self) -> int:
        """Delete keys past their time; returns how many."""
        async with self._database.system() as connection:
            return await reservations.forget_expired(connection)
