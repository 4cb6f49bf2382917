"""A plant of its own for every test: tenant, worker and queue on the session's real servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel
from sqlalchemy import text
from temporalio.client import Client

from activities.actions.context import ActionFailed, ActivityCall, FactLook, SqlStep
from activities.actions.registry import Arguments, Registry
from activities.instance_activities import InstanceActivities
from activities.services.instances import Instances
from activities.store.database import Database
from activities.store.program_source import program_source
from activities.worker import workers
from workflows.definition.catalogue import Catalogue
from workflows.definition.compile import compile_text
from workflows.domain.errors import RuleRefused
from workflows.engine.events import Actor
from workflows.machine import programs


class Note(Arguments):
    text: str = ""


class Noted(BaseModel):
    text: str


@dataclass
class World:
    """What the test's actions did, and what they shall do next."""

    calls: list[tuple[str, str, int]] = field(default_factory=list)
    """(action, text, attempt) in the order of the calls."""
    keys: list[str] = field(default_factory=list)
    failing: int = 0
    """How many of the next calls fail in a way that may be tried again."""
    fatal: bool = False
    busy_s: float = 0.05
    """Wait that the busy action asks for before it is tried again."""
    refuse: str | None = None
    """Code with which the sql action refuses the step."""
    fact: Any = 0
    called: asyncio.Event = field(default_factory=asyncio.Event)


def registry(world: World) -> Registry:
    actions = Registry()

    @actions.activity("test.note", title="Note", input=Note, output=Noted)
    async def note(call: ActivityCall, arguments: Note) -> Noted:
        world.calls.append(("note", arguments.text, call.attempt))
        world.keys.append(call.key)
        world.called.set()
        if world.fatal:
            raise ActionFailed("BROKEN", "it is broken", retryable=False)
        if world.failing > 0:
            world.failing -= 1
            raise ActionFailed("BUSY", "it is busy", retryable=True, retry_after_s=world.busy_s)
        return Noted(text=arguments.text.upper())

    @actions.activity("test.undo", title="Undo", input=Note, output=Noted)
    async def undo(call: ActivityCall, arguments: Note) -> Noted:
        world.calls.append(("undo", arguments.text, call.attempt))
        return Noted(text="")

    @actions.sql("test.book", title="Book", input=Note, output=Noted)
    async def book(step: SqlStep, arguments: Note) -> Noted:
        if world.refuse is not None:
            raise RuleRefused("the booking is refused", code=world.refuse)
        world.calls.append(("book", arguments.text, 1))
        return Noted(text=arguments.text)

    @actions.fact("test.count", title="Count", input=Note, output=int)
    async def count(look: FactLook, arguments: Note) -> int:
        return int(world.fact)

    return actions


class Plant:
    """One tenant with a worker; everything through the same services the product uses."""

    def __init__(self, tenant: str, database: Database, client: Client, world: World, suffix: str) -> None:
        self.tenant = tenant
        self.database = database
        self.client = client
        self.world = world
        self.registry = registry(world)
        self.instances = Instances(database, client, self.registry, queue_suffix=suffix)
        self.suffix = suffix

    async def publish(self, yaml: str) -> str:
        """Compile and publish; gives the digest."""
        catalogue = Catalogue(self.registry.catalogue().signatures)
        compilation = compile_text(yaml, filename="test.yaml", catalogue=catalogue)
        assert compilation.program is not None, [str(item) for item in compilation.diagnostics]
        program = compilation.program
        async with self.database.system() as connection:
            await connection.execute(
                text("INSERT INTO programs (digest, canonical) VALUES (:d, :c) ON CONFLICT DO NOTHING"),
                {"d": program.digest, "c": program.canonical()},
            )
            await connection.execute(
                text(
                    "INSERT INTO definitions (tenant_id, process, version, digest, title, status, source, files,"
                    " published_at) VALUES (:t, :p, :v, :d, :n, 'published', :s, '{}', now())"
                ),
                {
                    "t": self.tenant,
                    "p": program.process,
                    "v": program.version,
                    "d": program.digest,
                    "n": program.title,
                    "s": yaml,
                },
            )
        return program.digest

    def worker(self) -> Any:
        """A worker for this plant; more than one may run."""
        bound = InstanceActivities(
            database=self.database,
            registry=self.registry,
            instances=self.instances,
            equipment=None,  # type: ignore[arg-type]  # the test's actions need nothing of it
        )
        return workers(self.client, bound, sandboxed=True, queue_suffix=self.suffix)

    async def row(self, process: str, entity_id: int) -> Any:
        """The instance as SQL has it."""
        async with self.database.transaction(self.tenant) as connection:
            query = text("SELECT * FROM instances WHERE process = :p AND entity_id = :e")
            return (await connection.execute(query, {"p": process, "e": entity_id})).one()

    async def steps(self, process: str, entity_id: int) -> list[Any]:
        async with self.database.transaction(self.tenant) as connection:
            query = text("SELECT * FROM steps WHERE process = :p AND entity_id = :e ORDER BY seq")
            return list((await connection.execute(query, {"p": process, "e": entity_id})).all())

    async def until(self, process: str, entity_id: int, **columns: Any) -> Any:
        """Wait until the instance's row shows these values, at most 15 s."""
        async with asyncio.timeout(15):
            while True:
                row = await self.row(process, entity_id)
                if all(getattr(row, name) == value for name, value in columns.items()):
                    return row
                await asyncio.sleep(0.03)


@pytest.fixture
def anna() -> Actor:
    return Actor(7, "anna", "Anna Beck", ("qc_manager",))


@pytest.fixture
def omar() -> Actor:
    return Actor(8, "omar", "Omar Diaz", ("operator",))


@pytest.fixture
async def idle_plant(database: Database, temporal_client: Client, database_url: str) -> Plant:
    """A plant whose worker the test starts itself."""
    tenant = f"t{uuid4().hex[:10]}"
    async with database.system() as connection:
        await connection.execute(text("INSERT INTO tenants (tenant_id, name) VALUES (:t, :t)"), {"t": tenant})
    programs.install(program_source(database_url))
    return Plant(tenant, database, temporal_client, World(), f"-{tenant}")


@pytest.fixture
async def plant(idle_plant: Plant) -> AsyncIterator[Plant]:
    async with idle_plant.worker():
        yield idle_plant
