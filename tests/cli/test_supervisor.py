"""The supervisor with services that are only events: order, restart, back-off, clean end."""

from __future__ import annotations

import asyncio

import pytest

from api.cli import supervisor as module
from api.cli.supervisor import Supervisor
from workflows.domain.errors import Unavailable


class Scripted:
    """A service that ends when told and fails to start as often as told."""

    def __init__(self, name: str, journal: list[str], *, failures: int = 0) -> None:
        self.name = name
        self.failures = failures
        self.started = asyncio.Queue[int]()
        self._journal = journal
        self._ended = asyncio.Event()
        self._starts = 0

    async def start(self) -> None:
        if self._starts and self.failures:
            self.failures -= 1
            self._journal.append(f"{self.name} fails")
            raise Unavailable(f"{self.name} does not come up")
        self._starts += 1
        self._ended = asyncio.Event()
        self._journal.append(f"{self.name} starts")
        self.started.put_nowait(self._starts)

    async def exited(self) -> int:
        await self._ended.wait()
        return -9

    async def stop(self) -> None:
        self._journal.append(f"{self.name} stops")
        self._ended.set()

    def die(self) -> None:
        self._ended.set()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(module, "LONGEST_WAIT_S", 0.02)


async def test_services_end_in_the_reverse_order_of_their_start() -> None:
    journal: list[str] = []
    async with Supervisor(journal.append) as supervisor:
        await supervisor.start(Scripted("database", journal))
        await supervisor.start(Scripted("worker", journal), Scripted("api", journal))

    assert journal[-3:] == ["api stops", "worker stops", "database stops"]


async def test_a_service_that_dies_is_started_again() -> None:
    said: list[str] = []
    service = Scripted("worker", [])
    async with Supervisor(said.append) as supervisor:
        await supervisor.start(service)
        await service.started.get()

        service.die()

        assert await service.started.get() == 2
    assert said[0] == "worker ended (signal 9); starting it again in 0.01 s"


async def test_a_restart_that_fails_is_tried_again_after_a_longer_pause() -> None:
    said: list[str] = []
    service = Scripted("worker", [], failures=2)
    async with Supervisor(said.append) as supervisor:
        await supervisor.start(service)
        await service.started.get()

        service.die()

        assert await service.started.get() == 2
    assert [line for line in said if "trying again" in line] == ["worker does not come up\ntrying again in 0.02 s"] * 2


async def test_a_service_that_fails_at_first_start_takes_its_companions_down() -> None:
    class Broken(Scripted):
        async def start(self) -> None:
            raise Unavailable("no room")

    journal: list[str] = []
    with pytest.raises(Unavailable, match="no room"):
        async with Supervisor(journal.append) as supervisor:
            await supervisor.start(Scripted("postgres", journal), Broken("temporal", journal))

    assert "postgres stops" in journal
