"""What one step writes: its row in the log, the instance's current row, and what follows from it in `step_work`.

Turns a StepRecord into SQL statements with parameters, in the order they must run. Sends nothing itself.
"""

from __future__ import annotations

from typing import Any, LiteralString, NamedTuple

from activities.store.step_form import Statement, key_of, reason_of, utc
from activities.store.step_work import event_statement, incident_statements, task_statements
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
    """All statements of the step."""
    snapshot_text = json_text(record.snapshot)
    step = _step_row(record, head, snapshot_text)
    emitted = [effect for effect in record.effects if effect["kind"] == "emit"]
    instance = _instance_row(record, head, snapshot_text, step["hash"], head.events + len(emitted))
    return [
        (_INSERT_INSTANCE if record.seq == 1 else _UPDATE_INSTANCE, instance),
        (_INSERT_STEP, step),
        *task_statements(record),
        *incident_statements(record, head.open_incidents),
        *(event_statement(record, effect, head.events + count) for count, effect in enumerate(emitted, 1)),
    ]


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


def _step_row(record: StepRecord, head: Head, snapshot_text: str) -> dict[str, Any]:
    command = record.command
    row = {
        "tenant_id": record.tenant,
        "process": record.process,
        "entity_id": record.entity_id,
        "seq": record.seq,
        "command_id": command["id"],
        "event": command["name"],
        "taken": record.taken,
        "before": record.before,
        "after": record.after,
        "status": record.snapshot["status"],
        "username": command["actor"]["username"],
        "actor": json_text(command["actor"]),
        "source": command.get("source", "api"),
        "reason": reason_of(command),
        "changes": json_text(_changes(record)),
        "effects": json_text(record.effects),
        "digest": record.digest,
        "snapshot_hash": content_hash(snapshot_text),
        "at": utc(record.at),
    }
    return {**row, "prev_hash": head.chain_head, "hash": row_hash(head.chain_head, row)}


def _changes(record: StepRecord) -> dict[str, Any]:
    """Field by field; everything is new at the first step."""
    if record.seq == 1:
        return field_changes(record.previous_data or {}, record.snapshot["data"])
    if record.previous_data is None:
        return {}
    return field_changes(record.previous_data, record.snapshot["data"])


# --- the instance's current row -----------------------------------------------------------------------------

_INSERT_INSTANCE: LiteralString = """
INSERT INTO instances (tenant_id, process, entity_id, number, digest, version, status, state, states, data, snapshot,
    seq, chain_head, events, open_incidents, assignee, creator, outcome, parent_process, parent_entity_id,
    parent_child, created_at, updated_at, ended_at, due_at, next_timer_at)
VALUES (%(tenant_id)s, %(process)s, %(entity_id)s, %(number)s, %(digest)s,
    (SELECT max(version) FROM definitions
     WHERE tenant_id = %(tenant_id)s AND process = %(process)s AND digest = %(digest)s),
    %(status)s, %(state)s, %(states)s, %(data)s, %(snapshot)s, %(seq)s, %(chain_head)s, %(events)s,
    %(open_incidents)s, %(assignee)s, %(creator)s, %(outcome)s, %(parent_process)s, %(parent_entity_id)s,
    %(parent_child)s, %(at)s, %(at)s, %(ended_at)s, %(due_at)s, %(next_timer_at)s)
"""
_UPDATE_INSTANCE: LiteralString = """
UPDATE instances SET digest = %(digest)s, status = %(status)s, state = %(state)s, states = %(states)s,
    data = %(data)s, snapshot = %(snapshot)s, seq = %(seq)s, chain_head = %(chain_head)s, events = %(events)s,
    open_incidents = %(open_incidents)s, assignee = %(assignee)s, outcome = %(outcome)s, updated_at = %(at)s,
    ended_at = %(ended_at)s, due_at = %(due_at)s, next_timer_at = %(next_timer_at)s
WHERE tenant_id = %(tenant_id)s AND process = %(process)s AND entity_id = %(entity_id)s
"""


def _instance_row(record: StepRecord, head: Head, snapshot_text: str, chain_head: str, events: int) -> dict[str, Any]:
    snapshot = record.snapshot
    tasks = snapshot["tasks"].values()
    ended = snapshot["status"] != "running"
    row = {
        **key_of(record),
        "digest": record.digest,
        "status": snapshot["status"],
        "state": ",".join(record.after),
        "states": snapshot["configuration"],
        "data": json_text(snapshot["data"]),
        "snapshot": snapshot_text,
        "seq": record.seq,
        "chain_head": chain_head,
        "events": events,
        "open_incidents": len(snapshot["incidents"]),
        "assignee": next((task["assignee"] for task in reversed(tasks) if task["assignee"]), None),
        "outcome": snapshot["outcome"],
        "at": utc(record.at),
        "ended_at": utc(record.at) if ended else None,
        "due_at": _earliest(task.get("due_at") for task in tasks),
        "next_timer_at": _earliest(timer["due"] for timer in snapshot["timers"].values()),
    }
    if record.seq > 1:
        return row
    parent = record.parent or {}
    return {
        **row,
        "number": record.number,
        "creator": snapshot["creator"],
        "parent_process": parent.get("process"),
        "parent_entity_id": parent.get("entity_id"),
        "parent_child": parent.get("child"),
    }


def _earliest(times: Any) -> str | None:
    return min((utc(time) for time in times if time), default=None)
