"""The state of one instance as plain JSON: all that survives continue-as-new, replay, migration and simulation."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal

Status = Literal["new", "running", "done", "cancelled"]


@dataclass(slots=True)
class Snapshot:
    """Treated as a value: `step` returns a new one and leaves its argument as it was.

    Every field is plain JSON, so `Snapshot.from_json(json.loads(json.dumps(s.to_json()))) == s`.
    """

    status: Status = "new"
    configuration: list[str] = field(default_factory=list)
    """Ids of all active states, atomic and not, in document order."""
    history: dict[str, list[str]] = field(default_factory=dict)
    """History state id -> state ids it restores."""
    data: dict[str, Any] = field(default_factory=dict)
    number: str = ""
    """Business number."""
    entity_id: int = 0
    tenant: str = ""
    timers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Timer id -> {"due": RFC 3339 UTC, "event", "data", "state": id or None, "send": send id or None}."""
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Task id -> {"state", "title", "candidates": [..], "assignee": user name or None, "opened_at", "due_at",
    "priority", "form"}; where there is any: "claimed_for": user name, "votes": {user name: vote}, "decided": transition
    code, "due_why": text, "remaining_s": seconds left while the clock stands still."""
    children: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Child id -> {"state": owner, "process", "index", "data": start data, "status": waiting, running, done,
    failed or cancelled, "outcome": final state id or None, "result": data}."""
    pending: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Effect id -> the `do`, `send` or `start` effect that is committed and not yet reported back; insertion order."""
    completed: list[dict[str, Any]] = field(default_factory=list)
    """Completed actions that can be compensated, oldest first: {"effect", "action", "with"}."""
    incidents: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Incident id -> {"kind": effect, timer, child or event, "ref", "state", "error": {code, message, details},
    "since", "event": the event that could not be taken or None}."""
    counters: dict[str, int] = field(default_factory=dict)
    """Last used number per kind: effect, task, child, send, incident."""
    entered: dict[str, str] = field(default_factory=dict)
    """Active state id -> time of entry, RFC 3339 UTC."""
    creator: str | None = None
    """User name that started the instance."""
    outcome: str | None = None
    """Top-level final state reached, when done."""
    result: dict[str, Any] | None = None
    """Data of that final state."""
    doers: dict[str, list[str]] = field(default_factory=dict)
    """`<state id>/<transition code>`, or `start` -> user names of those who have done it, and of those they stood in
    for; what separation of duties is judged by."""
    signatures: dict[str, dict[str, Any]] = field(default_factory=dict)
    """`<state id>/<transition code>` -> the first of the two signatures it needs."""
    paused: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Timer id -> the timer whose clock stands still, with "remaining_s" instead of "due"."""

    def to_json(self) -> dict[str, Any]:
        """A shallow view for serialisation; do not change it."""
        return {name: getattr(self, name) for name in _FIELDS}

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Snapshot:
        """Unknown names are refused: a snapshot of a newer build must not lose what it carries."""
        return cls(**raw)


_FIELDS = tuple(item.name for item in fields(Snapshot))
