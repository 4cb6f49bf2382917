"""The worker's chore of telling people: alerts about incidents, hourly digests, letters that wait."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable

from activities.actions.equipment import Equipment
from activities.notices.digests import make_digests
from activities.notices.incident_alerts import alert_incidents
from activities.notices.post import Post
from activities.store.database import Database
from activities.store.repositories import mail_queue
from workflows.domain.errors import Unavailable

KEPT = dt.timedelta(days=90)
"""Letters that were sent or given up."""

_IDLE_S = 2.0
_TROUBLE_S = 5.0

_log = logging.getLogger(__name__)


class Notifier:
    """Several may run at once, in one process or in many."""

    def __init__(self, database: Database, post: Post, *, base_url: str, clock: Callable[[], dt.datetime]) -> None:
        self._database = database
        self._post = post
        self._base_url = base_url
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled; whatever goes wrong in a round is logged and tried again."""
        while True:
            try:
                done = await self.round()
            except Exception as problem:
                away = isinstance(problem, Unavailable)
                _log.log(logging.WARNING if away else logging.ERROR, "telling people failed: %s", problem)
                await asyncio.sleep(_TROUBLE_S)
                continue
            if not done:
                await asyncio.sleep(_IDLE_S)

    async def round(self) -> int:
        """Everything that is due now, a batch of each kind; gives how much there was."""
        alerted = await alert_incidents(self._database, self._clock(), self._base_url)
        digests = await make_digests(self._database, self._clock(), self._base_url)
        return alerted + digests + await self._post.send_due()


def notifier(equipment: Equipment) -> Notifier:
    """The chore of a worker with this equipment."""
    base_url, clock = equipment.base_url, equipment.clock
    post = Post(equipment.database, equipment.mail, base_url=base_url, clock=clock)
    return Notifier(equipment.database, post, base_url=base_url, clock=clock)


async def forget_letters(database: Database) -> None:
    """Deletes what was settled long ago."""
    async with database.system() as connection:
        await mail_queue.forget_settled(connection, KEPT)
