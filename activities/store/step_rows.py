"""What one step writes: its row in the log, the instance's current row, and the work that follows from it.

Turns a StepRecord into one SQL statement, so that the whole step travels and is planned once; what is rare (somebody
was given a task, an incident) follows in statements of its own. Sends nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, LiteralString, NamedTuple

from psycopg.types.numeric import Int8

from activities.store import step_signatures, step_work
from activities.store.step_form import Statement, key_of, reason_of, utc
from workflows.domain.changes import field_changes
from workflows.domain.hash_chain import GENESIS, content_hash, json_text, row_hash
from workflows.messages.instance import StepRecord


class Head(NamedTuple):
    """Where an instance stands in SQL before the step."""

    seq: int = 0
    chain_head: str = GENESIS
    events: int = 0
    open_incidents: int = 0


def statements(record: StepRecord, head: Head) -> list[Statement]:
    """All statements of the step, in the order they must run."""
    key, snapshot = key_of(record), json_text(record.snapshot)
    opened, closed = step_work.opened_tasks(record), step_work.closed_tasks(record)
    emitted = step_work.emitted_events(record, head.events)
    parameters = {
        **_step_row(record, head, key, snapshot),
        **_instance_row(record, key, snapshot),
        "events": Int8(head.events + len(emitted)),
        "opened": opened,
        "closed": closed,
        "emitted": [event for event, _ in emitted],
        "payloads": [payload for _, payload in emitted],
    }
    whole = _statement(record.seq == 1, opened is not None, bool(closed), bool(emitted))
    return [
        (whole, parameters),
        *step_work.assignments(record),
        *step_work.incident_changes(record, head.open_incidents),
        *step_signatures.signatures(record, head.chain_head),
    ]


@cache
def _statement(first: bool, opens: bool, closes: bool, emits: bool) -> LiteralString:
    """The statement of a step with these parts. PostgreSQL runs them against one view of the data; none reads what
    another writes."""
    parts: list[LiteralString] = [
        _INSERT_INSTANCE if first else _UPDATE_INSTANCE,
        *([step_work.OPEN_TASKS] if opens else []),
        *([step_work.CLOSE_TASKS] if closes else []),
        *([step_work.EMIT] if emits else []),
    ]
    return "WITH " + ",".join(parts) + _INSERT_STEP


# --- the step log -------------------------------------------------------------------------------------------

_INSERT_STEP: LiteralString = """
INSERT INTO steps (tenant_id, process, entity_id, seq, command_id, event, taken, before, after, status, username,
    actor, source, reason, changes, effects, digest, snapshot_hash, at, prev_hash, hash)
VALUES (%(tenant_id)s, %(process)s, %(entity_id)s, %(seq)s, %(command_id)s, %(event)s, %(taken)s, %(before)s,
    %(after)s, %(status)s, %(username)s, %(actor)s, %(source)s, %(reason)s, %(changes)s, %(effects)s, %(digest)s,
    %(snapshot_hash)s, %(at)s, %(prev_hash)s, %(hash)s)
"""

HASHED = (
    "tenant_id",
    "process",
    "entity_id",
    "seq",
    "command_id",
    "event",
    "taken",
    "before",
    "after",
    "status",
    "username",
    "actor",
    "source",
    "reason",
    "changes",
    "effects",
    "digest",
    "snapshot_hash",
    "at",
)
"""Columns of a step that its hash covers, besides the hash before it. JSON columns are hashed as their text."""


def _step_row(record: StepRecord, head: Head, key: dict[str, Any], snapshot: str) -> dict[str, Any]:
    command = record.command
    row = {
        **key,
        "command_id": command["id"],
        "event": command["name"],
        "taken": record.taken,
        "before": record.before,
        "after": record.after,
        "status": record.snapshot["status"],
        "actor": json_text(command["actor"]),
        "source": command.get("source", "api"),
        "reason": reason_of(command),
        "changes": json_text(_changes(record)),
        "effects": json_text(record.effects),
        "digest": record.digest,
        "snapshot_hash": content_hash(snapshot),
    }
    digest = row_hash(head.chain_head, {name: row[name] for name in HASHED})
    return {**row, "prev_hash": head.chain_head, "hash": digest}


def _changes(record: StepRecord) -> dict[str, Any]:
    """Field by field; everything is new at the first step."""
    if record.seq == 1:
        return field_changes(record.previous_data or {}, record.snapshot["data"])
    if record.previous_data is None:
        return {}
    return field_changes(record.previous_data, record.snapshot["data"])


# --- the instance's current row -----------------------------------------------------------------------------

_INSERT_INSTANCE: LiteralString = """
instance AS (
    INSERT INTO instances (tenant_id, process, entity_id, number, digest, version, status, state, states, data,
        snapshot, seq, chain_head, events, open_incidents, assignee, creator, outcome, parent_process,
        parent_entity_id, parent_child, created_at, updated_at, ended_at, due_at, next_timer_at)
    VALUES (%(tenant_id)s, %(process)s, %(entity_id)s, %(number)s, %(digest)s,
        (SELECT max(version) FROM definitions
         WHERE tenant_id = %(tenant_id)s AND process = %(process)s AND digest = %(digest)s),
        %(status)s, %(state)s, %(states)s, %(data)s, %(snapshot)s, %(seq)s, %(hash)s, %(events)s,
        %(open_incidents)s, %(assignee)s, %(creator)s, %(outcome)s, %(parent_process)s, %(parent_entity_id)s,
        %(parent_child)s, %(at)s, %(at)s, %(ended_at)s, %(due_at)s, %(next_timer_at)s)
)"""
_UPDATE_INSTANCE: LiteralString = """
instance AS (
    UPDATE instances SET digest = %(digest)s, status = %(status)s, state = %(state)s, states = %(states)s,
        data = %(data)s, snapshot = %(snapshot)s, seq = %(seq)s, chain_head = %(hash)s, events = %(events)s,
        open_incidents = %(open_incidents)s, assignee = %(assignee)s, outcome = %(outcome)s, updated_at = %(at)s,
        ended_at = %(ended_at)s, due_at = %(due_at)s, next_timer_at = %(next_timer_at)s
    WHERE tenant_id = %(tenant_id)s AND process = %(process)s AND entity_id = %(entity_id)s
)"""


def _instance_row(record: StepRecord, key: dict[str, Any], text: str) -> dict[str, Any]:
    snapshot, parent = record.snapshot, record.parent or {}
    tasks = snapshot["tasks"].values()
    return {
        "state": ",".join(record.after),
        "states": snapshot["configuration"],
        "data": json_text(snapshot["data"]),
        "snapshot": text,
        "open_incidents": Int8(len(snapshot["incidents"])),
        "assignee": next((task["assignee"] for task in reversed(tasks) if task["assignee"]), None),
        "creator": snapshot["creator"],
        "outcome": snapshot["outcome"],
        "ended_at": None if snapshot["status"] == "running" else key["at"],
        "due_at": _earliest(task.get("due_at") for task in tasks),
        "next_timer_at": _earliest(timer["due"] for timer in snapshot["timers"].values()),
        "parent_process": parent.get("process"),
        "parent_entity_id": parent.get("entity_id"),
        "parent_child": parent.get("child"),
    }


def _earliest(times: Iterable[str | None]) -> str | None:
    return min((utc(time) for time in times if time), default=None)
