"""What waits, in figures: for metrics and alerts, over all tenants."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from activities.notices.post import WAITS
from activities.store.database import Database
from activities.store.repositories import backlog


@dataclass(frozen=True, slots=True)
class Backlog:
    open_incidents: int
    outbox_lag_s: float
    """Age of the oldest domain event that is not dispatched, in seconds; 0: none waits."""
    letters_waiting: int = 0
    letters_late: int = 0
    """Of these, tried four times or more: the mail server is away, or does not like them."""


async def measure(database: Database) -> Backlog:
    async with database.system() as connection:
        waiting = await backlog.open_incidents(connection)
        since = await backlog.oldest_undispatched(connection)
        letters, late = await backlog.letters(connection, len(WAITS))
    lag = (dt.datetime.now(dt.UTC) - since).total_seconds() if since else 0.0
    return Backlog(waiting, max(0.0, lag), letters, late)
