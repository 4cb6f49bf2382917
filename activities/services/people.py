"""Who acts, with everything that counts for it now: own roles, whom they act for, what they are certified for.

Looked up at every request, so that a revoked delegation or certificate counts no longer at once. Decides nothing
about permissions; the engine judges by what it is given here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

from activities.store.database import Database
from activities.store.repositories import accounts, standing
from activities.store.repositories.api_keys import ApiKey
from workflows.engine.events import Actor

__all__ = ["People"]


class People:
    """One per process."""

    def __init__(self, database: Database, *, now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)) -> None:
        self._database = database
        self._now = now

    async def actor(self, tenant: str, user_id: int) -> Actor | None:
        """The user as of now; None: there is none, or the account is not active."""
        async with self._database.transaction(tenant) as connection:
            user = await accounts.by_id(connection, tenant, user_id)
            if user is None or not user.active:
                return None
            found = await standing.of_user(connection, tenant, user.username, self._now())
        return replace(user.actor, acts_for=found.acts_for, skills=found.skills)

    async def key_actor(self, key: ApiKey) -> Actor:
        """An API key acts for nobody and is certified for nothing; who issued it answers for it."""
        actor = Actor(key.id, key.username, key.name, key.roles, kind="api_key")
        if key.owner_id is None:
            return actor
        async with self._database.transaction(key.tenant) as connection:
            owner = await accounts.by_id(connection, key.tenant, key.owner_id)
        return replace(actor, owner=owner.username if owner else None)
