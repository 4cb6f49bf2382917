"""Tenants: how one comes into being with its first people, and how it is closed."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from activities.services.audit import append
from activities.services.origin import Origin
from activities.services.passwords import hash_password
from activities.store.database import Database
from activities.store.repositories import tenants as repository
from workflows.domain.errors import AlreadyExists, InvalidInput, NotFound
from workflows.engine.events import SYSTEM

SHORTEST_PASSWORD = 10
_KEY = re.compile(r"[a-z][a-z0-9-]{1,39}")
_COMMAND_LINE = Origin(source="cli")


@dataclass(frozen=True, slots=True)
class NewUser:
    """Somebody a tenant begins with."""

    username: str
    name: str
    """For people: "QC Manager"."""
    roles: tuple[str, ...]
    password: str = field(repr=False)
    email: str | None = None


class Tenants:
    """One per process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, key: str, name: str, *, users: Sequence[NewUser], time_zone: str = "UTC") -> None:
        """A new tenant with its first people, all or nothing.

        Args:
            key: short and for ever: part of workflow ids, the `tenant` of a log-in.

        Raises:
            InvalidInput: the key's form, or a password that is too short.
            AlreadyExists: the key is taken.
        """
        _demand_usable(key, users)
        hashes = [await asyncio.to_thread(hash_password, user.password) for user in users]
        async with self._database.system() as connection:
            if not await repository.add(connection, key, name, time_zone):
                raise AlreadyExists(f"there is a tenant {key} already", details={"id": key})
            for user, password_hash in zip(users, hashes, strict=True):
                await repository.add_user(
                    connection,
                    key,
                    {
                        "username": user.username,
                        "full_name": user.name,
                        "email": user.email,
                        "roles": list(user.roles),
                        "password_hash": password_hash,
                    },
                )
            after = {"name": name, "users": [user.username for user in users]}
            await append(connection, key, _COMMAND_LINE.entry("tenant.create", SYSTEM, ("tenant", key), after=after))

    async def exists(self, key: str) -> bool:
        """Whether there is such a tenant, disabled or not."""
        async with self._database.system() as connection:
            return await repository.exists(connection, key)

    async def is_open(self, key: str) -> bool:
        """Whether there is such a tenant and its people may log in."""
        async with self._database.system() as connection:
            return await repository.is_open(connection, key)

    async def set_open(self, key: str, *, to: bool) -> None:
        """Let the tenant's people and keys in, or keep them out; its running instances go on.

        Raises:
            NotFound: no such tenant.
        """
        async with self._database.system() as connection:
            if not await repository.disable(connection, key, None if to else dt.datetime.now(dt.UTC)):
                raise NotFound(f"there is no tenant {key}")
            action = "tenant.enable" if to else "tenant.disable"
            await append(connection, key, _COMMAND_LINE.entry(action, SYSTEM, ("tenant", key)))


def _demand_usable(key: str, users: Sequence[NewUser]) -> None:
    if not _KEY.fullmatch(key):
        raise InvalidInput(
            f"{key!r} cannot be a tenant's key",
            violations=[{"field": "key", "value": key, "constraint": "2 to 40 of a-z, 0-9 and -, a letter first"}],
        )
    for user in users:
        if len(user.password) < SHORTEST_PASSWORD:
            raise InvalidInput(
                f"the password of {user.username} is too short",
                violations=[
                    {"field": "password", "value": None, "constraint": f"at least {SHORTEST_PASSWORD} characters"}
                ],
            )
