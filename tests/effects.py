"""What tests of actions need: a tenant with people, equipment for one worker, calls, and a clock they can move."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from activities.actions.context import ActivityCall
from activities.actions.equipment import Equipment
from activities.outbound.client import GuardedClient, Timeouts
from activities.outbound.mail import Mailer, MailServer
from activities.secrets import SecretBox
from activities.store.database import Database
from activities.webhooks.health import Rules
from workflows.engine.events import Actor

LOOPBACK = ("127.0.0.0/8",)
FAST = Timeouts(connect_s=1.0, read_s=0.5, total_s=1.0)
KEY = "a key that is long enough for tests, and no other use"
ANNA = Actor(7, "anna", "Anna Beck", ("admin",))


@dataclass
class Clock:
    now: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    def __call__(self) -> dt.datetime:
        return self.now

    def advance(self, **length: float) -> None:
        self.now += dt.timedelta(**length)


def equipment(
    database: Database,
    folder: Path,
    *,
    allow: Sequence[str] = LOOPBACK,
    server: MailServer | None = None,
    rules: Rules | None = None,
    clock: Clock | None = None,
) -> Equipment:
    return Equipment(
        database=database,
        http=GuardedClient(allow, timeouts=FAST),
        mail=Mailer("Jidoka <jidoka@plant.example>", server, folder / "mail"),
        secrets=SecretBox(KEY),
        rules=rules or Rules(),
        clock=clock or Clock(),
    )


def call(equipment: Equipment, tenant: str, **fields: Any) -> ActivityCall:
    known: dict[str, Any] = {
        "process": "ncr_report",
        "entity_id": 42,
        "number": "NCR-2026-042",
        "key": f"{tenant}/ncr_report/42:{uuid4().hex[:6]}:0",
    }
    return ActivityCall(equipment=equipment, tenant=tenant, **(known | fields))


async def new_tenant(database: Database, *, time_zone: str = "Europe/Berlin") -> str:
    tenant = f"t-{uuid4().hex[:10]}"
    async with database.system() as connection:
        await connection.execute(
            text("INSERT INTO tenants (tenant_id, name, time_zone) VALUES (:t, 'Plant <Nord>', :z)"),
            {"t": tenant, "z": time_zone},
        )
    return tenant


async def add_user(database: Database, tenant: str, username: str, **columns: Any) -> None:
    row: Mapping[str, Any] = {"email": None, "roles": [], "groups": [], "active": True, **columns}
    async with database.transaction(tenant) as connection:
        await connection.execute(
            text(
                "INSERT INTO users (tenant_id, username, full_name, email, roles, groups, active)"
                " VALUES (:t, :u, :u, :email, :roles, :groups, :active)"
            ),
            {"t": tenant, "u": username, **row},
        )
