"""The parts alone, each as a process of its own: API, worker, migration."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from temporalio.client import Client
from temporalio.service import RPCError

from activities.embedded.ports import demand_free
from activities.settings import Settings
from activities.store.migrate import head, upgrade
from activities.worker import serve
from api.cli import demo, logs
from api.servers import NotConfigured, connect_to_temporal, database_url, prepare_namespace, temporal_address

_log = logging.getLogger(__name__)

_GRACE_S = 5
_TEMPORAL_WAIT_S = 2.0


def serve_api(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM, then finish the requests in flight.

    Raises:
        PortTaken, NotConfigured, DemoRefused.
    """
    from api.app import create_app

    for demanded in (database_url, temporal_address):  # now, and not at the first request
        demanded(settings)
    logs.configure(settings)
    demand_free(settings.host, settings.port)
    asyncio.run(demo.demand_no_demo(settings))
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,  # the application logs requests itself
            server_header=False,
            proxy_headers=False,  # the application decides which proxies it believes
            timeout_graceful_shutdown=_GRACE_S,
        )
    )
    # Uvicorn gives the signal back to us after an orderly end; being told to stop is no failure.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    server.run()


def serve_worker(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM, then let running activities finish.

    Raises:
        NotConfigured: no database or no Temporal is named.
    """
    logs.configure(settings)
    asyncio.run(_work(settings, database_url(settings)))


async def _work(settings: Settings, url: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    client = await _temporal(settings, stop)
    if client is not None:
        await serve(settings, client, url, stop)


async def _temporal(settings: Settings, stop: asyncio.Event) -> Client | None:
    """A connection, waited for as long as it takes; None when told to stop before."""
    while not stop.is_set():
        try:
            return await connect_to_temporal(settings)
        except (RuntimeError, RPCError) as failure:
            _log.warning("Temporal cannot be reached, trying again: %s", failure)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _TEMPORAL_WAIT_S)
    return None


def migrate(settings: Settings, say: Callable[[str], None]) -> None:
    """Bring the database to this build's tables and, if Temporal is named, the namespace to our search attributes.

    Raises:
        NotConfigured: no database is named.
        Unavailable: it is away.
    """
    upgrade(database_url(settings))
    say(f"the database is at revision {head()}")
    try:
        asyncio.run(_prepare_namespace(settings, say))
    except NotConfigured:
        say("no Temporal is named; its search attributes are left as they are")


async def _prepare_namespace(settings: Settings, say: Callable[[str], None]) -> None:
    await prepare_namespace(await connect_to_temporal(settings), say)
