"""The whole product in processes of its own, as `jidoka run` starts it, for tests that hurt them."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import psutil

from activities.embedded.child import Child
from activities.embedded.ports import free_port

DEMO_PASSWORD = "jidoka-demo"
READY_WITHIN_S = 60.0
_SERVES = "Jidoka serves"


class Plant:
    """`jidoka run` on a data folder; leaving its `async with` block stops it in good order."""

    def __init__(self, data: Path, **env: str) -> None:
        self.data = data
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("JIDOKA_", "TEMPORAL_"))},
            "JIDOKA_DATA": str(data),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            **env,
        }
        self.output = data / "logs" / "run.log"
        command = [sys.executable, "-P", "-m", "api.cli.main", "run"]
        self.supervisor = Child("jidoka run", command, log=self.output, env=self.env)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.supervisor.stop(timeout_s=30)

    async def start(self) -> None:
        already = self.said().count(_SERVES)
        self.supervisor.spawn()
        while self.said().count(_SERVES) == already:
            if not self.supervisor.running:
                raise self.supervisor.failure("ended while starting")
            await asyncio.sleep(0.05)

    def said(self) -> str:
        """What the supervisor has told so far."""
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def process(self, name: str) -> psutil.Process:
        """The running `worker`, `api`, `postgres` or `temporal` of this plant."""
        for child in psutil.Process(self.supervisor.pid).children():
            line = child.cmdline()
            if line and (line[-1] == name or Path(line[0]).name == name):
                return child
        raise LookupError(f"no {name} runs")

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.base_url, timeout=30, trust_env=False)

    @asynccontextmanager
    async def log_in(self, username: str) -> AsyncIterator[httpx.AsyncClient]:
        """A client that acts as a demo user."""
        async with self.client() as client:
            answer = await client.post("/api/v1/auth/login", json={"username": username, "password": DEMO_PASSWORD})
            answer.raise_for_status()
            client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            yield client

    async def ready(self) -> None:
        """Wait until the API says that everything it stands on answers."""
        deadline = time.monotonic() + READY_WITHIN_S
        async with self.client() as client:
            while not await _is_ready(client):
                assert time.monotonic() < deadline, self.said()
                await asyncio.sleep(0.05)


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        answer: Any = await client.get("/readyz")
    except httpx.TransportError:
        return False
    return bool(answer.status_code == httpx.codes.OK)
