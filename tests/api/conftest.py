"""The API over real servers: one application, a tenant of its own for every test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
import structlog
from fastapi import FastAPI
from sqlalchemy import insert
from temporalio.client import Client

from activities.actions.equipment import equip
from activities.actions.registry import default as default_registry
from activities.instance_activities import InstanceActivities
from activities.services.passwords import hash_password
from activities.settings import Settings
from activities.store.database import Database
from activities.store.program_source import program_source
from activities.store.tables import tenants, users
from activities.temporal import connect
from activities.worker import workers
from api.app import create_app
from api.contracts.kpi.translate import claims
from api.deps import Services
from api.wiring import assemble
from workflows.machine import programs

if TYPE_CHECKING:
    from tests.api.court import Court
    from tests.api.report import Report

PASSWORD = "correct horse battery staple"
NOBODY = "127.0.0.1:1"
"""An address where no Temporal answers."""


@pytest.fixture(scope="session", autouse=True)
def plain_log() -> None:
    """Failures are read in the report of the test run: no colours, no values of local variables."""
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, renderer]
    )


@pytest.fixture(scope="session")
def password_hash() -> str:
    return hash_password(PASSWORD)


@pytest.fixture(scope="session")
def settings(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        data=tmp_path_factory.mktemp("data"),
        database_url=database_url,
        temporal_address=NOBODY,
        jwt_secret="a secret of the tests, long enough for HS256",
        secret_key="another secret of the tests, as long as that",
        allowed_private_networks=("127.0.0.0/8",),
    )


@pytest.fixture(scope="session")
def program_cache(database_url: str) -> None:
    """Programs come from the session's database."""
    programs.install(program_source(database_url))


@pytest.fixture(scope="session")
async def services(settings: Settings, database: Database, program_cache: None) -> Services:
    """Temporal is away."""
    return assemble(settings, database, await connect(NOBODY, lazy=True))


async def _running(settings: Settings, services: Services) -> AsyncIterator[FastAPI]:
    app = create_app(settings, services=nullcontext(services))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture(scope="session")
async def app(settings: Settings, services: Services) -> AsyncIterator[FastAPI]:
    async for running in _running(settings, services):
        yield running


@pytest.fixture(scope="session")
async def live_services(
    settings: Settings, database: Database, temporal_client: Client, program_cache: None
) -> AsyncIterator[Services]:
    """With Temporal and a worker."""
    suffix = f"-api-{uuid4().hex[:8]}"
    services = assemble(settings, database, temporal_client, queue_suffix=suffix)
    bound = InstanceActivities(
        database=database,
        registry=default_registry(),
        instances=services.instances,
        equipment=equip(settings, database),
    )
    async with workers(temporal_client, bound, queue_suffix=suffix):
        yield services


@pytest.fixture(scope="session")
async def live_app(settings: Settings, live_services: Services) -> AsyncIterator[FastAPI]:
    async for running in _running(settings, live_services):
        yield running


class Plant:
    """A tenant with people, and requests in their names."""

    def __init__(self, tenant: str, app: FastAPI, database: Database, password_hash: str) -> None:
        self.tenant = tenant
        self.app = app
        self.services: Services = app.state.services
        self.database = database
        self._password_hash = password_hash
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")

    async def person(self, *roles: str, username: str | None = None, name: str | None = None, **more: Any) -> int:
        """A new user, by default named after the first role."""
        username = username or roles[0]
        row = {
            "tenant_id": self.tenant,
            "username": username,
            "full_name": name or username.replace("_", " ").title(),
            "password_hash": self._password_hash,
            "roles": list(roles),
            **more,
        }
        async with self.database.system() as connection:
            return int((await connection.execute(insert(users).values(**row).returning(users.c.id))).scalar_one())

    async def token(self, user_id: int) -> str:
        user = await self.services.accounts.find(self.tenant, user_id)
        assert user is not None
        return self.services.access_tokens.issue(claims(user))

    async def as_(self, *roles: str, **more: Any) -> httpx.AsyncClient:
        """A client that sends the token of a new user with these roles."""
        token = await self.token(await self.person(*roles, **more))
        return self.with_credential(token)

    def with_credential(self, credential: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app),
            base_url="http://test",
            headers={"Authorization": f"Bearer {credential}"},
        )


async def new_plant(app: FastAPI, database: Database, password_hash: str) -> Plant:
    tenant = f"t{uuid4().hex[:10]}"
    async with database.system() as connection:
        await connection.execute(insert(tenants).values(tenant_id=tenant, name="Test plant"))
    return Plant(tenant, app, database, password_hash)


@pytest.fixture
async def plant(app: FastAPI, database: Database, password_hash: str) -> Plant:
    return await new_plant(app, database, password_hash)


@pytest.fixture
async def other_plant(app: FastAPI, database: Database, password_hash: str) -> Plant:
    return await new_plant(app, database, password_hash)


@pytest.fixture
async def live_plant(live_app: FastAPI, database: Database, password_hash: str) -> Plant:
    return await new_plant(live_app, database, password_hash)


@pytest.fixture
async def report(live_plant: Plant) -> Report:
    """The process of the tests, published, with its people."""
    from tests.api.report import Report

    report = Report(live_plant)
    await report.set_up()
    return report


@pytest.fixture
async def court(live_plant: Plant) -> Court:
    """Processes that keep people apart, published, with their people."""
    from tests.api.court import Court

    court = Court(live_plant)
    await court.set_up()
    return court
