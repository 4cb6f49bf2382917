"""What waits, in figures: for metrics and alerts, over all tenants."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from activities.store.database import Database
from activities.store.repositories import backlog


@dataclass(frozen=True, slots=True)
class Backlog:
    open_incidents: int
    outbox_lag_s: float
    """Age of the oldest domain event that is not dispatched, in seconds; 0: none waits."""


async def measure(database: Database) -> Backlog:
    async with database.system() as connection:
        waiting = await backlog.open_incidents(connection)
        since = await backlog.oldest_undispatched(connection)
    lag = (dt.datetime.now(dt.UTC) - since).total_seconds() if since else 0.0
    return Backlog(waiting, max(0.0, lag))
