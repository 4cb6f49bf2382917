"""`make bench`: runs the product beside a bench worker on the same servers, prints a table, writes build/bench.json.

The servers run as in production, with their writes on disk. Everything happens on one machine, so absolute figures
say as much about the machine as about the product; the ratios do not.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

import psutil
from temporalio.client import Client

from activities.embedded.child import Child
from activities.embedded.postgres import EmbeddedPostgres
from activities.embedded.temporal import EmbeddedTemporal
from activities.temporal import connect
from tests.bench import engine_steps, growth, http
from tests.bench.definition import TEXT
from tests.bench.figures import Figure, table, write
from tests.bench.transitions import compare
from tests.plant import Plant

RESULT = Path("build/bench.json")


def _engine() -> list[Figure]:
    return [
        Figure("engine_steps_per_s_flat", engine_steps.flat_steps_per_s(), "1/s"),
        Figure("engine_steps_per_s_nested", engine_steps.nested_steps_per_s(), "1/s"),
    ]


async def _plant(data: Path) -> list[Figure]:
    plant = Plant(data)
    began = time.perf_counter()
    async with plant:
        figures = [Figure("first_start_s", time.perf_counter() - began, "s")]
        await plant.supervisor.stop(timeout_s=30)
        began = time.perf_counter()
        await plant.start()
        figures.append(Figure("second_start_s", time.perf_counter() - began, "s"))
        async with plant.log_in("admin") as admin:
            (await admin.post("/api/v1/definitions", json={"yaml": TEXT})).raise_for_status()
        async with plant.log_in("operator") as operator:
            figures += await _told("through HTTP", http.measure(operator))
        figures += await _through_temporal(plant)
    return figures


async def _through_temporal(plant: Plant) -> list[Figure]:
    address = EmbeddedTemporal.last_address(plant.data / "temporal")
    assert address is not None
    url = EmbeddedPostgres(plant.data / "postgres").url()
    command = [sys.executable, "-P", "-m", "tests.bench.worker", url, address]
    child = Child("bench worker", command, log=plant.data / "logs" / "bench.log")
    child.spawn()
    measuring = asyncio.create_task(_compare(await connect(address), psutil.Process(child.pid)))
    ended = asyncio.create_task(child.exited())
    try:
        await asyncio.wait([measuring, ended], return_when=asyncio.FIRST_COMPLETED)
        if not measuring.done():
            raise child.failure("ended while being measured")
        return measuring.result()
    finally:
        measuring.cancel()
        await child.stop()


async def _compare(client: Client, worker: psutil.Process) -> list[Figure]:
    return [
        *await _told("1,000 instances", growth.fill_worker(client, worker)),
        *await _told("1 instance", compare(client, 1)),
        *await _told("50 instances", compare(client, 50)),
        *await _told("5,000 transitions of one instance", growth.age(client)),
    ]


async def _told(what: str, figures: Awaitable[list[Figure]]) -> list[Figure]:
    print(f"… {what}", file=sys.stderr, flush=True)
    return await figures


def main() -> int:
    """Exit status 0; the figures are for people and for CI to compare."""
    data = Path(tempfile.mkdtemp(prefix="jidoka-bench-"))
    try:
        figures = _engine() + asyncio.run(_plant(data))
    finally:
        shutil.rmtree(data, ignore_errors=True)
    print(table(figures))
    write(figures, RESULT)
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # Temporal's threads may abort the interpreter's teardown
