"""What is read about processes: plain records that services return and contracts translate.

Times are UTC datetimes. Knows nothing of where records are kept.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a list."""

    items: list[Item]
    total: int
    """Items in the whole list; beyond 10,000 an estimate, see `exact`."""
    page: int
    per_page: int
    exact: bool = True
    """False: `total` is the database's estimate, because counting would cost more than the page."""


@dataclass(frozen=True, slots=True)
class InstanceSummary:
    process: str
    entity_id: int
    number: str
    title: str | None
    """Of the definition; None when its version is not on record here."""
    version: str | None
    digest: str
    status: str
    """running, done or cancelled."""
    state: str
    """Sorted atomic state ids, joined with a comma."""
    states: list[str]
    """All active state ids, document order."""
    data: dict[str, Any]
    seq: int
    """Number of steps so far."""
    assignee: str | None
    """Of the task opened last that has one."""
    creator: str | None
    outcome: str | None
    """Top-level final state, when done."""
    parent_process: str | None
    parent_entity_id: int | None
    created_at: dt.datetime
    updated_at: dt.datetime
    ended_at: dt.datetime | None
    due_at: dt.datetime | None
    """Earliest due time of its open tasks."""
    next_timer_at: dt.datetime | None
    open_incidents: int


@dataclass(frozen=True, slots=True)
class InstanceDetail:
    summary: InstanceSummary
    snapshot: dict[str, Any]
    """As the engine left it; `Snapshot.from_json` reads it."""
    tasks: list[TaskEntry]
    """Open ones, oldest first."""
    timers: list[TimerEntry]
    """Running ones, next first."""
    incidents: list[IncidentEntry]
    """Open ones, oldest first."""


@dataclass(frozen=True, slots=True)
class StepEntry:
    """One row of the step log."""

    seq: int
    command_id: str
    event: str
    taken: list[str]
    before: list[str]
    after: list[str]
    status: str
    username: str
    actor: dict[str, Any]
    source: str
    reason: str | None
    changes: dict[str, dict[str, Any]]
    """Field path -> {"old", "new"}."""
    effects: list[dict[str, Any]]
    digest: str
    at: dt.datetime
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class SignatureEntry:
    """One electronic signature that a step put on record."""

    seq: int
    code: str
    """Of the transition."""
    meaning: str
    level: str
    """S2, or S3 for two people."""
    position: int
    complete: bool
    """No further signature is needed."""
    voids: bool
    """The one before was for other content, and counts no more."""
    username: str
    printed_name: str
    on_behalf_of: str | None
    signed_at: dt.datetime
    content_hash: str


@dataclass(frozen=True, slots=True)
class TaskEntry:
    process: str
    entity_id: int
    number: str
    task: str
    state: str
    title: str
    candidates: list[str]
    assignee: str | None
    form: dict[str, Any] | None
    priority: int
    """1 is the most urgent."""
    due_at: dt.datetime | None
    opened_at: dt.datetime
    closed_at: dt.datetime | None = None
    closed_by: str | None = None
    due_why: str | None = None
    """For people: how the due time came about; None: it was given as it is."""


@dataclass(frozen=True, slots=True)
class TimerEntry:
    timer: str
    event: str
    state: str | None
    due: dt.datetime


@dataclass(frozen=True, slots=True)
class IncidentEntry:
    process: str
    entity_id: int
    number: str
    incident: str
    kind: str
    ref: str | None
    state: str | None
    error: dict[str, Any]
    since: dt.datetime
    resolved_at: dt.datetime | None
    resolved_by: str | None
    resolution: str | None
    """retry, skip, patch or move; `event` when the course of the process ended it."""
    reason: str | None
    acknowledged_at: dt.datetime | None = None
    """When somebody said that they look after it."""
    acknowledged_by: str | None = None


@dataclass(frozen=True, slots=True)
class AttemptEntry:
    """A failed attempt of an effect that is tried again, or was."""

    effect: str
    action: str
    attempt: int
    error: dict[str, Any]
    at: dt.datetime
    next_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class DefinitionVersion:
    process: str
    version: str
    digest: str
    title: str
    status: str
    """published or deprecated."""
    in_force: bool
    """New instances get this version."""
    changelog: str | None
    created_at: dt.datetime
    published_at: dt.datetime | None
    published_by: str | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One write, or one denied attempt."""

    action: str
    outcome: str
    """allowed or denied."""
    username: str
    actor: dict[str, Any]
    at: dt.datetime
    source: str = "api"
    acting_role: str | None = None
    on_behalf_of: str | None = None
    entity_type: str | None = None
    entity_id: str | None = None
    before: Any = None
    after: Any = None
    reason: str | None = None
    ip: str | None = None
    request_id: str | None = None
    code: str | None = None
    """Error code of a denied attempt."""
    id: int | None = None
    """None until it is on record."""
