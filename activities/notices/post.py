"""Letters leave the house: each is claimed, sent, and settled; what the server does not take is tried again.

A claim is committed before the server is spoken to, so a killed worker sends a letter twice at worst, under the same
Message-ID, and never loses it. Any number of workers may do this at once.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable

from activities.notices.letters import Message
from activities.notices.telling import tell_admins
from activities.outbound.mail import Letter, Mailer, MailFailed
from activities.store.database import Database
from activities.store.repositories import mail_queue, notifications
from activities.store.repositories.mail_queue import QueuedLetter

WAITS = (dt.timedelta(minutes=1), dt.timedelta(minutes=5), dt.timedelta(minutes=15))
"""Before the second, third and fourth attempt; when that fails too, the admins are alerted."""
LATER = dt.timedelta(hours=1)
"""Between all further attempts."""
GIVEN_UP_AFTER = dt.timedelta(days=5)
"""As mail servers among themselves (RFC 5321, 4.5.4.1)."""
LEASE = dt.timedelta(minutes=2)
"""Longer than a batch can take: letters of one are sent together, each within the server's patience."""
BATCH = 10
QUIET = dt.timedelta(hours=1)
"""One trouble is told once in this time."""

_log = logging.getLogger(__name__)


class Post:
    def __init__(self, database: Database, mail: Mailer, *, base_url: str, clock: Callable[[], dt.datetime]) -> None:
        self._database = database
        self._mail = mail
        self._base_url = base_url
        self._clock = clock

    async def send_due(self) -> int:
        """One batch of each tenant that has letters to send; gives how many were tried.

        A server that does not take one batch is left alone for this round: the other tenants' letters stay due.
        """
        async with self._database.system() as connection:
            tenants = await mail_queue.tenants_due(connection, self._clock())
        tried = 0
        for tenant in tenants:
            letters, taken = await self._send_batch(tenant, None)
            tried += letters
            if not taken:
                break
        return tried

    async def send(self, tenant: str, key: str) -> None:
        """The letters of one occasion, now; what the server does not take at once waits for `send_due`."""
        letters, taken = await self._send_batch(tenant, key)
        while letters and taken:
            letters, taken = await self._send_batch(tenant, key)

    async def _send_batch(self, tenant: str, key: str | None) -> tuple[int, bool]:
        """How many were tried, and whether the server takes letters."""
        claimed = await self._claim(tenant, key)
        problems = await asyncio.gather(*(self._try(tenant, letter) for letter in claimed))
        for letter, problem in zip(claimed, problems, strict=True):  # one by one: one trouble is one alert
            if problem is not None:
                await self._not_taken(tenant, letter, problem)
        return len(claimed), not any(problem and problem.temporary for problem in problems)

    async def _claim(self, tenant: str, key: str | None) -> list[QueuedLetter]:
        async with self._database.transaction(tenant) as connection:
            return await mail_queue.claim(connection, tenant, self._clock(), lease=LEASE, limit=BATCH, key=key)

    async def _try(self, tenant: str, letter: QueuedLetter) -> MailFailed | None:
        outgoing = Letter([letter.address], letter.subject, letter.text, letter.key, letter.created_at, letter.html)
        try:
            await self._mail.send(outgoing)
        except MailFailed as problem:
            return problem
        except OSError as problem:  # without a server, letters are files, and a disk can be full
            return MailFailed(str(problem), temporary=True)
        async with self._database.transaction(tenant) as connection:
            await mail_queue.mark_sent(connection, tenant, letter.id, self._clock())
        return None

    async def _not_taken(self, tenant: str, letter: QueuedLetter, problem: MailFailed) -> None:
        at, error = self._clock(), problem.message[:500]
        _log.warning("letter %d of %s was not taken, attempt %d: %s", letter.id, tenant, letter.attempts, error)
        given_up = not problem.temporary or at - letter.created_at >= GIVEN_UP_AFTER
        async with self._database.transaction(tenant) as connection:
            if given_up:
                await mail_queue.mark_failed(connection, tenant, letter.id, at, error)
            else:
                wait = WAITS[letter.attempts - 1] if letter.attempts <= len(WAITS) else LATER
                await mail_queue.postpone(connection, tenant, letter.id, at + wait, error)
            if not given_up and letter.attempts <= len(WAITS):
                return
            trouble = _trouble(letter, error, given_up=given_up)
            topic = trouble.topic or ""
            if given_up or not await notifications.told_since(connection, tenant, topic, at - QUIET):
                await tell_admins(connection, tenant, trouble, action="mail.trouble", at=at, base_url=self._base_url)


def _trouble(letter: QueuedLetter, error: str, *, given_up: bool) -> Message:
    wording = "mail_failed" if given_up else "mail_late"
    return Message(
        key=f"{wording}/{letter.id}/{letter.attempts}",
        urgency="critical",
        wording=wording,
        values={"address": letter.address, "error": error, "subject": letter.subject},
        topic="mail" if wording == "mail_late" else f"mail/{letter.address}",
    )
