"""Comments with mentions, watching, and drafts of forms: what people leave at an instance without moving it."""

from __future__ import annotations

import json
import re
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.notices.comments import tell_of_comment
from activities.services.audit import now
from activities.services.origin import Origin
from activities.store.database import Database
from activities.store.repositories import audit, collaboration
from activities.store.repositories.collaboration import Comment, Draft, Place, Watcher
from workflows.domain.errors import InvalidInput, NotAllowed, NotFound, PayloadTooLarge
from workflows.domain.records import Page
from workflows.engine.events import Actor

__all__ = ["Collaboration", "Comment", "Draft", "Place", "Watcher"]

MENTION = re.compile(r"(?<![\w@.])@([A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_])?)")
"""`@name`; not within a mail address, and without the full stop that ends the sentence."""
MOST_MENTIONS = 50
LARGEST_DRAFT = 64 * 1024
"""Bytes of JSON, as of a command: more could not be sent in the end."""


class Collaboration:
    """One per process."""

    def __init__(self, database: Database, *, base_url: str) -> None:
        """
        Args:
            base_url: how people reach the pages; for links in letters about comments.
        """
        self._database = database
        self._base_url = base_url

    # --- comments -------------------------------------------------------------------------------------------

    async def comment(
        self, place: Place, text: str, *, task: str | None, actor: Actor, origin: Origin
    ) -> tuple[Comment, list[str]]:
        """The comment, and names it mentions that nobody has. Who is mentioned watches from now on, and the writer too.

        Who is mentioned is told, and with low urgency everybody else who watches.

        Raises:
            NotFound: no such instance or task.
            InvalidInput: more than 50 mentions.
        """
        named = list(dict.fromkeys(name.lower() for name in MENTION.findall(text)))
        if len(named) > MOST_MENTIONS:
            constraint = f"must mention at most {MOST_MENTIONS} people"
            raise InvalidInput(
                f"text {constraint}", violations=[{"field": "text", "value": None, "constraint": constraint}]
            )
        async with self._database.transaction(place.tenant) as connection:
            await _demand(connection, place, task)
            mentions = await collaboration.usernames(connection, place.tenant, named) if named else []
            values = {
                "task": task,
                "text": text,
                "mentions": mentions,
                "username": actor.username,
                "name": actor.name,
            }
            made = await collaboration.add_comment(connection, place, values)
            await collaboration.watch(connection, place, mentions, "mention")
            if actor.kind == "user":
                await collaboration.watch(connection, place, [actor.username], "self")
            after = {"comment": made.id, "task": task, "text": text, "mentions": mentions}
            await audit.append(connection, place.tenant, _entry(origin, "comment.create", actor, place, after))
            watchers = await collaboration.watchers(connection, place)
            await tell_of_comment(connection, place, made, watchers, at=now(), base_url=self._base_url)
        known = {name.lower() for name in mentions}
        return made, [name for name in named if name not in known]

    async def comments(self, place: Place, *, task: str | None, page: int, per_page: int) -> Page[Comment]:
        """Oldest first. Raises NotFound."""
        async with self._database.transaction(place.tenant) as connection:
            await _demand(connection, place, task)
            return await collaboration.comments(connection, place, task, page, per_page)

    # --- watching -------------------------------------------------------------------------------------------

    async def watch(self, place: Place, username: str | None, *, actor: Actor, origin: Origin) -> list[Watcher]:
        """Everybody who watches now.

        Args:
            username: somebody else who is to watch; None: the actor.

        Raises:
            NotFound: no such instance.
            InvalidInput: no such user.
        """
        async with self._database.transaction(place.tenant) as connection:
            await _demand(connection, place, None)
            if username is None or username.lower() == actor.username.lower():
                await collaboration.watch(connection, place, [_person(actor)], "self")
                return await collaboration.watchers(connection, place)
            found = await collaboration.usernames(connection, place.tenant, [username])
            if not found:
                violation = {"field": "username", "value": username, "constraint": "must be an active user"}
                raise InvalidInput("username must be an active user", violations=[violation])
            await collaboration.watch(connection, place, found, "added")
            entry = _entry(origin, "watcher.add", actor, place, {"username": found[0]})
            await audit.append(connection, place.tenant, entry)
            return await collaboration.watchers(connection, place)

    async def unwatch(self, place: Place, username: str, *, actor: Actor, origin: Origin) -> None:
        """Whether they watched does not matter. Raises NotFound: no such instance."""
        async with self._database.transaction(place.tenant) as connection:
            await _demand(connection, place, None)
            watched = await collaboration.unwatch(connection, place, username)
            if watched and username.lower() != actor.username.lower():
                entry = _entry(origin, "watcher.remove", actor, place, {"username": username})
                await audit.append(connection, place.tenant, entry)

    async def watchers(self, place: Place) -> list[Watcher]:
        """By name. Raises NotFound."""
        async with self._database.transaction(place.tenant) as connection:
            await _demand(connection, place, None)
            return await collaboration.watchers(connection, place)

    async def watches(self, place: Place, actor: Actor) -> bool:
        async with self._database.transaction(place.tenant) as connection:
            return await collaboration.watches(connection, place, actor.username)

    # --- drafts ---------------------------------------------------------------------------------------------

    async def save_draft(
        self, place: Place, task: str, transition: str | None, data: dict[str, Any], *, actor: Actor
    ) -> Draft:
        """Keep what the actor has filled in so far; nobody else sees it. Not judged by the form: it is not finished.

        Raises:
            NotFound: no such open task.
            PayloadTooLarge: more than a command may carry.
        """
        size = len(json.dumps(data).encode())
        if size > LARGEST_DRAFT:
            raise PayloadTooLarge(f"the draft is {size} bytes of JSON, at most {LARGEST_DRAFT} are kept")
        async with self._database.transaction(place.tenant) as connection:
            await _demand(connection, place, task, open_only=True)
            return await collaboration.save_draft(connection, place, task, _person(actor), transition, data)

    async def draft(self, place: Place, task: str, *, actor: Actor) -> Draft:
        """Raises NotFound: the actor has none."""
        async with self._database.transaction(place.tenant) as connection:
            found = await collaboration.draft(connection, place, task, actor.username)
        if found is None:
            raise NotFound(f"You have no draft for task {task} of {place.process} {place.entity_id}", code="NO_DRAFT")
        return found

    async def drop_draft(self, place: Place, task: str, *, actor: Actor) -> None:
        """Dropping what is not there is nothing. Raises NotFound: no such task."""
        async with self._database.transaction(place.tenant) as connection:
            await _demand(connection, place, task)
            await collaboration.drop_draft(connection, place, task, actor.username)


async def _demand(connection: AsyncConnection, place: Place, task: str | None, *, open_only: bool = False) -> None:
    if not await collaboration.instance_exists(connection, place):
        raise NotFound(f"no {place.process} with id {place.entity_id}")
    if task is not None and not await collaboration.task_exists(connection, place, task, open_only=open_only):
        kind = "open task" if open_only else "task"
        raise NotFound(f"There is no {kind} {task} of {place.process} {place.entity_id}", code="NO_SUCH_TASK")


def _person(actor: Actor) -> str:
    if actor.kind != "user":
        raise NotAllowed("Only a person can watch or keep drafts, no API key")
    return actor.username


def _entry(origin: Origin, action: str, actor: Actor, place: Place, after: dict[str, Any]) -> Any:
    return origin.entry(action, actor, (place.process, str(place.entity_id)), after=after)
