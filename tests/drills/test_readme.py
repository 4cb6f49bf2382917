"""The first-process chapter of the README works as printed."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sysconfig
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.embedded.ports import free_port
from tests.plant import Plant

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(180)


def _chapter() -> str:
    """The commands of the chapter, in order."""
    text = (ROOT / "README.md").read_text()
    chapter = re.search(r"^## First process.*?(?=^## )", text, re.MULTILINE | re.DOTALL)
    assert chapter is not None
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", chapter[0], re.MULTILINE | re.DOTALL))


@pytest.fixture
async def plant() -> AsyncIterator[Plant]:
    data = Path(tempfile.mkdtemp(prefix="jidoka-readme-"))
    async with Plant(data, JIDOKA_ALLOWED_PRIVATE_NETWORKS="127.0.0.0/8") as plant:
        yield plant
    shutil.rmtree(data, ignore_errors=True)


async def test_first_process_chapter_works_as_printed(plant: Plant, tmp_path: Path) -> None:
    output = tmp_path / "output"
    listener = str(free_port())
    script = _chapter().replace("127.0.0.1:8000", f"127.0.0.1:{plant.port}").replace("9000", listener)
    script = script.replace(".venv/bin/jidoka", f"{sysconfig.get_path('scripts')}/jidoka")
    with output.open("w") as file:
        shell = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", script + "\nwait"],
            cwd=ROOT,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "no_proxy": "127.0.0.1"},
        )
    try:
        async with asyncio.timeout(90):
            while not _complete(output.read_text()):
                assert shell.poll() is None, output.read_text()
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(output.read_text())
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        await asyncio.to_thread(shell.wait)
    text = output.read_text()
    orders = re.findall(r'"number":"(ORD-\d+-\d+)"', text)
    assert len(orders) == 2
    assert len(set(orders)) == 1
    assert re.search(r'"reason":"[^"]*, not you"', text)
    assert '"current_state":"' in text
    assert "BAD SIGNATURE" not in text


def _complete(text: str) -> bool:
    """All three events have arrived and the last command, the diagram, has been drawn."""
    arrived = re.findall(r"signature good {2}(\S+)", text)
    return {"order.created", "ncr.submitted", "ncr.approved"} <= set(arrived) and "stateDiagram" in text
