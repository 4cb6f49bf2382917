"""Alive, ready, and in figures."""

from __future__ import annotations

from contextlib import nullcontext

import httpx
import pytest
from fastapi import FastAPI

from activities.settings import Settings
from activities.store.database import Database
from activities.temporal import connect
from api.app import create_app
from api.wiring import assemble
from tests.api.conftest import NOBODY, Plant

AWAY = "postgresql://nobody:secret@127.0.0.1:1/nothing"


async def test_alive_says_nothing_about_others(plant: Plant) -> None:
    answer = await plant.client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_ready_names_what_is_away(plant: Plant) -> None:
    """In this application Temporal is away."""
    answer = await plant.client.get("/readyz")

    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    checks = answer.json()["checks"]
    assert checks["database"] == {"status": "ok"}
    assert checks["temporal"]["status"] == "unavailable"


async def test_ready_when_all_is_there(live_app: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=live_app), base_url="http://test") as client:
        answer = await client.get("/readyz")

    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


async def test_figures_count_by_route_and_not_by_path(plant: Plant) -> None:
    client = await plant.as_("operator")
    for number in range(3):
        await client.get(f"/api/v1/definitions/p{number}")
    await client.request("BREW", "/coffee")

    text = (await plant.client.get("/metrics")).text

    assert 'route="/api/v1/definitions/{process}",status="404"' in text
    assert "/api/v1/definitions/p1" not in text
    assert 'method="other",route="unmatched"' in text
    assert "jidoka_open_incidents" in text
    assert "jidoka_outbox_lag_seconds" in text
    assert "jidoka_letters_waiting" in text
    assert "jidoka_letters_late" in text


@pytest.fixture
async def without_database(settings: Settings) -> httpx.AsyncClient:
    """An application whose database is away."""
    database = Database(AWAY)
    services = assemble(settings, database, await connect(NOBODY, lazy=True))
    app = create_app(settings, services=nullcontext(services))
    app.state.services = services
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/v1/tasks", None),
        ("POST", "/api/v1/auth/login", {"username": "x", "password": "y"}),
        ("POST", "/api/v1/workflows/ncr_report/1/transition/approve", {}),
        ("GET", "/api/v1/webhooks", None),
    ],
)
async def test_while_the_database_is_away_answers_are_503_with_retry_after(
    without_database: httpx.AsyncClient, plant: Plant, method: str, path: str, body: object
) -> None:
    token = plant.services.access_tokens.issue({"sub": "x", "tenant": plant.tenant, "uid": 1})

    answer = await without_database.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "secret" not in answer.text


async def test_while_the_database_is_away_the_process_is_alive_but_not_ready(
    without_database: httpx.AsyncClient,
) -> None:
    alive, ready, figures = [await without_database.get(path) for path in ("/healthz", "/readyz", "/metrics")]

    assert (alive.status_code, ready.status_code, figures.status_code) == (200, 503, 200)
    assert "secret" not in ready.text


async def test_while_temporal_is_away_reads_go_on_and_commands_are_503(plant: Plant) -> None:
    from api.contracts.platform.examples import YAML

    admin = await plant.as_("admin")
    await admin.post("/api/v1/definitions", json={"yaml": YAML})

    read, start = await admin.get("/api/v1/workflows/door"), await admin.post("/api/v1/workflows/door", json={})

    assert (read.status_code, start.status_code) == (200, 503)
    assert int(start.headers["retry-after"]) > 0
