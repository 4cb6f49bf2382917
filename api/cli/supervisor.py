"""Keeps services running: starts them in order, starts again what dies, ends them in reverse order.

Knows nothing of what the services are; each says itself when it answers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol, Self

from workflows.domain.errors import JidokaError

FIRST_WAIT_S = 0.2
"""Pause before the first restart; doubles with every further one."""
LONGEST_WAIT_S = 30.0
STEADY_AFTER_S = 60.0
"""A service that ran this long gets the short pause again."""


class Service(Protocol):
    """Something that is started, dies by itself, and is stopped."""

    @property
    def name(self) -> str: ...

    async def start(self) -> None:
        """Return when the service answers; raise JidokaError, with nothing left running, when it does not."""
        ...

    async def exited(self) -> int:
        """Return the exit status once the service has ended, for whatever reason."""
        ...

    async def stop(self) -> None:
        """End the service in good order; nothing happens when it has ended."""
        ...


class Supervisor:
    """Owns running services; leaving its `async with` block ends them. `say` receives one line per event."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._kept: list[tuple[Service, asyncio.Task[None]]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, *services: Service) -> None:
        """Start services side by side and keep them; if one fails, none of this call is left running."""
        try:
            async with asyncio.TaskGroup() as group:
                for service in services:
                    group.create_task(service.start())
        except BaseException as failure:
            await _stop_all(services)
            if isinstance(failure, BaseExceptionGroup):
                raise failure.exceptions[0] from None
            raise
        self._kept += [(service, asyncio.create_task(self._keep(service))) for service in services]

    async def stop(self) -> None:
        """End everything, the last started first."""
        while self._kept:
            service, keeper = self._kept.pop()
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
            await service.stop()

    async def _keep(self, service: Service) -> None:
        wait_s = FIRST_WAIT_S
        while True:
            began = time.monotonic()
            status = await service.exited()
            if time.monotonic() - began > STEADY_AFTER_S:
                wait_s = FIRST_WAIT_S
            self._say(f"{service.name} ended ({_reason(status)}); starting it again in {wait_s:g} s")
            wait_s = await self._revive(service, wait_s)
            self._say(f"{service.name} is back")

    async def _revive(self, service: Service, wait_s: float) -> float:
        """Try until the service answers; gives the pause to begin with if it dies again soon."""
        while True:
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)
            try:
                await service.start()
            except JidokaError as failure:
                self._say(f"{failure.message}\ntrying again in {wait_s:g} s")
            else:
                return wait_s


async def _stop_all(services: Sequence[Service]) -> None:
    for service in reversed(services):
        await service.stop()


def _reason(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit status {status}"
