"""`jidoka run`: the whole product on this machine, from the databases to the API, until told to stop."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable

from pydantic import SecretStr
from temporalio.client import Client

from activities.embedded.ports import demand_free, free_port
from activities.settings import Settings
from api.cli import demo, lock
from api.cli.processes import OwnProcess, api_ready, worker_ready
from api.cli.supervisor import Service, Supervisor
from api.servers import (
    connect_to_temporal,
    database_url,
    embedded_postgres,
    embedded_temporal,
    prepare_namespace,
    temporal_address,
)

Say = Callable[[str], None]


def run(settings: Settings, say: Say) -> None:
    """Return after an orderly end, asked for by SIGINT, SIGTERM or SIGHUP.

    Raises:
        AlreadyRunning, PortTaken, DemoRefused, ChildFailed: nothing is left running.
    """
    with lock.held(settings.data):
        demand_free(settings.host, settings.port)
        demo.demand_loopback(settings)
        asyncio.run(_until_told_to_stop(settings, say))


async def _until_told_to_stop(settings: Settings, say: Say) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, told.set)
    async with Supervisor(say) as supervisor:
        starting = asyncio.create_task(_start(settings, supervisor, say))
        waiting = asyncio.create_task(told.wait())
        await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        try:
            if starting.done():
                starting.result()
                await waiting
        finally:
            waiting.cancel()
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        say("stopping")


async def _start(settings: Settings, supervisor: Supervisor, say: Say) -> None:
    began = time.monotonic()
    if settings.port == 0:
        settings = settings.model_copy(update={"port": free_port(settings.host)})
    settings = await _start_servers(settings, supervisor)
    from activities.store.migrate import upgrade  # takes a while to load; the servers are on their way now

    await asyncio.to_thread(upgrade, database_url(settings))
    temporal = await connect_to_temporal(settings)
    await prepare_namespace(temporal, say)
    if settings.demo:
        await demo.seed(settings, say)
    await _start_processes(settings, supervisor, temporal)
    say(f"Jidoka serves {settings.base_url} (ready after {time.monotonic() - began:.1f} s)")
    say(f"logs: {settings.data / 'logs'}")
    if settings.demo:
        say(demo.LOG_INS)


async def _start_servers(settings: Settings, supervisor: Supervisor) -> Settings:
    """Start the embedded servers that nothing replaces; gives the settings with the addresses filled in."""
    postgres = embedded_postgres(settings) if settings.database_url is None else None
    temporal = embedded_temporal(settings) if settings.temporal_address is None else None
    servers: list[Service] = [server for server in (postgres, temporal) if server is not None]
    await supervisor.start(*servers)
    found: dict[str, object] = {}
    if postgres is not None:
        found["database_url"] = SecretStr(postgres.url())
    if temporal is not None:
        found["temporal_address"] = temporal.address
    return settings.model_copy(update=found)


async def _start_processes(settings: Settings, supervisor: Supervisor, temporal: Client) -> None:
    env = {
        "JIDOKA_DATA": str(settings.data),
        "DATABASE_URL": database_url(settings),
        "TEMPORAL_ADDRESS": temporal_address(settings),
        "HOST": settings.host,
        "PORT": str(settings.port),
    }
    logs = settings.data / "logs"
    worker = OwnProcess("Worker", "worker", ready=worker_ready(temporal), log=logs / "worker.log", env=env)
    api = OwnProcess("API", "api", ready=api_ready(settings), log=logs / "api.log", env=env)
    await supervisor.start(worker, api)
