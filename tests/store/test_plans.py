"""Lists stay as fast as they are: under row-level security, every query finds its rows by index.

Operators that are not leakproof would silently turn an index into a scan of all tenants' rows; these tests read the
plans PostgreSQL really takes, over 40,000 instances of two tenants.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event, text

from activities.services.audit import Audit, AuditFilter
from activities.services.inbox import Inbox, Tab, TaskFilter
from activities.services.incidents import IncidentFilter, Incidents
from activities.services.notifications import Notifications
from activities.services.reading import InstanceFilter, Reading
from activities.store.database import Database
from activities.store.repositories import paging, standing
from workflows.engine.events import Actor, Principal

BIG = "plans-big"
ROWS = 30_000
PEOPLE = ("users", "certificates", "delegations")
COUNTED = 300
"""The limit of exact counts while these tests run, so that a scan stands out from a count."""
_START = "timestamptz '2025-01-01T00:00:00Z'"


def _instances(tenant: str, first: int, count: int) -> str:
    return f"""
    INSERT INTO instances (tenant_id, process, entity_id, number, digest, status, state, states, data, snapshot, seq,
        chain_head, created_at, updated_at)
    SELECT '{tenant}', 'ncr_report', n, 'NCR-2025-' || n, repeat('d', 64),
        CASE WHEN n % 100 = 0 THEN 'running' ELSE 'done' END,
        CASE WHEN n % 1000 = 0 THEN 'cause.open,containment.held' WHEN n % 100 = 0 THEN 'submitted' ELSE 'closed' END,
        CASE WHEN n % 1000 = 0 THEN ARRAY['work', 'containment', 'containment.held', 'cause', 'cause.open']
            WHEN n % 100 = 0 THEN ARRAY['submitted'] ELSE ARRAY['closed'] END,
        '{{}}', '{{"tasks": {{}}, "timers": {{}}}}', 3, '', {_START} + n * interval '1 minute', now()
    FROM generate_series({first}, {first + count - 1}) AS n
    """


def _rest(tenant: str, first: int, count: int) -> list[str]:
    series = f"FROM generate_series({first}, {first + count - 1}) AS n"
    return [
        f"""INSERT INTO tasks (tenant_id, process, entity_id, task, number, state, title, candidates, assignee,
            priority, opened_at, opened_seq, closed_at)
        SELECT '{tenant}', 'ncr_report', n, '1', '', 'submitted', '', ARRAY['role:r' || n % 50],
            CASE WHEN n % 400 = 0 THEN 'eva' END, 3, {_START} + n * interval '1 minute', 1,
            CASE WHEN n % 100 = 0 THEN NULL ELSE now() END {series}""",
        f"""INSERT INTO users (tenant_id, username, full_name, roles)
        SELECT '{tenant}', 'p' || n, 'P', ARRAY['r1'] {series} WHERE n % 10 = 0""",
        f"""INSERT INTO certificates (tenant_id, username, skill, valid_from, recorded_by)
        SELECT '{tenant}', 'p' || n, 'welding', {_START}, '' {series} WHERE n % 10 = 0""",
        f"""INSERT INTO delegations (tenant_id, from_username, to_username, starts_at, ends_at, reason, created_by)
        SELECT '{tenant}', 'p' || n, 'p' || (n + 10), {_START}, '2999-01-01Z', '', '' {series} WHERE n % 10 = 0""",
        f"""INSERT INTO task_candidates (tenant_id, candidate, process, entity_id, task)
        SELECT '{tenant}', 'role:r' || n % 500, 'ncr_report', n, '1' {series} WHERE n % 100 = 0""",
        f"""INSERT INTO steps (tenant_id, process, entity_id, seq, command_id, event, status, username, actor, source,
            changes, effects, digest, snapshot_hash, at, prev_hash, hash)
        SELECT '{tenant}', 'ncr_report', n, seq, 'c' || seq, 'e', 'running', 'u' || n % 10, '{{}}', 'api', '{{}}',
            '[]', '', '', {_START} + n * interval '1 minute', '', '' {series}, generate_series(1, 3) AS seq""",
        f"""INSERT INTO notifications (tenant_id, key, username, urgency, subject, text, created_at, read_at)
        SELECT '{tenant}', 'k' || n, 'u' || n % 10, 'normal', '', '', now(),
            CASE WHEN n % 100 = 3 THEN NULL ELSE now() END {series}""",
        f"""INSERT INTO incidents (tenant_id, process, entity_id, incident, number, kind, error, since, opened_seq,
            resolved_at)
        SELECT '{tenant}', 'ncr_report', n, '1', '', 'effect', '{{}}', {_START} + n * interval '1 minute', 1,
            CASE WHEN n % 500 = 0 THEN NULL ELSE now() END {series} WHERE n % 5 = 0""",
        f"""INSERT INTO audit (tenant_id, at, username, actor, action, entity_type, entity_id, source, outcome, hash)
        SELECT '{tenant}', {_START} + n * interval '1 minute', 'u' || n % 10, '{{}}', 'a' || n % 3, 'user',
            (n % 1000)::text, 'api', 'allowed', '' {series}""",
    ]


@pytest.fixture(scope="module")
async def filled(database: Database) -> None:
    """Both tenants filled, statistics up to date."""
    async with database.engine.begin() as connection:
        for tenant, first, count in ((BIG, 50_000_000, ROWS), ("plans-other", 60_000_000, 10_000)):
            await connection.execute(text(_instances(tenant, first, count)))
            for statement in _rest(tenant, first, count):
                await connection.execute(text(statement))
    async with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for table in ("instances", "tasks", "task_candidates", "steps", "incidents", "audit", "notifications", *PEOPLE):
            await connection.execute(text(f"VACUUM ANALYZE {table}"))


@pytest.fixture(autouse=True)
def _small_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "COUNTED", COUNTED)


@pytest.fixture
def statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """SQL and parameters of every query, as they are sent."""
    sent: list[tuple[str, Any]] = []

    def note(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            sent.append((statement, parameters))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    yield sent
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def _rows_read(node: dict[str, Any]) -> float:
    """Rows a scan looked at, passed on or not."""
    if "Scan" not in node["Node Type"] or "Relation Name" not in node:
        return 0
    dropped = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return float((node["Actual Rows"] + dropped) * node["Actual Loops"])


Call = Callable[[Reading, Audit], Awaitable[Any]]
_MIDDLE = dt.datetime(2025, 1, 10, tzinfo=dt.UTC)


def _instances_by(**conditions: Any) -> Call:
    return lambda reading, _: reading.list_instances(BIG, InstanceFilter(**conditions))


QUERIES: dict[str, Call] = {
    "all": _instances_by(),
    "a process": _instances_by(process="ncr_report"),
    "a common state": _instances_by(process="ncr_report", states=["closed"]),
    "a rare state": _instances_by(process="ncr_report", states=["submitted"]),
    "a parallel state": _instances_by(process="ncr_report", states=["containment.held"]),
    "a state nobody is in": _instances_by(process="ncr_report", states=["nowhere"]),
    "running ones": _instances_by(process="ncr_report", status=["running"]),
    "a number": _instances_by(process="ncr_report", number="NCR-2025-50000007"),
    "the beginning of a number": _instances_by(process="ncr_report", q="ncr-2025-5000123"),
    "an assignee": _instances_by(process="ncr_report", assignee="eva"),
    "a time": _instances_by(process="ncr_report", created_from=_MIDDLE, created_until=_MIDDLE + dt.timedelta(hours=3)),
    "behind an item": _instances_by(process="ncr_report", after=(_MIDDLE, 50_010_000)),
    "one instance": lambda reading, _: reading.get_instance(BIG, "ncr_report", 50_000_100),
    "history": lambda reading, _: reading.history(BIG, "ncr_report", 50_000_100),
    "children": lambda reading, _: reading.children(BIG, "ncr_report", 50_000_100),
    "an inbox": lambda reading, _: reading.inbox(BIG, "eva", roles=["r0", "r100"]),
    "the audit trail": lambda _, audit: audit.list_entries(BIG, AuditFilter()),
    "the audit trail of an entity": lambda _, audit: audit.list_entries(
        BIG, AuditFilter(entity_type="user", entity_id="7")
    ),
    "the audit trail of a user": lambda _, audit: audit.list_entries(BIG, AuditFilter(username="u3")),
}


@pytest.mark.parametrize("name", QUERIES)
async def test_no_query_reads_more_than_it_shows(
    database: Database, filled: None, statements: list[tuple[str, Any]], name: str
) -> None:
    await QUERIES[name](Reading(database), Audit(database))

    for statement, parameters in list(statements):
        plan = await _explain(database, statement, parameters)
        scans = [node for node in _nodes(plan) if _rows_read(node) > 2 * COUNTED]
        assert not scans, json.dumps(scans, indent=1)


@pytest.mark.parametrize("tab", ["open", "mine", "groups", "watching", "done", "all"])
async def test_no_tab_of_the_inbox_reads_more_than_it_shows(
    database: Database, filled: None, statements: list[tuple[str, Any]], tab: Tab
) -> None:
    eva = Actor(1, "eva", "Eva", roles=("r0", "r100"), acts_for=(Principal("tom", "Tom", ("r200",)),))
    await Inbox(database).tasks(BIG, eva, tab, TaskFilter())

    for statement, parameters in list(statements):
        plan = await _explain(database, statement, parameters)
        scans = [node for node in _nodes(plan) if _rows_read(node) > 2 * COUNTED]
        assert not scans, json.dumps(scans, indent=1)


_TOLD: dict[str, Callable[[Database], Awaitable[Any]]] = {
    "open incidents": lambda database: Incidents(database).page(BIG, IncidentFilter()),
    "notices, unread first": lambda database: Notifications(database).page(BIG, "u3"),
    "read notices": lambda database: Notifications(database).page(BIG, "u3", unread=False),
    "unread notices": lambda database: Notifications(database).page(BIG, "u3", unread=True),
}


@pytest.mark.parametrize("name", _TOLD)
async def test_no_list_of_what_people_are_told_reads_more_than_it_shows(
    database: Database, filled: None, statements: list[tuple[str, Any]], name: str
) -> None:
    await _TOLD[name](database)

    for statement, parameters in list(statements):
        plan = await _explain(database, statement, parameters)
        scans = [node for node in _nodes(plan) if _rows_read(node) > 2 * COUNTED]
        assert not scans, json.dumps(scans, indent=1)


async def test_who_acts_is_found_without_reading_who_else_does(
    database: Database, filled: None, statements: list[tuple[str, Any]]
) -> None:
    async with database.transaction(BIG) as connection:
        found = await standing.of_user(connection, BIG, "p50000110", dt.datetime.now(dt.UTC))

    assert ([principal.username for principal in found.acts_for], set(found.skills)) == (["p50000100"], {"welding"})
    for statement, parameters in [sent for sent in statements if "certificates" in sent[0]]:
        plan = await _explain(database, statement, parameters)
        assert not [node for node in _nodes(plan) if _rows_read(node) > 100], json.dumps(plan, indent=1)


async def _explain(database: Database, statement: str, parameters: Any) -> dict[str, Any]:
    async with database.transaction(BIG) as connection:
        rows = await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
        plan: dict[str, Any] = rows.scalar_one()[0]["Plan"]
    return plan


@pytest.fixture(scope="module", autouse=True)
async def _emptied(database: Database) -> AsyncIterator[None]:
    """Other tests of the session keep a small database."""
    yield
    async with database.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE steps DISABLE TRIGGER append_only"))
        await connection.execute(text("ALTER TABLE audit DISABLE TRIGGER append_only"))
        for table in ("instances", "tasks", "task_candidates", "steps", "incidents", "audit", *PEOPLE):
            await connection.execute(text(f"DELETE FROM {table} WHERE tenant_id LIKE 'plans-%'"))
        await connection.execute(text("ALTER TABLE steps ENABLE TRIGGER append_only"))
        await connection.execute(text("ALTER TABLE audit ENABLE TRIGGER append_only"))
