"""Definitions by version: published once, never changed, pinned by digest."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from activities.services.definitions import Definitions
from activities.store.database import Database
from activities.store.program_source import program_source
from activities.store.repositories import addresses
from activities.store.tables import instances
from tests.store.conftest import Commit
from tests.store.steps import new_id, record
from workflows.definition.catalogue import Catalogue
from workflows.domain.errors import Conflict, InvalidInput, NotFound
from workflows.engine.events import Actor

ADMIN = Actor(1, "admin", "Admin", roles=("admin",))


def yaml(version: str = "1.0.0", *, process: str = "ncr_report", extra: str = "") -> str:
    return f"""
process: {process}
version: "{version}"
title: Nonconformance report
initial: open
{extra}
states:
  open:
    transitions:
      close: {{to: closed, by: [anyone]}}
  closed: {{final: true}}
"""


@pytest.fixture
def definitions(database: Database) -> Definitions:
    return Definitions(database, Catalogue())


async def test_a_published_definition_is_in_force(definitions: Definitions, tenant: str) -> None:
    published = await definitions.publish(tenant, yaml(), actor=ADMIN, changelog="first")

    version = published.version
    assert published.created
    assert (version.process, version.version, version.status, version.in_force) == (
        "ncr_report",
        "1.0.0",
        "published",
        True,
    )
    assert (version.published_by, version.changelog, version.title) == ("admin", "first", "Nonconformance report")
    assert await definitions.list_definitions(tenant) == [version]


async def test_the_same_content_again_changes_nothing(definitions: Definitions, tenant: str) -> None:
    first = await definitions.publish(tenant, yaml())
    again = await definitions.publish(tenant, "# only a comment\n" + yaml())

    assert (first.created, again.created) == (True, False)
    assert again.version == first.version


async def test_other_content_under_a_published_version_is_refused(definitions: Definitions, tenant: str) -> None:
    await definitions.publish(tenant, yaml())

    with pytest.raises(Conflict) as refusal:
        await definitions.publish(tenant, yaml().replace("Nonconformance", "Another"))

    assert refusal.value.code == "VERSION_EXISTS"


async def test_an_older_version_does_not_take_over(definitions: Definitions, tenant: str) -> None:
    await definitions.publish(tenant, yaml("1.10.0"))

    with pytest.raises(Conflict) as refusal:
        await definitions.publish(tenant, yaml("1.9.0"))

    assert refusal.value.code == "VERSION_NOT_NEWER"


async def test_a_new_version_takes_over_and_the_old_one_stays(definitions: Definitions, tenant: str) -> None:
    for version in ("1.0.0", "1.1.0"):
        await definitions.publish(tenant, yaml(version))

    assert [(found.version, found.in_force) for found in await definitions.versions(tenant, "ncr_report")] == [
        ("1.1.0", True),
        ("1.0.0", False),
    ]
    assert (await definitions.get(tenant, "ncr_report")).version.version == "1.1.0"
    assert (await definitions.get(tenant, "ncr_report", "1.0.0")).source == yaml("1.0.0")


async def test_starts_get_the_version_in_force(definitions: Definitions, database: Database, tenant: str) -> None:
    for version in ("1.0.0", "1.1.0"):
        await definitions.publish(tenant, yaml(version))
    await definitions.deprecate(tenant, "ncr_report", "1.1.0")

    async with database.transaction(tenant) as connection:
        found = await addresses.published(connection, "ncr_report")

    assert found.version == "1.0.0"
    assert [(item.version, item.in_force) for item in await definitions.list_definitions(tenant)] == [("1.0.0", True)]


async def test_a_broken_definition_is_refused_with_all_that_is_wrong(definitions: Definitions, tenant: str) -> None:
    broken = yaml().replace("to: closed", "to: closd").replace("title:", "titel:")

    with pytest.raises(InvalidInput) as refusal:
        await definitions.publish(tenant, broken)

    assert refusal.value.code == "DEFINITION_INVALID"
    places = {(item["severity"], item["line"] > 0) for item in refusal.value.details["diagnostics"]}
    assert ("error", True) in places
    assert len([item for item in refusal.value.details["diagnostics"] if item["severity"] == "error"]) >= 2
    assert await definitions.list_definitions(tenant) == []


async def test_schemas_are_read_from_the_files_given(definitions: Definitions, tenant: str) -> None:
    schema = '{"type": "object", "properties": {"lot": {"type": "string"}}}'
    text = yaml(extra="data: schemas/ncr.json")

    with pytest.raises(InvalidInput):
        await definitions.publish(tenant, text)
    await definitions.publish(tenant, text, files={"schemas/ncr.json": schema})

    detail = await definitions.get(tenant, "ncr_report")
    assert detail.program.data_schema["properties"] == {"lot": {"type": "string"}}
    assert detail.files == {"schemas/ncr.json": schema}


async def test_tenants_have_their_own_definitions_and_share_programs(definitions: Definitions, tenant: str) -> None:
    one = await definitions.publish(tenant, yaml())
    other = await definitions.publish(f"{tenant}-b", yaml())

    assert other.created
    assert one.version.digest == other.version.digest
    with pytest.raises(NotFound):
        await definitions.get(f"{tenant}-c", "ncr_report")


async def test_publishers_at_the_same_time_make_one_version(definitions: Definitions, tenant: str) -> None:
    texts = [yaml().replace("Nonconformance", f"Title {number}") for number in range(3)]

    done = await asyncio.gather(*(definitions.publish(tenant, text) for text in texts), return_exceptions=True)

    assert sum(isinstance(item, Conflict) for item in done) == 2
    assert len(await definitions.versions(tenant, "ncr_report")) == 1


async def test_programs_are_found_by_digest(definitions: Definitions, database_url: str, tenant: str) -> None:
    digest = (await definitions.publish(tenant, yaml())).version.digest

    raw = await asyncio.to_thread(program_source(database_url), digest)

    assert hashlib.sha256(raw).hexdigest() == digest
    assert (await definitions.load_program(digest)).process == "ncr_report"
    with pytest.raises(NotFound):
        await definitions.load_program("0" * 64)
    with pytest.raises(LookupError):
        await asyncio.to_thread(program_source(database_url), "0" * 64)


async def test_programs_cannot_be_changed(definitions: Definitions, database: Database, tenant: str) -> None:
    await definitions.publish(tenant, yaml())

    with pytest.raises(ProgrammingError, match="permission denied"):
        async with database.transaction(tenant) as connection:
            await connection.execute(text("UPDATE programs SET canonical = ''"))


async def test_instances_show_the_version_they_run(
    definitions: Definitions, database: Database, tenant: str, commit: Commit
) -> None:
    published = await definitions.publish(tenant, yaml("1.2.3"))
    step = record(tenant, new_id())
    step.digest = published.version.digest

    await commit(step)

    async with database.transaction(tenant) as connection:
        assert await connection.scalar(select(instances.c.version)) == "1.2.3"


async def test_shipped_files_are_seeded_once_and_problems_are_told(
    definitions: Definitions, tenant: str, tmp_path: Path
) -> None:
    (tmp_path / "quality" / "schemas").mkdir(parents=True)
    (tmp_path / "quality" / "ncr.yaml").write_text(yaml(extra="data: schemas/ncr.json"))
    (tmp_path / "quality" / "schemas" / "ncr.json").write_text('{"type": "object"}')
    (tmp_path / "quality" / "bad.yaml").write_text("process: [")

    first = await definitions.seed_shipped(tenant, tmp_path)
    again = await definitions.seed_shipped(tenant, tmp_path)

    assert [(item.file, item.process, item.created, item.problem is None) for item in first] == [
        ("quality/bad.yaml", None, False, False),
        ("quality/ncr.yaml", "ncr_report", True, True),
    ]
    assert "quality/bad.yaml:2:1: error J001" in (first[0].problem or "")
    assert [item.created for item in again] == [False, False]


async def test_validation_touches_no_table(definitions: Definitions, tenant: str) -> None:
    compiled = await definitions.validate(yaml().replace("to: closed", "to: nowhere"))

    assert compiled.program is None
    assert compiled.errors
    assert await definitions.list_definitions(tenant) == []
