"""Once an hour, what could wait becomes one letter for each person. Of several workers, one makes each digest."""

from __future__ import annotations

import datetime as dt

from activities.notices import letters
from activities.notices.recipients import writable
from activities.store.database import Database
from activities.store.repositories import mail_queue, notifications, recipients
from activities.store.repositories.notifications import Preferences

_PEOPLE = 200
"""Looked up at once; who is left comes in the next round."""


async def make_digests(database: Database, at: dt.datetime, base_url: str) -> int:
    """Queues the digests that are due; gives how many people had one."""
    async with database.system() as connection:
        due = await notifications.digests_due(connection, at, _PEOPLE)
    for tenant, username in due:
        await _make(database, tenant, username, at, base_url)
    return len(due)


async def _make(database: Database, tenant: str, username: str, at: dt.datetime, base_url: str) -> None:
    """Notices and letter change together: a worker that is killed leaves both as they were."""
    async with database.transaction(tenant) as connection:
        lines = await notifications.claim_digest(connection, tenant, username, at)
        if not lines:
            return
        ids = [line.id for line in lines]
        found = await recipients.people(connection, tenant, names=[username])
        if not found or not writable(found[0].email):
            await notifications.settle_digest(connection, tenant, ids, None)
            return
        chosen = await notifications.preferences(connection, tenant, [username])
        language = chosen.get(username, Preferences()).language
        rendered = letters.digest(lines, language, base_url, name=found[0].full_name)
        row = {
            "key": f"digest/{username}/{ids[0]}",
            "address": found[0].email,
            "urgency": "low",
            "subject": rendered.subject,
            "text": rendered.text,
            "html": rendered.html,
        }
        queued = await mail_queue.add(connection, tenant, [row], at)
        await notifications.settle_digest(connection, tenant, ids, queued[0] if queued else None)
