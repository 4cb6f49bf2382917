"""From records to the shapes of the platform contract."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from activities.services.documents import Document
from workflows.domain.records import (
    DefinitionVersion,
    IncidentEntry,
    InstanceDetail,
    InstanceSummary,
    Page,
    SignatureEntry,
    StepEntry,
    TaskEntry,
    TimerEntry,
)
from workflows.engine.events import Verdict
from workflows.messages.instance import Outcome


def paged(name: str, items: Iterable[dict[str, Any]], page: Page[Any]) -> dict[str, Any]:
    return {name: list(items), "total": page.total, "page": page.page, "per_page": page.per_page}


def instance(summary: InstanceSummary) -> dict[str, Any]:
    return {
        "id": summary.entity_id,
        "number": summary.number,
        "entity_type": summary.process,
        "title": summary.title,
        "version": summary.version,
        "status": summary.status,
        "state": summary.state,
        "assignee": summary.assignee,
        "creator": summary.creator,
        "created_at": summary.created_at,
        "updated_at": summary.updated_at,
        "ended_at": summary.ended_at,
        "due_at": summary.due_at,
        "open_incidents": summary.open_incidents,
    }


def instance_detail(
    detail: InstanceDetail,
    verdicts: list[Verdict],
    steps: list[StepEntry],
    current_assignee: dict[str, Any] | None,
) -> dict[str, Any]:
    """The platform's view and, beside it, the fields that clients of the Unison contract look for."""
    summary = detail.summary
    return instance(summary) | {
        "entity_id": summary.entity_id,
        "digest": summary.digest,
        "seq": summary.seq,
        "states": summary.states,
        "outcome": summary.outcome,
        "data": summary.data,
        "tasks": [task(entry) for entry in detail.tasks],
        "timers": [timer(entry) for entry in detail.timers],
        "incidents": [incident(entry) for entry in detail.incidents],
        "transitions": [transition(verdict) for verdict in verdicts],
        "current_state": summary.state,
        "current_assignee": current_assignee,
        "available_transitions": [_available(verdict) for verdict in verdicts if verdict.allowed],
        "history": [step(entry) for entry in steps],
    }


def transition(verdict: Verdict) -> dict[str, Any]:
    return {
        "code": verdict.code,
        "title": verdict.title,
        "allowed": verdict.allowed,
        "reason": verdict.reason,
        "error": verdict.error,
        "require": list(verdict.require),
        "form": verdict.form,
        "sign": verdict.sign,
    }


def _available(verdict: Verdict) -> dict[str, Any]:
    return {"code": verdict.code, "label": verdict.title, "requires_comment": "comment" in verdict.require}


def task(entry: TaskEntry) -> dict[str, Any]:
    return {
        "entity_type": entry.process,
        "entity_id": entry.entity_id,
        "number": entry.number,
        "task": entry.task,
        "state": entry.state,
        "title": entry.title,
        "candidates": entry.candidates,
        "assignee": entry.assignee,
        "form": entry.form,
        "priority": entry.priority,
        "due_at": entry.due_at,
        "due_why": entry.due_why,
        "opened_at": entry.opened_at,
        "closed_at": entry.closed_at,
        "closed_by": entry.closed_by,
    }


def timer(entry: TimerEntry) -> dict[str, Any]:
    return {"timer": entry.timer, "event": entry.event, "state": entry.state, "due_at": entry.due}


def incident(entry: IncidentEntry) -> dict[str, Any]:
    return {
        "entity_type": entry.process,
        "entity_id": entry.entity_id,
        "number": entry.number,
        "incident": entry.incident,
        "kind": entry.kind,
        "state": entry.state,
        "error": entry.error,
        "since": entry.since,
        "resolved_at": entry.resolved_at,
        "resolved_by": entry.resolved_by,
        "resolution": entry.resolution,
        "reason": entry.reason,
        "acknowledged_at": entry.acknowledged_at,
        "acknowledged_by": entry.acknowledged_by,
    }


def step(entry: StepEntry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "event": entry.event,
        "at": entry.at,
        "previous_state": ",".join(entry.before),
        "state": ",".join(entry.after),
        "status": entry.status,
        "performed_by": {"id": entry.actor.get("id"), "name": entry.actor.get("name", entry.username)},
        "username": entry.username,
        "source": entry.source,
        "comment": entry.reason,
        "changes": entry.changes,
        "hash": entry.hash,
    }


def moved(outcome: Outcome) -> dict[str, Any]:
    return {
        "seq": outcome.seq,
        "previous_state": ",".join(outcome.previous_state),
        "state": ",".join(outcome.state),
        "status": outcome.status,
        "at": outcome.at,
    }


def signature(entry: SignatureEntry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "transition": entry.code,
        "meaning": entry.meaning,
        "level": entry.level,
        "position": entry.position,
        "complete": entry.complete,
        "voids": entry.voids,
        "username": entry.username,
        "printed_name": entry.printed_name,
        "on_behalf_of": entry.on_behalf_of,
        "signed_at": entry.signed_at,
        "content_hash": entry.content_hash,
    }


def document(item: Document) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": item.title,
        "filename": item.filename,
        "media_type": item.media_type,
        "sha256": item.sha256,
        "created_at": item.created_at,
    }


def definition(version: DefinitionVersion) -> dict[str, Any]:
    return {
        "process": version.process,
        "version": version.version,
        "digest": version.digest,
        "title": version.title,
        "status": version.status,
        "in_force": version.in_force,
        "changelog": version.changelog,
        "created_at": version.created_at,
        "published_at": version.published_at,
        "published_by": version.published_by,
    }
