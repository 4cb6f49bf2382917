"""Migrations lead up, down and up again, to exactly the tables the code names."""

from __future__ import annotations

import asyncio
import sys

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from activities.store import migrate
from activities.store.database import driver_url
from activities.store.tables import metadata


def _tables(url: str) -> set[str]:
    engine = create_engine(driver_url(url), poolclass=NullPool)
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT relname FROM pg_class WHERE relkind IN ('r', 'S') AND relnamespace = 'public'::regnamespace")
        )
        return {row.relname for row in rows}


async def test_up_down_and_up_again(empty_database_url: str) -> None:
    def there_and_back() -> list[set[str]]:
        seen = []
        for move in (migrate.upgrade, migrate.downgrade, migrate.upgrade):
            move(empty_database_url)
            seen.append(_tables(empty_database_url))
        return seen

    up, down, again = await asyncio.to_thread(there_and_back)

    assert set(metadata.tables) <= up
    assert down == {"alembic_version"}
    assert again == up


async def test_each_migration_can_be_taken_back_alone(empty_database_url: str) -> None:
    def step_by_step() -> None:
        migrate.upgrade(empty_database_url)
        while migrate.current(empty_database_url):
            migrate.downgrade(empty_database_url, "-1")
            here = migrate.current(empty_database_url)
            migrate.upgrade(empty_database_url, "+1")
            migrate.downgrade(empty_database_url, here or "base")

    await asyncio.to_thread(step_by_step)


async def test_the_migrated_tables_are_those_the_code_names(database_url: str) -> None:
    def difference() -> list[object]:
        engine = create_engine(driver_url(database_url), poolclass=NullPool)
        with engine.connect() as connection:
            options = {"compare_type": True, "compare_server_default": True}
            return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    assert await asyncio.to_thread(difference) == []


async def test_the_database_knows_its_revision(empty_database_url: str) -> None:
    def look() -> tuple[str | None, str | None]:
        before = migrate.current(empty_database_url)
        migrate.upgrade(empty_database_url)
        return before, migrate.current(empty_database_url)

    before, after = await asyncio.to_thread(look)
    assert (before, after) == (None, migrate.head())


async def test_two_processes_may_migrate_at_once(empty_database_url: str) -> None:
    program = "import sys; from activities.store import migrate; migrate.upgrade(sys.argv[1])"
    together = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, empty_database_url) for _ in range(2)
    ]

    assert [await process.wait() for process in together] == [0, 0]
    assert await asyncio.to_thread(migrate.current, empty_database_url) == migrate.head()


async def test_two_threads_may_migrate_at_once(empty_database_url: str) -> None:
    await asyncio.gather(*(asyncio.to_thread(migrate.upgrade, empty_database_url) for _ in range(2)))

    assert await asyncio.to_thread(migrate.current, empty_database_url) == migrate.head()


async def test_the_owner_need_not_be_superuser(empty_database_url: str) -> None:
    """A hosted server gives a user who owns one database and may create roles, if that."""

    def owner() -> tuple[bool, str]:
        libpq = make_url(empty_database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(libpq) as connection:
            row = connection.execute("SELECT usesuper, usename FROM pg_user WHERE usename = current_user").fetchone()
            assert row is not None
            return row

    is_super, _ = await asyncio.to_thread(owner)
    assert not is_super, "the other tests here would prove nothing about plain users"
