"""Requests that may be sent twice: the same key and request get the same reservation and the same answer.

A key is the caller's own: whoever builds it puts the caller into it, so that nobody reads another's answer.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from activities.store.database import Database
from activities.store.repositories import reservations
from activities.store.repositories.reservations import KEPT, Reservation

__all__ = ["Idempotency", "Reservation"]


class Idempotency:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve(self, tenant: str, key: str, request_hash: str, *, kept: dt.timedelta = KEPT) -> Reservation:
        """Bind `key` to a request and reserve an entity id for it; a repeat finds the same one.

        A request still in flight gives its reservation (`status` None): what follows is itself keyed by the
        reserved id, so carrying it out again changes nothing.

        Raises:
            IdempotencyMismatch: the key stands for another request.
        """
        async with self._database.transaction(tenant) as connection:
            return await reservations.reserve(connection, tenant, key, request_hash, kept=kept)

    async def complete(self, tenant: str, key: str, status: int, response: Any) -> None:
        """Store the answer for repeats; the first one stands."""
        async with self._database.transaction(tenant) as connection:
            await reservations.complete(connection, tenant, key, status, response)

    async def forget_expired(self) -> int:
        """Delete keys past their time; returns how many."""
        async with self._database.system() as connection:
            return await reservations.forget_expired(connection)
