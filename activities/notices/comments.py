"""Who hears of a comment: those it mentions, and low in urgency whoever else watches the instance."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.notices.letters import About, Message
from activities.notices.telling import tell
from activities.store.repositories import recipients
from activities.store.repositories.collaboration import Comment, Place, Watcher


async def tell_of_comment(
    connection: AsyncConnection,
    place: Place,
    comment: Comment,
    watchers: list[Watcher],
    *,
    at: dt.datetime,
    base_url: str,
) -> None:
    """In the transaction of the comment. The writer is not told."""
    named = await recipients.naming(connection, place.tenant, place.process, place.entity_id)
    number, title = named or (f"{place.process} {place.entity_id}", "")
    writer = comment.username.lower()
    mentioned = {name.lower() for name in comment.mentions} - {writer}
    watching = {watcher.username.lower() for watcher in watchers} - mentioned - {writer}
    for wording, names in (("mentioned", mentioned), ("commented", watching)):
        message = Message(
            key=f"comment/{comment.id}",
            urgency="normal" if wording == "mentioned" else "low",
            about=About(place.process, place.entity_id, number, title),
            wording=wording,
            values={"name": comment.name, "number": number, "text": comment.text},
        )
        people = await recipients.people(connection, place.tenant, names=names) if names else []
        await tell(connection, place.tenant, message, people=people, at=at, base_url=base_url)
