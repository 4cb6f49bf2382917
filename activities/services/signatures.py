"""Electronic signatures after 21 CFR Part 11: the person proves to be the one, and what is signed is held fast.

The signature made here travels with the command; whether one is needed, of which meaning and by whom, is decided by
the engine, and the step that takes it puts it on record.

The first signing of a session takes both components, user name and password; later ones the password alone, as long
as the pause since the last signing is not longer than the set time. That is stricter than counting idle time: a
session that was idle for so long has not signed either. After a log-out or the end of the session nothing is signed
until the next log-in (11.200(a)(1)).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from activities.services.accounts import Accounts
from activities.services.origin import Origin
from activities.store.database import Database
from activities.store.repositories import signatures as repository
from activities.store.step_form import utc_text
from workflows.domain.errors import NotAllowed, NotAuthenticated, NotFound
from workflows.domain.records import SignatureEntry
from workflows.domain.signing import hash_of, signed_content
from workflows.engine.events import Actor

__all__ = ["Content", "SignatureEntry", "Signatures", "Signing"]


@dataclass(frozen=True, slots=True)
class Signing:
    """What the signer enters."""

    password: str
    meaning: str
    username: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What is signed, and as of which step of the instance."""

    covered: dict[str, Any]
    seq: int
    """The command must be refused when the instance has moved on: something else would have been signed."""


class Signatures:
    """One per process."""

    def __init__(
        self,
        database: Database,
        accounts: Accounts,
        *,
        idle_s: int,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._idle = dt.timedelta(seconds=idle_s)
        self._now = now

    async def content(self, tenant: str, process: str, entity_id: int, code: str, form: dict[str, Any]) -> Content:
        """What a signature of the transition `code` with the fields `form` covers now.

        Raises:
            NotFound: the tenant has no such instance.
        """
        async with self._database.transaction(tenant) as connection:
            standing = await repository.standing(connection, tenant, process, entity_id)
        if standing is None:
            raise NotFound(f"no {process} with id {entity_id}")
        covered = signed_content(
            process=process,
            entity_id=entity_id,
            number=standing.number,
            digest=standing.digest,
            code=code,
            data=standing.data,
            form=form,
            attachments=standing.attachments,
        )
        return Content(covered, standing.seq)

    async def sign(
        self, tenant: str, actor: Actor, session: UUID | None, signing: Signing, content: Content, *, origin: Origin
    ) -> dict[str, Any]:
        """The signature, as a command carries it; the password ends here.

        Args:
            session: family of the refresh tokens of the log-in; None: unknown, both components are needed each time.

        Raises:
            NotAllowed: SIGNATURE_BY_KEY, only people sign.
            NotAuthenticated: SIGNATURE_SESSION_ENDED; SIGNATURE_BOTH_COMPONENTS, the user name is needed, too;
                SIGNATURE_WRONG_PASSWORD, one of them is wrong, which counts as a failed log-in.
            LockedOut: too many failures; also for the right password.
        """
        if actor.kind != "user" or actor.id is None:
            raise NotAllowed("Only a person can sign, not an API key", code="SIGNATURE_BY_KEY")
        await self._demand_components(tenant, actor.id, session, signing)
        user = await self._accounts.prove(
            tenant, actor.id, signing.password, username=signing.username, action="signature.sign", origin=origin
        )
        now = self._now()
        if session is not None:
            async with self._database.transaction(tenant) as connection:
                await repository.note_signing(connection, tenant, session, actor.id, now)
        return {
            "meaning": signing.meaning,
            "username": user.username,
            "printed_name": user.name,
            "at": utc_text(now),
            "method": "password" if signing.username is None else "username and password",
            "content_hash": hash_of(content.covered),
            "content": content.covered,
        }

    async def of_instance(self, tenant: str, process: str, entity_id: int) -> list[SignatureEntry]:
        """In the order in which they were given."""
        async with self._database.transaction(tenant) as connection:
            return await repository.of_instance(connection, tenant, process, entity_id)

    async def _demand_components(self, tenant: str, user_id: int, session: UUID | None, signing: Signing) -> None:
        last, now = None, self._now()
        if session is not None:
            async with self._database.transaction(tenant) as connection:
                if not await repository.session_lives(connection, tenant, session, user_id, now):
                    raise NotAuthenticated(
                        "The session has ended; log in again to sign", code="SIGNATURE_SESSION_ENDED"
                    )
                last = await repository.last_signing(connection, tenant, session, user_id)
        continues = last is not None and now - last <= self._idle
        if signing.username is None and not continues:
            raise NotAuthenticated(
                "The first signature of a session, and the first after a pause, needs user name and password",
                code="SIGNATURE_BOTH_COMPONENTS",
            )
