"""Step records as the machine would send them, for one process of three states."""

from __future__ import annotations

import itertools
from typing import Any

from workflows.messages.instance import StepRecord

DIGEST = "d" * 64
_ids = itertools.count(1_000_000)


def new_id() -> int:
    """An entity id no other test has."""
    return next(_ids)


def task(task_id: str, **fields: Any) -> dict[str, Any]:
    """A task as it stands in the snapshot."""
    return {
        "state": "submitted",
        "title": f"Review {task_id}",
        "candidates": ["role:qc_manager"],
        "assignee": None,
        "form": None,
        "due_at": None,
        "priority": 3,
        "opened_at": "2025-11-06T15:00:00Z",
        **fields,
    }


def opened(task_id: str, **fields: Any) -> dict[str, Any]:
    return {"kind": "task_open", "task": task_id, **task(task_id, **fields)}


def closed(task_id: str) -> dict[str, Any]:
    return {"kind": "task_close", "task": task_id, "state": "submitted"}


def emitted(event: str, **data: Any) -> dict[str, Any]:
    return {"kind": "emit", "state": "submitted", "event": event, "data": data}


def sql_action(action: str = "stock.hold", **arguments: Any) -> dict[str, Any]:
    return {
        "kind": "do",
        "id": "1",
        "def": "hold",
        "state": None,
        "action": action,
        "mode": "sql",
        "with": arguments,
    }


def incident(code: str = "HTTP_500", **fields: Any) -> dict[str, Any]:
    return {
        "kind": "effect",
        "ref": "1",
        "state": "submitted",
        "error": {"code": code, "message": "no answer", "details": {}},
        "since": "2025-11-06T15:00:00Z",
        "event": None,
        **fields,
    }


def signed(**fields: Any) -> dict[str, Any]:
    """A signature that completes the transition."""
    given = {
        "meaning": "approved",
        "username": "qc_manager",
        "printed_name": "QC Manager",
        "at": "2025-11-06T15:00:00Z",
        "method": "password",
        "content_hash": "c" * 64,
    }
    return {
        "kind": "sign",
        "state": "submitted",
        "task": "1",
        "code": "approve",
        "meaning": "approved",
        "level": "S2",
        "position": 1,
        "complete": True,
        "voids": False,
        "signature": given,
        "on_behalf_of": None,
        **fields,
    }


def record(
    tenant: str,
    entity_id: int,
    seq: int = 1,
    *,
    effects: list[dict[str, Any]] | None = None,
    command: str | None = None,
    event: str = "approve",
    states: list[str] | None = None,
    data: dict[str, Any] | None = None,
    number: str | None = None,
    comment: str | None = None,
    at: str = "2025-11-06T15:00:00Z",
    **snapshot: Any,
) -> StepRecord:
    """Step `seq` of an instance; keyword arguments not named go into the snapshot."""
    active = states or ["submitted"]
    full = {
        "status": "running",
        "configuration": active,
        "history": {},
        "data": data if data is not None else {"severity": "minor"},
        "number": number or f"NCR-{entity_id}",
        "entity_id": entity_id,
        "tenant": tenant,
        "timers": {},
        "tasks": {},
        "children": {},
        "pending": {},
        "completed": [],
        "incidents": {},
        "counters": {},
        "entered": {},
        "creator": "operator",
        "outcome": None,
        "result": None,
        **snapshot,
    }
    return StepRecord(
        tenant=tenant,
        process="ncr_report",
        digest=DIGEST,
        entity_id=entity_id,
        number=full["number"],
        seq=seq,
        command={
            "id": command or f"c{seq}",
            "name": "start" if seq == 1 else event,
            "actor": {"id": 7, "username": "qc_manager", "name": "QC Manager", "roles": ["qc_manager"]},
            "data": {"comment": comment} if comment else {},
            "source": "api",
        },
        at=at,
        before=[] if seq == 1 else ["submitted"],
        after=sorted(active),
        snapshot=full,
        effects=effects or [],
        taken=[] if seq == 1 else ["submitted/0"],
        previous_data=None if seq == 1 else {"severity": "minor"},
    )
