"""Accounts: log-in with lock-out, sessions of rotating refresh tokens, and who a user is now.

Decides nothing about permissions. Failures to log in are counted in SQL for known users; for unknown names a small
memory answers alike, so that the lock does not tell which names exist.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.services.origin import Origin
from activities.services.passwords import Passwords
from activities.store.database import Database
from activities.store.repositories import accounts, audit
from activities.store.repositories.accounts import LogIn, User
from workflows.domain.errors import LockedOut, NotAuthenticated

__all__ = ["Accounts", "Session", "User"]

FAILURES = 5
"""Failed log-ins in a row before an account is locked."""
LOCK = dt.timedelta(minutes=15)
_UNKNOWN_NAMES = 10_000
REFRESH_MARK = "jdr_"


@dataclass(frozen=True, slots=True)
class Session:
    """What a log-in or a refresh gives; the access token is made from `user` by the API."""

    user: User
    family: UUID
    """Stays the same for all tokens that follow from one log-in."""
    refresh_token: str
    refresh_expires_in: int
    """Seconds."""


class Accounts:
    """One per process."""

    def __init__(
        self,
        database: Database,
        *,
        refresh_lifetime_s: int,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._database = database
        self._lifetime = dt.timedelta(seconds=refresh_lifetime_s)
        self._now = now
        self._passwords = Passwords()
        self._unknown = _UnknownNames(now)

    async def find(self, tenant: str, user_id: int) -> User | None:
        """The user as of now, active or not."""
        async with self._database.transaction(tenant) as connection:
            return await accounts.by_id(connection, tenant, user_id)

    async def log_in(self, username: str, password: str, *, tenant: str | None, origin: Origin) -> Session:
        """
        Args:
            tenant: None: the name must be unique in the installation.

        Raises:
            NotAuthenticated: name or password is wrong, the account is not active, or the name is not unique.
            LockedOut: too many failures; also for the right password.
        """
        async with self._passwords.turn:
            async with self._database.system() as connection:
                known = await self._known(connection, username, tenant)
            self._demand_unlocked(known, username, tenant)
            right, fresh_hash = await self._passwords.verify(password, known.password_hash if known else None)
            if known is None:
                self._unknown.count(username, tenant)
                raise _wrong()
            if not right or not known.user.active:
                await self._note_failure(known.user, origin, right)
                raise _wrong()
        async with self._database.system() as connection:
            now = self._now()
            await accounts.note_log_in(connection, known.user.id, now=now, new_hash=fresh_hash)
            await _record(connection, known.user, "auth.log_in", origin)
            return await self._session(connection, known.user, uuid4(), now)

    async def prove(
        self,
        tenant: str,
        user_id: int,
        password: str,
        *,
        username: str | None,
        action: str,
        origin: Origin,
    ) -> User:
        """Whether whoever is logged in as the user is the user: the password once more, for one act.

        Args:
            username: as entered; None: not asked for.
            action: of the audit entry about a failure.

        Raises:
            NotAuthenticated: SIGNATURE_WRONG_PASSWORD; counts like a failed log-in.
            LockedOut: too many failures; also for the right password.
        """
        async with self._passwords.turn:
            async with self._database.system() as connection:
                known = await accounts.log_in_of(connection, tenant, user_id)
            if known is None:
                raise _not_proven()
            self._demand_unlocked(known, known.user.username, tenant)
            right, fresh_hash = await self._passwords.verify(password, known.password_hash)
            right = right and (username is None or username.lower() == known.user.username.lower())
            if not right or not known.user.active:
                await self._note_failure(known.user, origin, right, action)
                raise _not_proven()
        async with self._database.system() as connection:
            await accounts.forget_failures(connection, user_id, new_hash=fresh_hash)
        return known.user

    async def refresh(self, refresh_token: str, *, origin: Origin) -> Session:
        """Exchange a refresh token for the next one of its session.

        Raises:
            NotAuthenticated: unknown, expired, revoked, or used before; the last ends the whole session, because one
                of the two who had it had it by theft.
        """
        async with self._database.system() as connection:
            session = await self._rotated(connection, refresh_token, origin)
        if session is None:  # said outside, so that an ended session is committed and stays ended
            raise NotAuthenticated("The refresh token is not valid any more")
        return session

    async def log_out(self, tenant: str, user_id: int, refresh_token: str | None, *, origin: Origin) -> None:
        """End the session of one refresh token of the user, or all of them. A token that is not theirs: nothing."""
        async with self._database.system() as connection:
            user = await accounts.by_id(connection, tenant, user_id)
            if user is None:
                return
            if refresh_token is None:
                await accounts.revoke_all(connection, user_id, self._now())
            else:
                found = await accounts.refresh_token_for_update(connection, _hash(refresh_token))
                if found is None or found.user_id != user_id:
                    return
                await accounts.revoke_family(connection, found.family, self._now())
            await _record(connection, user, "auth.log_out", origin)

    async def holder(self, tenant: str, assignee: str | None, candidates: list[str]) -> User | None:
        """Who a task waits for, when that is one person: the assignee, or the only active user of its only role."""
        async with self._database.transaction(tenant) as connection:
            if assignee is not None:
                return await accounts.by_username(connection, tenant, assignee)
            kind, _, name = candidates[0].partition(":") if len(candidates) == 1 else ("", "", "")
            if kind == "user":
                return await accounts.by_username(connection, tenant, name)
            found = await accounts.holders(connection, tenant, name, limit=2) if kind == "role" else []
            return found[0] if len(found) == 1 else None

    # --- log-in ---------------------------------------------------------------------------------------------

    async def _known(self, connection: AsyncConnection, username: str, tenant: str | None) -> LogIn | None:
        found = await accounts.log_ins(connection, username, tenant)
        return found[0] if len(found) == 1 else None

    def _demand_unlocked(self, known: LogIn | None, username: str, tenant: str | None) -> None:
        until = known.locked_until if known else self._unknown.locked_until(username, tenant)
        left_s = (until - self._now()).total_seconds() if until else 0
        if left_s > 0:
            raise LockedOut(
                "Too many failed log-ins; try again later", details={"retry_after_s": max(1, round(left_s))}
            )

    async def _note_failure(self, user: User, origin: Origin, right: bool, action: str = "auth.log_in") -> None:
        async with self._database.system() as connection:
            locked = await accounts.count_failure(connection, user.id, now=self._now(), limit=FAILURES, lock=LOCK)
            reason = "the account is not active" if right else "wrong password"
            if locked is not None:
                reason += f"; locked until {locked:%Y-%m-%dT%H:%M:%SZ}"
            await _record(connection, user, action, origin, refused=NotAuthenticated(reason))

    # --- sessions -------------------------------------------------------------------------------------------

    async def _rotated(self, connection: AsyncConnection, refresh_token: str, origin: Origin) -> Session | None:
        now = self._now()
        found = await accounts.refresh_token_for_update(connection, _hash(refresh_token))
        if found is None or found.revoked_at is not None or found.expires_at <= now:
            return None
        user = await accounts.by_id(connection, found.tenant, found.user_id)
        if user is None:
            return None
        if found.used_at is not None or not user.active:
            await accounts.revoke_family(connection, found.family, now)
            reason = "the account is not active" if found.used_at is None else "the refresh token was used before"
            refused = NotAuthenticated(f"{reason}; the session has been ended")
            await _record(connection, user, "auth.refresh", origin, refused=refused)
            return None
        await accounts.mark_used(connection, found.id, now)
        return await self._session(connection, user, found.family, now)

    async def _session(self, connection: AsyncConnection, user: User, family: UUID, now: dt.datetime) -> Session:
        token = REFRESH_MARK + secrets.token_urlsafe(32)
        await accounts.add_refresh_token(
            connection,
            user,
            token_hash=_hash(token),
            family=family,
            issued_at=now,
            expires_at=now + self._lifetime,
        )
        return Session(user, family, token, int(self._lifetime.total_seconds()))


class _UnknownNames:
    """Failures of names that nobody has."""

    def __init__(self, now: Callable[[], dt.datetime]) -> None:
        self._now = now
        self._seen: OrderedDict[tuple[str | None, str], tuple[int, dt.datetime | None]] = OrderedDict()

    def locked_until(self, username: str, tenant: str | None) -> dt.datetime | None:
        return self._seen.get((tenant, username.lower()), (0, None))[1]

    def count(self, username: str, tenant: str | None) -> None:
        key = (tenant, username.lower())
        failures, until = self._seen.pop(key, (0, None))
        failures = 1 if until is not None else failures + 1
        self._seen[key] = (failures, self._now() + LOCK if failures >= FAILURES else None)
        while len(self._seen) > _UNKNOWN_NAMES:
            self._seen.popitem(last=False)


async def _record(
    connection: AsyncConnection, user: User, action: str, origin: Origin, *, refused: NotAuthenticated | None = None
) -> None:
    entry = origin.entry(action, user.actor, ("user", str(user.id)), refused=refused)
    await audit.append(connection, user.tenant, entry)


def _wrong() -> NotAuthenticated:
    return NotAuthenticated("The user name or the password is wrong")


def _not_proven() -> NotAuthenticated:
    return NotAuthenticated("The user name or the password is wrong", code="SIGNATURE_WRONG_PASSWORD")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
