"""Commands as a person types them: quick where they can be, clear when they refuse."""

from __future__ import annotations

import datetime as dt
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from activities.services.tenants import NewUser, Tenants
from activities.settings import Settings
from activities.store.database import Database
from api.cli.audit import _verify
from tests.store.steps import new_id, record
from workflows.domain.errors import AlreadyExists, InvalidInput, NotFound
from workflows.domain.records import AuditEntry


def _jidoka(*arguments: str, data: Path, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JIDOKA_", "TEMPORAL_"))}
    kept.pop("DATABASE_URL", None)
    return subprocess.run(
        [sys.executable, "-P", "-m", "api.cli.main", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**kept, "JIDOKA_DATA": str(data), "COLUMNS": "120", **env},
    )


def test_help_loads_no_heavy_room() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import api.cli.main, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert not {"temporalio", "sqlalchemy", "fastapi", "pydantic", "jsonschema"} & set(loaded)


@pytest.mark.parametrize("command", ["api", "worker", "migrate"])
def test_a_part_alone_without_a_database_says_what_is_missing(tmp_path: Path, command: str) -> None:
    done = _jidoka(command, data=tmp_path, PORT="0")

    assert done.returncode == 1
    assert "DATABASE_URL is not set" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout


def test_settings_that_are_nonsense_are_named(tmp_path: Path) -> None:
    done = _jidoka("doctor", data=tmp_path, PORT="eighty")

    assert done.returncode == 2
    assert done.stderr.startswith("PORT: ")


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_run_names_a_port_that_is_taken(tmp_path: Path, taken_port: int) -> None:
    done = _jidoka("run", data=tmp_path, PORT=str(taken_port))

    assert done.returncode == 1
    assert done.stderr == (
        f"jidoka: port {taken_port} on 127.0.0.1 is taken; choose another one, for example PORT={taken_port + 1}\n"
    )


def test_run_refuses_to_show_the_demo_plant_to_others(tmp_path: Path) -> None:
    done = _jidoka("run", data=tmp_path, HOST="0.0.0.0", PORT="0")

    assert done.returncode == 1
    assert "JIDOKA_DEMO=false" in done.stderr
    assert not (tmp_path / "postgres").exists()


def test_doctor_finds_a_fresh_folder_healthy(tmp_path: Path) -> None:
    done = _jidoka("doctor", data=tmp_path, PORT="0")

    assert done.returncode == 0, done.stdout
    assert "problem" not in done.stdout


def test_doctor_names_a_database_that_is_away(tmp_path: Path) -> None:
    done = _jidoka("doctor", data=tmp_path, PORT="0", DATABASE_URL="postgresql://jidoka@127.0.0.1:1/jidoka")

    assert done.returncode == 1
    assert "problem  database" in done.stdout


async def test_audit_verify_names_a_log_whose_steps_were_left_without_an_instance(
    database: Database, tenant: str
) -> None:
    from sqlalchemy import text

    from activities.store.commit import commit_step

    entity_id = new_id()

    async def none(*_: object) -> None: ...

    await commit_step(database, record(tenant, entity_id), none)
    said: list[str] = []
    settings = Settings(database_url=database.url)

    assert await _verify(settings, tenant, said.append) == 0
    async with database.engine.begin() as connection:
        await connection.execute(text(f"DELETE FROM instances WHERE entity_id = {entity_id}"))

    assert await _verify(settings, tenant, said.append) == 1
    assert said[1] == f"{tenant}/ncr_report/{entity_id}: the log is broken at step 1"


async def test_audit_verify_names_an_audit_row_that_is_gone(database: Database, tenant: str) -> None:
    from sqlalchemy import text

    from activities import checkpoints
    from activities.services.audit import Audit

    entry = AuditEntry("user.update", "allowed", "admin", {"id": 1}, dt.datetime(2025, 11, 6, tzinfo=dt.UTC))
    await Audit(database).record(tenant, entry)
    covered = await checkpoints.cover(database, tenant)
    assert covered is not None
    said: list[str] = []
    settings = Settings(database_url=database.url)

    assert await _verify(settings, tenant, said.append, [covered.hash]) == 0
    assert await _verify(settings, tenant, lambda _: None, ["0" * 64]) == 1
    async with database.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE audit DISABLE TRIGGER append_only"))
        gone = (await connection.execute(text(f"DELETE FROM audit WHERE tenant_id = '{tenant}' RETURNING id"))).scalar()
        await connection.execute(text("ALTER TABLE audit ENABLE TRIGGER append_only"))

    assert await _verify(settings, tenant, said.append) == 1
    assert said[1] == f"{tenant}: audit row {gone} is missing"


# --- tenants ------------------------------------------------------------------------------------------------


def _admin(password: str = "long enough, really") -> list[NewUser]:
    return [NewUser("boss", "Boss", ("admin",), password)]


async def test_a_tenant_can_be_made_once(database: Database, fresh_key: str) -> None:
    tenants = Tenants(database)
    await tenants.create(fresh_key, "Acme", users=_admin())

    with pytest.raises(AlreadyExists):
        await tenants.create(fresh_key, "Acme again", users=_admin())
    assert await tenants.is_open(fresh_key)


async def test_a_disabled_tenant_is_closed_until_it_is_enabled(database: Database, fresh_key: str) -> None:
    tenants = Tenants(database)
    await tenants.create(fresh_key, "Acme", users=_admin())

    await tenants.set_open(fresh_key, to=False)
    assert (await tenants.exists(fresh_key), await tenants.is_open(fresh_key)) == (True, False)

    await tenants.set_open(fresh_key, to=True)
    assert await tenants.is_open(fresh_key)


@pytest.mark.parametrize(("key", "password"), [("Acme!", "long enough, really"), ("acme", "short")])
async def test_a_bad_key_or_password_makes_no_tenant(database: Database, key: str, password: str) -> None:
    with pytest.raises(InvalidInput):
        await Tenants(database).create(key, "Acme", users=_admin(password))


async def test_there_is_no_closing_what_does_not_exist(database: Database, fresh_key: str) -> None:
    with pytest.raises(NotFound):
        await Tenants(database).set_open(fresh_key, to=False)
