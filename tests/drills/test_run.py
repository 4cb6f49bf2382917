"""`jidoka run` from its start to its orderly end, and again."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.plant import Plant

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def data() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="jidoka-run-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


async def test_run_serves_keeps_others_out_ends_in_order_and_comes_back(data: Path) -> None:
    async with Plant(data) as plant:
        second = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-P", "-m", "api.cli.main", "run"],
            env=plant.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (second.returncode, second.stderr) == (
            1,
            f"jidoka: Jidoka already runs on {data} (process {plant.supervisor.pid})\n",
        )
        processes = psutil.Process(plant.supervisor.pid).children(recursive=True)
        await plant.supervisor.stop(timeout_s=30)
        assert await plant.supervisor.exited() == 0
        assert [process for process in processes if process.is_running()] == []

        await plant.start()
        async with plant.log_in("qc_manager") as client:
            me = await client.get("/api/v1/auth/me")
    assert me.status_code == 200
    assert plant.said().count("demo plant: log in as operator") == 2
