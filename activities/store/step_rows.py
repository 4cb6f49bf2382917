"""What one step writes: its row in the log, the instance's current row, tasks, incidents and outgoing events.

Turns a StepRecord into SQL statements with parameters, in the order they must run. Sends nothing itself.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, LiteralString, NamedTuple

from workflows.domain.changes import field_changes
from workflows.domain.hash_chain import GENESIS, content_hash, json_text, row_hash
from workflows.messages.instance import StepRecord

Statement = tuple[LiteralString, dict[str, Any]]

_REPAIRS = frozenset({"retry", "skip", "patch", "move"})


class Head(NamedTuple):
    """Where an instance stands in SQL before the step."""

    seq: int = 0
    chain_head: str = GENESIS
    events: int = 0
    open_incidents: int = 0


def utc(text: str) -> str:
    """An RFC 3339 time in the one form that hashes are taken over: UTC, microseconds, `Z`."""
    moment = dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def statements(record: StepRecord, head: Head) -> list[Statement]:
    """All statements of the step."""
    snapshot_text = json_text(record.snapshot)
    step = _step_row(record, head, snapshot_text)
    emitted = [effect for effect in record.effects if effect["kind"] == "emit"]
    instance = _instance_row(record, head, snapshot_text, step["hash"], head.events + len(emitted))
    return [
        (_INSERT_INSTANCE if record.seq == 1 else _UPDATE_INSTANCE, instance),
        (_INSERT_STEP, step),
        *_tasks(record),
        *_incidents(record, head),
        *(_event(record, effect, head.events + count) for count, effect in enumerate(emitted, 1)),
    ]


# --- the step log -------------------------------------------------------------------------------------------

_INSERT_STEP: LiteralString = """
INSERT INTO steps (tenant_id, process, entity_id, seq, command_id, event, taken, before, after, status, username,
    actor, source, reason, changes, effects, digest, snapshot_hash, at, prev_hash, hash)
VALUES (%(tenant_id)s, %(process)s, %(entity_id)s, %(seq)s, %(command_id)s, %(event)s, %(taken)s, %(before)s,
    %(after)s, %(status)s, %(username)s, %(actor)s, %(source)s, %(reason)s, %(changes)s, %(effects)s, %(digest)s,
    %(snapshot_hash)s, %(at)s, %(prev_hash)s, %(hash)s)
"""


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
        "reason": _reason(command),
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


def _reason(command: dict[str, Any]) -> str | None:
    data = command.get("data") or {}
    reason = data.get("reason") or data.get("comment")
    return reason if isinstance(reason, str) else None


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
        **_key(record),
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


def _key(record: StepRecord) -> dict[str, Any]:
    return {"tenant_id": record.tenant, "process": record.process, "entity_id": record.entity_id}


def _earliest(times: Any) -> str | None:
    return min((utc(time) for time in times if time), default=None)


# --- tasks --------------------------------------------------------------------------------------------------

_OPEN_TASK: LiteralString = """
INSERT INTO tasks (tenant_id, process, entity_id, task, number, state, title, candidates, assignee, form, priority,
    due_at, opened_at, opened_seq)
VALUES (%(tenant_id)s, %(process)s, %(entity_id)s, %(task)s, %(number)s, %(state)s, %(title)s, %(candidates)s,
    %(assignee)s, %(form)s, %(priority)s, %(due_at)s, %(at)s, %(seq)s)
"""
_OFFER_TASK: LiteralString = """
INSERT INTO task_candidates (tenant_id, candidate, process, entity_id, task)
SELECT DISTINCT %(tenant_id)s, candidate, %(process)s, %(entity_id)s::bigint, %(task)s
FROM unnest(%(candidates)s::text[]) AS candidate
"""
_CHANGE_TASK: LiteralString = """
UPDATE tasks SET candidates = %(candidates)s, assignee = %(assignee)s, title = %(title)s, due_at = %(due_at)s,
    priority = %(priority)s
WHERE tenant_id = %(tenant_id)s AND process = %(process)s AND entity_id = %(entity_id)s AND task = %(task)s
"""
_WITHDRAW_TASK: LiteralString = """
DELETE FROM task_candidates
WHERE tenant_id = %(tenant_id)s AND process = %(process)s AND entity_id = %(entity_id)s AND task = %(task)s
"""
_CLOSE_TASK: LiteralString = """
UPDATE tasks SET closed_at = %(at)s, closed_seq = %(seq)s, closed_by = %(username)s
WHERE tenant_id = %(tenant_id)s AND process = %(process)s AND entity_id = %(entity_id)s AND task = %(task)s
"""


def _tasks(record: StepRecord) -> list[Statement]:
    found: list[Statement] = []
    for effect in record.effects:
        match effect["kind"]:
            case "task_open":
                row = _task_row(record, effect["task"], effect)
                found += [(_OPEN_TASK, row), (_OFFER_TASK, row)]
            case "task_assign":
                now = record.snapshot["tasks"].get(effect["task"])
                if now is not None:  # else closed later in the same step
                    row = _task_row(record, effect["task"], now)
                    found += [(_CHANGE_TASK, row), (_WITHDRAW_TASK, row), (_OFFER_TASK, row)]
            case "task_close":
                row = {
                    **_key(record),
                    "task": effect["task"],
                    "at": utc(record.at),
                    "seq": record.seq,
                    "username": record.command["actor"]["username"],
                }
                found += [(_CLOSE_TASK, row), (_WITHDRAW_TASK, row)]
    return found


def _task_row(record: StepRecord, task_id: str, task: dict[str, Any]) -> dict[str, Any]:
    form, due = task.get("form"), task.get("due_at")
    return {
        **_key(record),
        "task": task_id,
        "number": record.number,
        "state": task["state"],
        "title": task["title"],
        "candidates": task["candidates"],
        "assignee": task["assignee"],
        "form": None if form is None else json_text(form),
        "priority": task["priority"],
        "due_at": utc(due) if due else None,
        "at": utc(record.at),
        "seq": record.seq,
    }


# --- incidents ----------------------------------------------------------------------------------------------

_OPEN_INCIDENT: LiteralString = """
INSERT INTO incidents (tenant_id, process, entity_id, incident, number, kind, ref, state, error, event, since,
    opened_seq)
VALUES (%(tenant_id)s, %(process)s, %(entity_id)s, %(incident)s, %(number)s, %(kind)s, %(ref)s, %(state)s, %(error)s,
    %(event)s, %(since)s, %(seq)s)
ON CONFLICT (tenant_id, process, entity_id, incident) DO UPDATE
SET error = excluded.error, state = excluded.state, event = excluded.event, since = excluded.since
WHERE incidents.error::text <> excluded.error::text
"""
_RESOLVE_INCIDENTS: LiteralString = """
UPDATE incidents SET resolved_at = %(at)s, resolved_seq = %(seq)s, resolved_by = %(username)s,
    resolution = %(resolution)s, reason = %(reason)s
WHERE tenant_id = %(tenant_id)s AND process = %(process)s AND entity_id = %(entity_id)s
    AND resolved_at IS NULL AND NOT incident = ANY(%(open)s::text[])
"""


def _incidents(record: StepRecord, head: Head) -> list[Statement]:
    """Brings the table to what the snapshot says; nothing to do while there are none, which is nearly always."""
    incidents = record.snapshot["incidents"]
    found: list[Statement] = [
        (_OPEN_INCIDENT, _incident_row(record, key, incident)) for key, incident in incidents.items()
    ]
    if head.open_incidents:
        command = record.command
        resolved = {
            **_key(record),
            "at": utc(record.at),
            "seq": record.seq,
            "username": command["actor"]["username"],
            "resolution": command["name"] if command["name"] in _REPAIRS else "event",
            "reason": _reason(command),
            "open": list(incidents),
        }
        found.append((_RESOLVE_INCIDENTS, resolved))
    return found


def _incident_row(record: StepRecord, key: str, incident: dict[str, Any]) -> dict[str, Any]:
    event = incident.get("event")
    return {
        **_key(record),
        "incident": key,
        "number": record.number,
        "kind": incident["kind"],
        "ref": incident.get("ref"),
        "state": incident.get("state"),
        "error": json_text(incident["error"]),
        "event": None if event is None else json_text(event),
        "since": utc(incident["since"]),
        "seq": record.seq,
    }


# --- outgoing events ----------------------------------------------------------------------------------------

_EMIT: LiteralString = """
INSERT INTO outbox (tenant_id, event, payload, process, entity_id, sequence)
VALUES (%(tenant_id)s, %(event)s, %(payload)s, %(process)s, %(entity_id)s, %(sequence)s)
"""


def _event(record: StepRecord, effect: dict[str, Any], sequence: int) -> Statement:
    """One row of the outbox; the payload is the envelope that subscribers get."""
    about = {"entityType": record.process, "entityId": record.entity_id, "number": record.number}
    envelope = {
        "event": effect["event"],
        "type": effect["event"],
        "timestamp": record.at,
        "teamId": record.tenant,
        "data": {**about, **(effect.get("data") or {})},
        "sequence": sequence,
    }
    row = {**_key(record), "event": effect["event"], "payload": json_text(envelope), "sequence": sequence}
    return (_EMIT, row)
