"""The second wall: roles and row-level security hold even for SQL that forgets them."""

from __future__ import annotations

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import insert, select, text
from sqlalchemy.exc import ProgrammingError

from activities.store.database import Database
from activities.store.tables import idempotency, instances, metadata, settings, steps, tenants
from tests.store.conftest import Commit
from tests.store.steps import emitted, new_id, opened, record, task

_SHARED = {"programs"}


async def test_another_tenant_sees_nothing_even_with_raw_sql(database: Database, tenant: str, commit: Commit) -> None:
    await commit(record(tenant, new_id(), effects=[opened("1"), emitted("x")], tasks={"1": task("1")}))

    async with database.transaction("stranger") as connection:
        for table in ("instances", "steps", "tasks", "task_candidates", "outbox"):
            count = await connection.scalar(
                text(f"SELECT count(*) FROM {table} WHERE tenant_id = :tenant"), {"tenant": tenant}
            )
            assert count == 0, table


async def test_a_query_without_a_tenant_sees_one_tenant_only(database: Database, tenant: str, commit: Commit) -> None:
    await commit(record(tenant, new_id()), record(f"{tenant}-b", new_id()))

    async with database.transaction(tenant) as connection:
        assert set(await connection.scalars(select(instances.c.tenant_id))) == {tenant}


async def test_rows_cannot_be_written_for_another_tenant(database: Database, tenant: str) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with database.transaction(tenant) as connection:
            await connection.execute(insert(settings).values(tenant_id="stranger", name="x", value=1))


async def test_the_system_sees_all_tenants(database: Database, tenant: str, commit: Commit) -> None:
    await commit(record(tenant, new_id()), record(f"{tenant}-b", new_id()))

    async with database.system() as connection:
        found = await connection.scalars(
            select(instances.c.tenant_id).where(instances.c.tenant_id.in_([tenant, f"{tenant}-b"]))
        )
        assert set(found) == {tenant, f"{tenant}-b"}


async def test_role_and_tenant_end_with_the_transaction(database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as connection:
        inside = (await connection.execute(text("SELECT current_user, current_setting('app.tenant')"))).one()
    async with database.engine.connect() as connection:
        outside = await connection.scalar(text("SELECT coalesce(current_setting('app.tenant', true), '')"))
        user = await connection.scalar(text("SELECT current_user"))

    assert tuple(inside) == ("jidoka_app", tenant)
    assert (outside, user != "jidoka_app") == ("", True)


@pytest.mark.parametrize("table", ["steps", "audit"])
@pytest.mark.parametrize("change", ["UPDATE {} SET username = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
async def test_logs_cannot_be_changed_by_the_application(
    database: Database, tenant: str, table: str, change: str
) -> None:
    with pytest.raises(ProgrammingError) as refusal:
        async with database.transaction(tenant) as connection:
            await connection.execute(text(change.format(table)))

    assert isinstance(refusal.value.orig, InsufficientPrivilege)


@pytest.mark.parametrize("table", ["steps", "audit"])
@pytest.mark.parametrize("change", ["UPDATE {} SET username = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
async def test_logs_cannot_be_changed_by_the_owner_either(
    database: Database, tenant: str, commit: Commit, table: str, change: str
) -> None:
    await commit(record(tenant, new_id()))

    with pytest.raises(ProgrammingError, match="append-only"):
        async with database.engine.begin() as connection:
            await connection.execute(text(change.format(table)))

    async with database.transaction(tenant) as connection:
        assert (await connection.execute(select(steps.c.username))).scalar_one() == "qc_manager"


async def test_every_table_with_a_tenant_is_walled_off(database: Database) -> None:
    """A new table without policies would be the hole in the wall."""
    async with database.engine.connect() as connection:
        walled = set(
            await connection.scalars(text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity"))
        )
        policies = await connection.execute(text("SELECT tablename, policyname FROM pg_policies"))
        by_table: dict[str, set[str]] = {}
        for table, policy in policies:
            by_table.setdefault(table, set()).add(policy)

    expected = set(metadata.tables) - _SHARED
    assert walled == expected
    assert {table for table, names in by_table.items() if {"tenant", "system"} <= names} == expected


async def test_what_must_stay_cannot_be_deleted(database: Database, tenant: str) -> None:
    """Nothing is deleted: the roles have no right to."""
    async with database.engine.connect() as connection:
        rows = await connection.execute(
            text(
                "SELECT table_name FROM information_schema.role_table_grants"
                " WHERE grantee = 'jidoka_app' AND privilege_type = 'DELETE'"
            )
        )
        own = {"settings", "task_candidates", "task_drafts", "task_watchers"}
        assert {row.table_name for row in rows} == own


async def test_the_tenant_name_is_data_not_sql(database: Database) -> None:
    name = "x'; DROP TABLE tenants; --"
    async with database.transaction(name) as connection:
        assert (await connection.execute(select(tenants))).all() == []
        assert (await connection.execute(select(idempotency))).all() == []
