"""The product's own processes as services: worker and API, each a child running one of our commands."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import httpx
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from activities.embedded.child import Child
from activities.settings import Settings
from workflows.messages.instance import CORE_QUEUE

_START_LIMIT_S = 60.0

Ready = Callable[[int], Awaitable[bool]]
"""Whether the process with this id does its work now; asked again and again while it starts."""


class OwnProcess:
    """One of our commands in a process of its own.

    Args:
        command: what to call `jidoka` with.
        ready: becomes true when the process answers.
        env: added to our own environment.
    """

    def __init__(self, name: str, command: str, *, ready: Ready, log: Path, env: Mapping[str, str]) -> None:
        self.name = name
        self._ready = ready
        arguments = [sys.executable, "-P", "-m", "api.cli.main", command]
        self.child = Child(name, arguments, log=log, env={**os.environ, **env})

    async def start(self) -> None:
        """Start and wait until the process answers.

        Raises:
            ChildFailed: it ended, or did not answer within a minute.
        """
        self.child.spawn()
        deadline = time.monotonic() + _START_LIMIT_S
        try:
            while not await self._ready(self.child.pid or 0):
                if not self.child.running:
                    raise self.child.failure("ended while starting")
                if time.monotonic() > deadline:
                    raise self.child.failure(f"did not answer within {_START_LIMIT_S:.0f} s")
                await asyncio.sleep(0.1)
        except BaseException:
            await self.child.stop()
            raise

    async def exited(self) -> int:
        return await self.child.exited()

    async def stop(self) -> None:
        await self.child.stop()


def api_ready(settings: Settings) -> Ready:
    """True when the API says that it and what it stands on are ready."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - not bound here
    address = f"http://{host}:{settings.port}/readyz"

    async def ready(_pid: int) -> bool:
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
                return (await client.get(address)).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    return ready


def worker_ready(temporal: Client) -> Ready:
    """True when Temporal has seen the process ask for work."""
    request = DescribeTaskQueueRequest(
        namespace=temporal.namespace,
        task_queue=TaskQueue(name=CORE_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )

    async def ready(pid: int) -> bool:
        try:
            queue = await temporal.workflow_service.describe_task_queue(request)
        except RPCError:
            return False
        return any(poller.identity.startswith(f"{pid}@") for poller in queue.pollers)

    return ready
