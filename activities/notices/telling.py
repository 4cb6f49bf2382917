"""Telling people something, in the caller's transaction: notices in the application, and letters as each wants them.

Nothing is sent here; letters are queued, so that what is committed is told and what is rolled back is not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.notices import letters
from activities.notices.letters import Message
from activities.notices.recipients import admins, writable
from activities.services.origin import Origin
from activities.store.repositories import audit, mail_queue, notifications, recipients
from activities.store.repositories.notifications import Preferences
from activities.store.repositories.recipients import Person
from workflows.engine.events import SYSTEM

_WORKER = Origin(source="worker")


async def tell(
    connection: AsyncConnection,
    tenant: str,
    message: Message,
    *,
    people: Sequence[Person],
    addresses: Sequence[str] = (),
    at: dt.datetime,
    base_url: str,
    by_mail: bool = True,
) -> set[str]:
    """Tells people, and outside addresses, on one occasion; gives the user names of those who had not been told yet.

    Args:
        addresses: get a letter at once, whatever the urgency: they have nothing else.
        by_mail: False: only in the application.
    """
    chosen = await notifications.preferences(connection, tenant, [person.username for person in people])
    zone = await recipients.zone(connection, tenant)
    rows: list[dict[str, Any]] = []
    outgoing: dict[str, dict[str, Any]] = {}
    for person in people:
        choice = chosen.get(person.username, Preferences())
        way = choice.way(message.urgency) if by_mail and writable(person.email) else "in_app"
        rows.append(_row(message, person, choice, at, next_hour(at, zone) if way == "digest" else None))
        if way == "at_once":
            rendered = letters.letter(message, choice.language, base_url, name=person.full_name)
            outgoing[person.username] = _letter(message, str(person.email), rendered)
    told = await notifications.add(connection, tenant, rows)
    outside = letters.letter(message, "en", base_url, name=None)
    queued = [letter for username, letter in outgoing.items() if username in told]
    queued += [_letter(message, address, outside) for address in addresses]
    await mail_queue.add(connection, tenant, queued, at)
    return told


async def tell_admins(
    connection: AsyncConnection, tenant: str, message: Message, *, action: str, at: dt.datetime, base_url: str
) -> None:
    """Alerts the tenant's admins in the application, and puts on record that there was something to alert about.

    Mail is left out on purpose: the alert is about a way of telling people that did not work.
    """
    people = await admins(connection, tenant)
    told = await tell(connection, tenant, message, people=people, at=at, base_url=base_url, by_mail=False)
    if people and not told:
        return
    about = message.about
    entry = _WORKER.entry(
        action,
        SYSTEM,
        (about.process, str(about.entity_id)) if about else None,
        after={"told": sorted(told), **message.values},
        reason=message.words("en")[0],
    )
    await audit.append(connection, tenant, entry)


def next_hour(at: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The next full hour on the plant's clocks, which need not be one of UTC."""
    local = at.astimezone(zone)
    past = dt.timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return at - past + dt.timedelta(hours=1)


def _row(
    message: Message, person: Person, choice: Preferences, at: dt.datetime, digest_at: dt.datetime | None
) -> dict[str, Any]:
    subject, text = message.words(choice.language)
    about = message.about
    return {
        "key": message.key,
        "username": person.username,
        "urgency": message.urgency,
        "subject": subject,
        "text": text,
        "process": about.process if about else None,
        "entity_id": about.entity_id if about else None,
        "number": about.number if about else None,
        "topic": message.topic,
        "created_at": at,
        "digest_at": digest_at,
    }


def _letter(message: Message, address: str, rendered: letters.Rendered) -> dict[str, Any]:
    return {
        "key": message.key,
        "address": address,
        "urgency": message.urgency,
        "subject": rendered.subject,
        "text": rendered.text,
        "html": rendered.html,
    }
