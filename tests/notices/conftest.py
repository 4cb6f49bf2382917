"""A plant with people, a clock and a mail server of its own for every test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from activities.actions.equipment import Equipment
from activities.actions.registry import default
from activities.notices.chore import Notifier, notifier
from activities.notices.post import Post
from activities.services.notifications import Notifications
from activities.store.database import Database
from tests.effects import Clock, add_user, call, equipment, new_tenant
from tests.postman import Postman, free_port, serving


@dataclass
class Plant:
    tenant: str
    database: Database
    clock: Clock
    postman: Postman
    equipment: Equipment
    inbox: Notifications
    port: int
    servers: ExitStack

    def open_post_office(self) -> None:
        self.servers.enter_context(serving(self.postman, self.port))

    def close_post_office(self) -> None:
        self.servers.close()

    def worker(self) -> Notifier:
        """What one worker does beside its activities."""
        return notifier(self.equipment)

    def post(self) -> Post:
        return Post(self.database, self.equipment.mail, base_url="https://plant.example", clock=self.clock)

    async def notify(self, to: Any, key: str | None = None, **fields: Any) -> dict[str, Any]:
        key = f"{self.tenant}/{key or uuid4()}"
        return await default().run_activity(
            call(self.equipment, self.tenant, key=key), "notify.email", {"to": to, "subject": "Due", **fields}
        )

    async def told(self, username: str) -> list[str]:
        """Subjects of a person's notices, in the order of the list."""
        page, _ = await self.inbox.page(self.tenant, username)
        return [notice.subject for notice in page.items]

    async def rows(self, query: str, **values: Any) -> list[Any]:
        async with self.database.transaction(self.tenant) as connection:
            return list((await connection.execute(text(query), values)).all())

    async def waiting(self) -> int:
        return len(await self.rows("SELECT id FROM mail_queue WHERE next_at IS NOT NULL"))


@pytest.fixture
async def nothing_waits(database: Database) -> None:
    """A worker serves all tenants: what other tests left behind must not come to this one's mail server."""
    async with database.engine.begin() as connection:
        await connection.execute(
            text("UPDATE mail_queue SET failed_at = now(), next_at = NULL WHERE next_at IS NOT NULL")
        )
        await connection.execute(text("UPDATE notifications SET digest_at = NULL WHERE digest_at IS NOT NULL"))
        await connection.execute(text("UPDATE incidents SET alerted_at = now() WHERE alerted_at IS NULL"))


@pytest.fixture
async def plant(nothing_waits: None, database: Database, tmp_path: Path) -> AsyncIterator[Plant]:
    tenant = await new_tenant(database)
    port, clock = free_port(), Clock()
    clock.now = clock.now.replace(minute=10, second=0, microsecond=0)
    with ExitStack() as servers:
        postman = Postman()
        server = servers.enter_context(serving(postman, port))
        given = equipment(database, tmp_path, server=server, clock=clock)
        made = replace(given, base_url="https://plant.example")
        yield Plant(tenant, database, clock, postman, made, Notifications(database, clock=clock), port, servers)


@pytest.fixture
async def people(plant: Plant) -> None:
    for name, roles in (("anna", ["qc_manager"]), ("bo", ["qc_manager"]), ("root", ["admin"])):
        await add_user(plant.database, plant.tenant, name, email=f"{name}@plant.example", roles=roles)
