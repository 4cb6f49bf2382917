"""Examples of the API description: one nonconformance report on its way."""

from __future__ import annotations

from typing import Any

_DIGEST = "3f5c1d0e9a7b4c2d8e6f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d"
_HASH = "9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d0f1e2d3c4b5a69788796a5b4c3d2e1f0"

START: dict[str, Any] = {
    "data": {"severity": "major", "description": "Cracks found on welded joint, second batch"},
    "number": "NCR-2025-042",
}
STARTED: dict[str, Any] = {
    "id": 234,
    "number": "NCR-2025-042",
    "entity_type": "ncr_report",
    "state": "submitted",
}
_SUMMARY: dict[str, Any] = {
    "id": 234,
    "number": "NCR-2025-042",
    "entity_type": "ncr_report",
    "title": "Nonconformance report",
    "version": "1.0.0",
    "status": "running",
    "state": "submitted",
    "assignee": None,
    "creator": "inspector",
    "created_at": "2025-11-06T15:00:00Z",
    "updated_at": "2025-11-06T15:00:00Z",
    "ended_at": None,
    "due_at": "2025-11-07T15:00:00Z",
    "open_incidents": 0,
}
_PAGE: dict[str, Any] = {"total": 1, "page": 1, "per_page": 50}
INSTANCES: dict[str, Any] = {"instances": [_SUMMARY], **_PAGE}
TASK: dict[str, Any] = {
    "entity_type": "ncr_report",
    "entity_id": 234,
    "number": "NCR-2025-042",
    "task": "1",
    "state": "submitted",
    "title": "Review NCR-2025-042: major",
    "candidates": ["role:qc_manager"],
    "assignee": None,
    "form": None,
    "priority": 3,
    "due_at": "2025-11-07T15:00:00Z",
    "due_why": None,
    "opened_at": "2025-11-06T15:00:00Z",
    "closed_at": None,
    "closed_by": None,
}
_STEP: dict[str, Any] = {
    "seq": 1,
    "event": "start",
    "at": "2025-11-06T15:00:00Z",
    "previous_state": "",
    "state": "submitted",
    "status": "running",
    "performed_by": {"id": 2, "name": "Jane Inspector"},
    "username": "inspector",
    "source": "api",
    "comment": None,
    "changes": {"severity": {"old": None, "new": "major"}},
    "hash": _HASH,
}
_INCIDENT: dict[str, Any] = {
    "entity_type": "ncr_report",
    "entity_id": 234,
    "number": "NCR-2025-042",
    "incident": "1",
    "kind": "effect",
    "state": "submitted",
    "error": {"code": "SMTP_UNREACHABLE", "message": "mail.example.com does not answer", "details": {}},
    "since": "2025-11-06T15:10:00Z",
    "resolved_at": None,
    "resolved_by": None,
    "resolution": None,
    "reason": None,
    "acknowledged_at": None,
    "acknowledged_by": None,
}
INSTANCE: dict[str, Any] = _SUMMARY | {
    "entity_id": 234,
    "digest": _DIGEST,
    "seq": 1,
    "states": ["submitted"],
    "outcome": None,
    "data": {"severity": "major", "description": "Cracks found on welded joint, second batch"},
    "tasks": [TASK],
    "timers": [
        {
            "timer": "after.submitted.0",
            "event": "after.submitted.0",
            "state": "submitted",
            "due_at": "2025-11-07T15:00:00Z",
        }
    ],
    "incidents": [_INCIDENT],
    "transitions": [
        {
            "code": "approve",
            "title": "Approve",
            "allowed": False,
            "reason": "This task is assigned to QC Manager, not you",
            "error": "FORBIDDEN",
            "require": ["comment"],
            "form": None,
            "sign": {"meaning": "approved", "level": "S2"},
        },
        {
            "code": "withdraw",
            "title": "Withdraw",
            "allowed": True,
            "reason": None,
            "error": None,
            "require": [],
            "form": None,
            "sign": None,
        },
    ],
    "transitions_error": None,
    "current_state": "submitted",
    "current_assignee": {"id": 45, "name": "QC Manager"},
    "available_transitions": [{"code": "withdraw", "label": "Withdraw", "requires_comment": False}],
    "history": [_STEP],
}
HISTORY: dict[str, Any] = {"steps": [_STEP], **_PAGE}
WAITS: dict[str, Any] = {
    "waits": [
        {
            "state": "submitted",
            "title": "Submitted",
            "since": "2025-11-06T15:00:00Z",
            "waits_for": ["QC Manager to complete 'Review NCR-2025-042: major'"],
            "until": "2025-11-07T15:00:00Z",
            "why": None,
            "then": "'Review NCR-2025-042: major' is late",
            "you_can": ["approve", "reject"],
        }
    ]
}
CANCEL: dict[str, Any] = {"reason": "Reported twice; see NCR-2025-041"}
CANCELLED: dict[str, Any] = {
    "seq": 2,
    "previous_state": "submitted",
    "state": "",
    "status": "cancelled",
    "at": "2025-11-06T16:00:00Z",
}
ACKNOWLEDGE: dict[str, Any] = {"reason": "I am calling the mail provider"}
ACKNOWLEDGED: dict[str, Any] = _INCIDENT | {"acknowledged_at": "2025-11-06T15:20:00Z", "acknowledged_by": "admin"}
INCIDENTS: dict[str, Any] = {"incidents": [_INCIDENT], **_PAGE}
REPAIR: dict[str, Any] = {"reason": "The mail server is back"}
REPAIRED: dict[str, Any] = {
    "seq": 2,
    "previous_state": "submitted",
    "state": "submitted",
    "status": "running",
    "at": "2025-11-06T16:00:00Z",
}
SIGNATURES: dict[str, Any] = {
    "signatures": [
        {
            "seq": 2,
            "transition": "approve",
            "meaning": "approved",
            "level": "S2",
            "position": 1,
            "complete": True,
            "voids": False,
            "username": "qc_manager",
            "printed_name": "QC Manager",
            "on_behalf_of": None,
            "signed_at": "2025-11-06T16:00:00Z",
            "content_hash": _HASH,
        }
    ]
}
DOCUMENTS: dict[str, Any] = {
    "documents": [
        {
            "id": 5,
            "title": "Nonconformance report NCR-2025-042",
            "filename": "NCR-2025-042.pdf",
            "media_type": "application/pdf",
            "sha256": _HASH,
            "created_at": "2025-11-06T16:00:00Z",
        }
    ]
}

YAML = """process: door
version: "1.0.0"
title: Door
initial: closed
start: {by: [anyone]}
states:
  closed:
    transitions:
      open: {to: opened, by: [anyone]}
  opened: {final: true}
"""
DEFINITION: dict[str, Any] = {"yaml": YAML, "files": {}, "changelog": "First version"}
DIAGNOSTIC: dict[str, Any] = {
    "code": "J101",
    "severity": "error",
    "file": "definition.yaml",
    "line": 7,
    "column": 5,
    "message": "unknown key 'transition'",
    "suggestion": "did you mean `transitions`?",
}
VALIDATION: dict[str, Any] = {
    "valid": False,
    "process": None,
    "version": None,
    "digest": None,
    "diagnostics": [DIAGNOSTIC],
}
_VERSION: dict[str, Any] = {
    "process": "door",
    "version": "1.0.0",
    "digest": _DIGEST,
    "title": "Door",
    "status": "published",
    "in_force": True,
    "changelog": "First version",
    "created_at": "2025-11-06T15:00:00Z",
    "published_at": "2025-11-06T15:00:00Z",
    "published_by": "admin",
}
DEFINITIONS: dict[str, Any] = {"definitions": [_VERSION]}
VERSIONS: dict[str, Any] = {"versions": [_VERSION]}
DEFINITION_DETAIL: dict[str, Any] = _VERSION | {"source": YAML, "files": {}, "program": {"process": "door"}}
PUBLISHED: dict[str, Any] = _VERSION | {"created": True, "warnings": []}
