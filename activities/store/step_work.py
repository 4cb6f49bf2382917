"""The work that follows from a step: tasks opened, given and closed, incidents, and outgoing events.

Gives parts of the step's one statement with their parameters and, for what is rare, statements of its own. Sends
nothing itself.
"""

from __future__ import annotations

from typing import Any, LiteralString

from activities.store.step_form import Statement, key_of, reason_of, utc
from workflows.domain.hash_chain import json_text
from workflows.messages.instance import StepRecord

_REPAIRS = frozenset({"retry", "skip", "patch", "move"})


# --- tasks --------------------------------------------------------------------------------------------------

OPEN_TASKS: LiteralString = """
opened AS (
    INSERT INTO tasks (tenant_id, process, entity_id, task, number, state, title, candidates, assignee, form, priority,
        due_at, due_why, opened_at, opened_seq, closed_at, closed_seq, closed_by)
    SELECT %(tenant_id)s, %(process)s, %(entity_id)s, task, %(number)s, state, title, candidates, assignee, form,
        priority, due_at, due_why, %(at)s, %(seq)s, CASE WHEN closed THEN %(at)s::timestamptz END,
        CASE WHEN closed THEN %(seq)s END, CASE WHEN closed THEN %(username)s END
    FROM json_to_recordset(%(opened)s::json) AS task (task text, state text, title text, candidates text[],
        assignee text, form json, priority smallint, due_at timestamptz, due_why text, closed boolean)
), offered AS (
    INSERT INTO task_candidates (tenant_id, candidate, process, entity_id, task)
    SELECT DISTINCT %(tenant_id)s, candidate, %(process)s, %(entity_id)s, task
    FROM json_to_recordset(%(opened)s::json) AS task (task text, candidates text[], closed boolean),
        unnest(candidates) AS candidate
    WHERE NOT closed
)"""
CLOSE_TASKS: LiteralString = """
closed AS (
    UPDATE tasks SET closed_at = %(at)s, closed_seq = %(seq)s, closed_by = %(username)s
    WHERE tenant_id = %(tenant_id)s AND process = %(process)s AND entity_id = %(entity_id)s
        AND task = ANY(%(closed)s::text[])
), withdrawn AS (
    DELETE FROM task_candidates
    WHERE tenant_id = %(tenant_id)s AND process = %(process)s AND entity_id = %(entity_id)s
        AND task = ANY(%(closed)s::text[])
)"""
_ASSIGN_TASK: LiteralString = """
WITH changed AS (
    UPDATE tasks SET candidates = %(candidates)s, assignee = %(assignee)s, due_at = %(due_at)s, due_why = %(due_why)s
    WHERE tenant_id = %(tenant_id)s AND process = %(process)s AND entity_id = %(entity_id)s AND task = %(task)s
), withdrawn AS (
    DELETE FROM task_candidates
    WHERE tenant_id = %(tenant_id)s AND process = %(process)s AND entity_id = %(entity_id)s AND task = %(task)s
        AND NOT candidate = ANY(%(candidates)s::text[])
)
INSERT INTO task_candidates (tenant_id, candidate, process, entity_id, task)
SELECT DISTINCT %(tenant_id)s, candidate, %(process)s, %(entity_id)s, %(task)s
FROM unnest(%(candidates)s::text[]) AS candidate
ON CONFLICT DO NOTHING
"""


def opened_tasks(record: StepRecord) -> str | None:
    """Tasks the step opened, as JSON for `OPEN_TASKS`, those it closed again marked; None when it opened none."""
    opened = [effect for effect in record.effects if effect["kind"] == "task_open"]
    if not opened:
        return None
    closed = {effect["task"] for effect in record.effects if effect["kind"] == "task_close"}
    fields = ("task", "state", "title", "candidates", "assignee", "form", "priority", "due_at", "due_why")
    return json_text(
        [{**{name: task.get(name) for name in fields}, "closed": task["task"] in closed} for task in opened]
    )


def closed_tasks(record: StepRecord) -> list[str]:
    """Ids of the tasks the step closed."""
    return [effect["task"] for effect in record.effects if effect["kind"] == "task_close"]


def assignments(record: StepRecord) -> list[Statement]:
    """Tasks that were given to somebody, or whose clock was stopped or started, and that are open still: the snapshot
    says to whom, and when they are due."""
    open_tasks = record.snapshot["tasks"]
    given = {effect["task"] for effect in record.effects if effect["kind"] in ("task_assign", "task_due")}
    return [
        (
            _ASSIGN_TASK,
            {
                **key_of(record),
                "task": task_id,
                "assignee": open_tasks[task_id]["assignee"],
                "candidates": open_tasks[task_id]["candidates"],
                "due_at": open_tasks[task_id].get("due_at"),
                "due_why": open_tasks[task_id].get("due_why"),
            },
        )
        for task_id in sorted(given & set(open_tasks))
    ]


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


def incident_changes(record: StepRecord, open_before: int) -> list[Statement]:
    """Brings the table to what the snapshot says; nothing to do while there are none, which is nearly always."""
    incidents = record.snapshot["incidents"]
    found: list[Statement] = [
        (_OPEN_INCIDENT, _incident_row(record, key, incident)) for key, incident in incidents.items()
    ]
    if open_before:
        command = record.command
        resolved = {
            **key_of(record),
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
        "kind": incident["kind"],
        "ref": incident.get("ref"),
        "state": incident.get("state"),
        "error": json_text(incident["error"]),
        "event": None if event is None else json_text(event),
        "since": utc(incident["since"]),
    }


# --- outgoing events ----------------------------------------------------------------------------------------

EMIT: LiteralString = """
emitted AS (
    INSERT INTO outbox (tenant_id, event, payload, process, entity_id, sequence)
    SELECT %(tenant_id)s, event, payload::json, %(process)s, %(entity_id)s,
        %(events)s - cardinality(%(emitted)s::text[]) + place
    FROM unnest(%(emitted)s::text[], %(payloads)s::text[]) WITH ORDINALITY AS sent (event, payload, place)
    ORDER BY place
)"""


def emitted_events(record: StepRecord, before: int) -> list[tuple[str, str]]:
    """Name and envelope of each event the step emits.

    Args:
        before: events the instance emitted before; each carries its place in the whole sequence.
    """
    effects = [effect for effect in record.effects if effect["kind"] == "emit"]
    return [
        (effect["event"], json_text(_envelope(record, effect, before + place)))
        for place, effect in enumerate(effects, 1)
    ]


def _envelope(record: StepRecord, effect: dict[str, Any], sequence: int) -> dict[str, Any]:
    """What subscribers get."""
    about = {"entityType": record.process, "entityId": record.entity_id, "number": record.number}
    return {
        "event": effect["event"],
        "type": effect["event"],
        "timestamp": record.at,
        "teamId": record.tenant,
        "data": {**about, **(effect.get("data") or {})},
        "sequence": sequence,
    }
