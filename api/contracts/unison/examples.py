"""Examples of the API description; those of the transition are the contract's own."""

from __future__ import annotations

from typing import Any

TRANSITION: dict[str, Any] = {"comment": "Root cause identified, approved for disposition"}
TRANSITION_DONE: dict[str, Any] = {
    "previous_state": "submitted",
    "current_state": "approved",
    "current_assignee": {"id": 67, "name": "Plant Manager"},
    "performed_by": {"id": 45, "name": "QC Manager"},
    "performed_at": "2025-11-06T16:00:00Z",
}
WORK_LIST: dict[str, Any] = {
    "tasks": [
        {
            "entity_type": "ncr_report",
            "entity_id": 234,
            "number": "NCR-2025-042",
            "state": "submitted",
            "assigned_at": "2025-11-06T15:00:00Z",
            "due_at": "2025-11-07T15:00:00Z",
        }
    ],
    "total": 1,
}
DEFINITIONS: dict[str, Any] = {
    "definitions": [
        {
            "entity_type": "ncr_report",
            "title": "Nonconformance report",
            "version": "1.0.0",
            "states": ["submitted", "approved", "rejected"],
            "transitions": [
                {
                    "code": "approve",
                    "title": "Approve",
                    "from_state": "submitted",
                    "to_states": ["approved"],
                    "by": ["candidates"],
                    "require": ["comment"],
                }
            ],
        }
    ]
}
