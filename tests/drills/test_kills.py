"""Any process may be killed under load without losing or doubling anything."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psutil
import pytest
from sqlalchemy import select
from standardwebhooks import Webhook

from activities.embedded.postgres import EmbeddedPostgres
from activities.store.database import Database
from activities.store.tables import steps
from tests.drills.stream import DEFINITION, EVENT, PROCESS, Stream
from tests.plant import Plant
from tests.receiver import Receiver, receiving

INSTANCES = 6
DELIVERED_WITHIN_S = 60.0
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
async def plant() -> AsyncIterator[Plant]:
    data = Path(tempfile.mkdtemp(prefix="jidoka-drill-"))
    async with Plant(data, JIDOKA_ALLOWED_PRIVATE_NETWORKS="127.0.0.0/8") as plant:
        yield plant
    shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="module")
async def secret(plant: Plant, receiver: Receiver) -> str:
    """The drill's process is published and its events go to the receiver; gives the signing secret."""
    async with plant.log_in("admin") as admin:
        published = await admin.post("/api/v1/definitions", json={"yaml": DEFINITION})
        published.raise_for_status()
        hook = await admin.post("/api/v1/webhooks", json={"url": receiver.url, "events": [EVENT]})
        hook.raise_for_status()
        return str(hook.json()["secret"])


@pytest.fixture
async def operator(plant: Plant, secret: str) -> AsyncIterator[httpx.AsyncClient]:
    async with plant.log_in("operator") as client:
        yield client


@pytest.mark.parametrize("victim", ["worker", "api", "postgres", "temporal"])
async def test_a_killed_process_loses_and_doubles_nothing(
    plant: Plant, operator: httpx.AsyncClient, receiver: Receiver, secret: str, victim: str
) -> None:
    stream = Stream(operator, victim)
    async with stream.running(INSTANCES):
        await stream.ticks(3 * INSTANCES)
        before = plant.process(victim)

        before.kill()

        await stream.ticks(3 * INSTANCES)
        await plant.ready()
    assert plant.process(victim).pid != before.pid
    await _every_accepted_tick_is_on_record_once(plant, stream)
    await _every_event_was_delivered_with_one_id(receiver, stream, secret)


async def test_everything_killed_at_once_comes_back_with_everything_accepted(
    plant: Plant, operator: httpx.AsyncClient, receiver: Receiver, secret: str
) -> None:
    """A power cut: with the supervisor every process ends at once."""
    stream = Stream(operator, "everything")
    async with stream.running(INSTANCES):
        await stream.ticks(3 * INSTANCES)
        processes = [plant.process(name) for name in ("worker", "api", "postgres", "temporal")]

        plant.supervisor.kill()

        await plant.supervisor.exited()
        _, alive = psutil.wait_procs(processes, timeout=10)
        assert all(process.status() == psutil.STATUS_ZOMBIE for process in alive)
        await plant.start()
        await stream.ticks(3 * INSTANCES)
    await _every_accepted_tick_is_on_record_once(plant, stream)
    await _every_event_was_delivered_with_one_id(receiver, stream, secret)


async def test_after_all_that_the_numbers_are_unique_and_the_logs_intact(plant: Plant, secret: str) -> None:
    async with plant.log_in("operator") as operator:
        listed = await operator.get(f"/api/v1/workflows/{PROCESS}", params={"per_page": 100})
    numbers = [item["number"] for item in listed.json()["instances"]]
    checked = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-P", "-m", "api.cli.main", "audit", "verify"],
        env=plant.env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert len(numbers) == len(set(numbers)) >= INSTANCES
    assert checked.returncode == 0, checked.stdout


async def _every_accepted_tick_is_on_record_once(plant: Plant, stream: Stream) -> None:
    database = Database(EmbeddedPostgres(plant.data / "postgres").url(), pool_size=1)
    query = select(steps.c.seq, steps.c.command_id).where(steps.c.process == PROCESS).order_by(steps.c.seq)
    try:
        async with database.system() as connection:
            for instance in stream.instances:
                rows = await connection.execute(query.where(steps.c.entity_id == instance.id))
                recorded = [(row.seq, row.command_id.rpartition(":")[2]) for row in rows][1:]
                assert recorded == list(enumerate(instance.accepted, 2))
    finally:
        await database.close()


async def _every_event_was_delivered_with_one_id(receiver: Receiver, stream: Stream, secret: str) -> None:
    expected = {
        (instance.number, count) for instance in stream.instances for count in range(1, len(instance.accepted) + 1)
    }
    async with asyncio.timeout(DELIVERED_WITHIN_S):
        while not expected <= set(_delivered(receiver, secret)):
            receiver.arrived.clear()
            await receiver.arrived.wait()
    assert {what: ids for what, ids in _delivered(receiver, secret).items() if len(ids) != 1} == {}


def _delivered(receiver: Receiver, secret: str) -> dict[tuple[str, int], set[str]]:
    """Number and count of each event that arrived -> the ids it arrived with; the signature is checked."""
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    for hit in receiver.hits:
        Webhook(secret).verify(hit.body, dict(hit.headers))
        told = json.loads(hit.body)["data"]
        found[told["number"], told["count"]].add(hit.headers["webhook-id"])
    return found
