"""Password hashes: argon2id, computed off the event loop and few at a time, because each takes 64 MB and 50 ms."""

from __future__ import annotations

import asyncio
from functools import cache

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

AT_ONCE = 2

_hashes = PasswordHash((Argon2Hasher(),))


@cache
def _nobody() -> str:
    """What an unknown user's password is compared with, so that knowing names takes as long as not knowing them."""
    return _hashes.hash("the password of a user who does not exist")


def hash_password(password: str) -> str:
    """An argon2id hash in PHC form; blocks for about 50 ms."""
    return _hashes.hash(password)


class Passwords:
    """Verifies passwords; one per process, so that the limit holds."""

    def __init__(self) -> None:
        self.turn = asyncio.Semaphore(AT_ONCE)
        """Held by whoever verifies; what is read inside is not older than the verdict."""

    async def verify(self, password: str, known: str | None) -> tuple[bool, str | None]:
        """Whether it is the password, and a new hash when `known` was made with older parameters.

        `known` None takes as long as any other and is never right.
        """
        right, fresh = await asyncio.to_thread(_verify, password, known or _nobody())
        return (right, fresh) if known is not None else (False, None)


def _verify(password: str, known: str) -> tuple[bool, str | None]:
    try:
        return _hashes.verify_and_update(password, known)
    except UnknownHashError:
        return False, None
