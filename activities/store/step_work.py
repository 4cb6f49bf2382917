"""The work that follows from a step: tasks opened, given and closed, incidents, and outgoing events.

Turns effects and snapshot of a StepRecord into SQL statements with parameters. Sends nothing itself.
"""

from __future__ import annotations

from typing import Any, LiteralString

from activities.store.step_form import Statement, key_of, reason_of, utc
from workflows.domain.hash_chain import json_text
from workflows.messages.instance import StepRecord

_REPAIRS = frozenset({"retry", "skip", "patch", "move"})

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


def task_statements(record: StepRecord) -> list[Statement]:
    """In the order of the effects."""
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
                    **key_of(record),
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
        **key_of(record),
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


def incident_statements(record: StepRecord, open_before: int) -> list[Statement]:
    """Brings the table to what the snapshot says; nothing to do while there are none, which is nearly always."""
    incidents = record.snapshot["incidents"]
    found: list[Statement] = [
        (_OPEN_INCIDENT, _incident_row(record, key, incident)) for key, incident in incidents.items()
    ]
    if open_before:
        command = record.command
        resolved = {
            **key_of(record),
            "at": utc(record.at),
            "seq": record.seq,
            "username": command["actor"]["username"],
            "resolution": command["name"] if command["name"] in _REPAIRS else "event",
            "reason": reason_of(command),
            "open": list(incidents),
        }
        found.append((_RESOLVE_INCIDENTS, resolved))
    return found


def _incident_row(record: StepRecord, key: str, incident: dict[str, Any]) -> dict[str, Any]:
    event = incident.get("event")
    return {
        **key_of(record),
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


def event_statement(record: StepRecord, effect: dict[str, Any], sequence: int) -> Statement:
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
    row = {**key_of(record), "event": effect["event"], "payload": json_text(envelope), "sequence": sequence}
    return (_EMIT, row)
