"""A stream of commands over HTTP that never gives up and remembers what was accepted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

PROCESS = "drill"
EVENT = "drill.ticked"
DEFINITION = f"""\
process: {PROCESS}
version: "1.0.0"
title: Drill
start: {{by: [role:operator]}}
number: "DR-{{seq:5}}"
data:
  type: object
  properties:
    count: {{type: integer}}
  required: [count]
initial: left
states:
  left:
    transitions:
      tick:
        by: [role:operator]
        to: right
        set: {{count: data.count + 1}}
        actions: [{{emit: {EVENT}, with: {{number: number, count: data.count}}}}]
  right:
    transitions:
      tick:
        by: [role:operator]
        to: left
        set: {{count: data.count + 1}}
        actions: [{{emit: {EVENT}, with: {{number: number, count: data.count}}}}]
"""

_TRY_AGAIN = {httpx.codes.ACCEPTED, httpx.codes.SERVICE_UNAVAILABLE}
_PAUSE_S = 0.1


async def insist(send: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Send the same request until it is answered: what a careful integrator does with an idempotency key."""
    while True:
        try:
            answer = await send()
        except httpx.TransportError:
            await asyncio.sleep(_PAUSE_S)
            continue
        if answer.status_code not in _TRY_AGAIN:
            assert answer.is_success, (answer.status_code, answer.text)
            return answer
        await asyncio.sleep(_PAUSE_S)


@dataclass
class Instance:
    id: int
    number: str
    accepted: list[str] = field(default_factory=list)
    """Idempotency keys of the ticks that were answered with success, in order."""


@dataclass
class Stream:
    """Instances that tick all the time; now and then a request is sent twice at once."""

    client: httpx.AsyncClient
    name: str
    instances: list[Instance] = field(default_factory=list)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    @asynccontextmanager
    async def running(self, count: int) -> AsyncIterator[None]:
        """`count` instances tick while inside; at the end every tick begun is seen to its end."""
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(self._live(number))
            yield
            self._stop.set()

    async def ticks(self, more: int) -> None:
        """Wait until so many further ticks have been accepted."""
        goal = self._total() + more
        async with self._moved:
            await self._moved.wait_for(lambda: self._total() >= goal)

    def _total(self) -> int:
        return sum(len(instance.accepted) for instance in self.instances)

    async def _live(self, number: int) -> None:
        answer = await self._twice(
            f"/api/v1/workflows/{PROCESS}", f"{self.name}-start-{number}", {"data": {"count": 0}}
        )
        instance = Instance(answer["id"], answer["number"])
        self.instances.append(instance)
        while not self._stop.is_set():
            key = f"{self.name}-{number}-{len(instance.accepted)}"
            path = f"/api/v1/workflows/{PROCESS}/{instance.id}/transition/tick"
            if len(instance.accepted) % 5:
                await insist(lambda path=path, key=key: self._post(path, key, {}))  # type: ignore[misc]  # bound now
            else:
                await self._twice(path, key, {})
            instance.accepted.append(key)
            async with self._moved:
                self._moved.notify_all()

    async def _twice(self, path: str, key: str, body: dict[str, object]) -> dict[str, object]:
        """Two equal requests at once get one effect and one answer."""
        first, second = await asyncio.gather(*(insist(lambda: self._post(path, key, body)) for _ in range(2)))
        assert first.json() == second.json()
        told: dict[str, object] = first.json()
        return told

    async def _post(self, path: str, key: str, body: dict[str, object]) -> httpx.Response:
        return await self.client.post(path, json=body, headers={"Idempotency-Key": key})
