"""A person's own notices and how they want to be told. What is told by whom and when is the worker's affair."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict

from activities.services.audit import append, now
from activities.services.origin import Origin
from activities.store.database import Database
from activities.store.repositories import notifications as repository
from activities.store.repositories.notifications import Counts, Notification, Preferences
from workflows.domain.errors import NotFound
from workflows.domain.records import Page
from workflows.engine.events import Actor

__all__ = ["Counts", "Notification", "Notifications", "Preferences"]


class Notifications:
    """Each method sees the notices of one person only."""

    def __init__(self, database: Database, *, clock: Callable[[], dt.datetime] = now) -> None:
        self._database = database
        self._clock = clock

    async def page(
        self, tenant: str, username: str, *, unread: bool | None = None, page: int = 1, per_page: int = 50
    ) -> tuple[Page[Notification], Counts]:
        """Unread ones first, newest first; with how many are unread."""
        async with self._database.transaction(tenant) as connection:
            found = await repository.page(connection, tenant, username, unread=unread, number=page, per_page=per_page)
            return found, await repository.counts(connection, tenant, username)

    async def mark_read(self, tenant: str, username: str, notification: int) -> Notification:
        """Marks one as read; what has been read stays as it was.

        Raises:
            NotFound: the person has no such notice.
        """
        async with self._database.transaction(tenant) as connection:
            await repository.mark_read(connection, tenant, username, self._clock(), notification)
            found = await repository.find(connection, tenant, username, notification)
        if found is None:
            raise NotFound(f"there is no notification {notification}", details={"id": notification})
        return found

    async def mark_all_read(self, tenant: str, username: str) -> int:
        """How many were unread."""
        async with self._database.transaction(tenant) as connection:
            return await repository.mark_read(connection, tenant, username, self._clock())

    async def preferences(self, tenant: str, username: str) -> Preferences:
        async with self._database.transaction(tenant) as connection:
            return (await repository.preferences(connection, tenant, [username])).get(username, Preferences())

    async def choose(self, tenant: str, actor: Actor, chosen: Preferences, origin: Origin) -> Preferences:
        """Keep what the person wants from now on; on record with what it was before."""
        async with self._database.transaction(tenant) as connection:
            known = await repository.preferences(connection, tenant, [actor.username])
            before = known.get(actor.username, Preferences())
            await repository.keep_preferences(connection, tenant, actor.username, chosen)
            entry = origin.entry(
                "notification.preferences",
                actor,
                ("notification_preferences", actor.username),
                before=asdict(before),
                after=asdict(chosen),
            )
            await append(connection, tenant, entry)
        return chosen
