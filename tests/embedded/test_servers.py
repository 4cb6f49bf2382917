"""The embedded servers: they answer, keep what they were given, and never outlive their parent."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from activities.embedded.child import Child, ChildFailed
from activities.embedded.ports import free_port, is_taken
from activities.embedded.postgres import EmbeddedPostgres


def _libpq(url: str) -> str:
    return url.replace("postgresql+psycopg", "postgresql")


async def test_application_role_owns_its_database_and_is_no_superuser(postgres_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(_libpq(postgres_url)) as connection:
        row = await connection.execute(
            "SELECT current_user, usesuper, pg_catalog.pg_get_userbyid(datdba)"
            " FROM pg_user, pg_database WHERE usename = current_user AND datname = current_database()"
        )

        assert await row.fetchone() == ("jidoka", False, "jidoka")


async def test_wrong_password_is_refused(postgres_url: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        await psycopg.AsyncConnection.connect(_libpq(postgres_url), password="guess")


async def test_database_survives_a_crash_and_keeps_its_password(server_files: Path) -> None:
    server = EmbeddedPostgres(server_files / "crash", durable=False)
    await server.start()
    async with await psycopg.AsyncConnection.connect(_libpq(server.url()), autocommit=True) as connection:
        await connection.execute("CREATE TABLE kept (x int)")
    server.child.kill()
    await server.exited()

    again = EmbeddedPostgres(server_files / "crash", durable=False)
    await again.start()
    try:
        async with await psycopg.AsyncConnection.connect(_libpq(server.url())) as connection:
            await connection.execute("SELECT * FROM kept")
    finally:
        await again.stop()
    assert stat.S_IMODE((server_files / "crash" / "password").stat().st_mode) == 0o600


async def test_temporal_keeps_histories_for_ninety_days(temporal_client: Client) -> None:
    described = await temporal_client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))

    assert described.config.workflow_execution_retention_ttl.ToTimedelta().days == 90


async def test_child_that_cannot_start_reports_the_end_of_its_log(tmp_path: Path) -> None:
    child = Child("Broken", [sys.executable, "-c", "raise SystemExit('no such thing')"], log=tmp_path / "log")
    child.spawn()

    assert await child.exited() == 1
    failure = child.failure("ended while starting")
    assert isinstance(failure, ChildFailed)
    assert "no such thing" in failure.message


async def test_child_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)\ntime.sleep(60)"
    )
    child = Child("Stubborn", [sys.executable, "-c", stubborn], log=tmp_path / "log")
    child.spawn()
    while "up" not in (tmp_path / "log").read_text():
        await asyncio.sleep(0.01)

    await child.stop(timeout_s=0.2)

    assert await child.exited() == -signal.SIGKILL


def test_child_dies_with_a_killed_parent(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib, time\n"
        "from activities.embedded.child import Child\n"
        f"child = Child('Sleeper', [{sys.executable!r}, '-c', 'import time; time.sleep(60)'],"
        f" log=pathlib.Path({str(tmp_path / 'log')!r}))\n"
        "child.spawn(); print(child.pid, flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()

    gone, alive = psutil.wait_procs([child], timeout=5)
    assert gone or all(process.status() == psutil.STATUS_ZOMBIE for process in alive)


def test_a_listening_port_counts_as_taken() -> None:
    import socket

    port = free_port()
    assert not is_taken("127.0.0.1", port)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen()
        assert is_taken("127.0.0.1", port)
