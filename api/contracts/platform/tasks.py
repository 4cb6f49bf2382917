"""What the platform contract asks and says about tasks, with examples."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from activities.services.inbox import Sort, Tab, TaskFilter
from activities.services.task_acts import Act, ItemResult
from api.contracts.platform import examples
from api.contracts.platform.queries import ME, Moment, begins, ends
from api.contracts.platform.schemas import Input, Paged, TaskView, TransitionView


class TaskQuery(BaseModel):
    tab: Tab = Field(
        default="open",
        description="`mine`: assigned to the caller. `groups`: open to a role or group of theirs. `open`: both. "
        "`watching`: open tasks of instances they watch. `done`: closed by them. `all`: everybody's open ones.",
    )
    entity_type: str | None = Field(default=None, max_length=100, description="Only this process.")
    priority: int | None = Field(default=None, ge=1, le=9, description="1 is the most urgent.")
    due_from: Moment | None = Field(default=None, description="A day or a time; the day or moment itself counts.")
    due_to: Moment | None = Field(default=None, description="A day or a time; the day or moment itself counts.")
    overdue: bool = Field(default=False, description="Only open tasks whose due time has passed.")
    assignee: str | None = Field(default=None, max_length=200, description="User name, or `me`.")
    q: str | None = Field(default=None, min_length=1, max_length=200, description="A part of the number or title.")
    sort: Sort | None = Field(
        default=None,
        description="`urgency`: priority, due time, age. Left out: by urgency, but what is done by when it was.",
    )
    descending: bool | None = Field(default=None, description="The other way round.")
    page: int = Field(default=1, ge=1, le=1_000_000)
    per_page: int = Field(default=50, ge=1, le=100)

    def filter(self, username: str) -> TaskFilter:
        """For the store; `username` is who `me` stands for."""
        return TaskFilter(
            process=self.entity_type,
            priority=self.priority,
            due_from=begins(self.due_from),
            due_until=ends(self.due_to),
            overdue_at=datetime.now(UTC) if self.overdue else None,
            assignee=username if self.assignee == ME else self.assignee,
            q=self.q,
        )


class TaskCounts(BaseModel):
    """By the same filters."""

    mine: int
    groups: int
    watching: int
    done: int


class TaskList(Paged):
    tasks: list[TaskView]
    counts: TaskCounts


To = Annotated[
    str,
    Field(
        pattern=r"^(user|role|group):.{1,200}$",
        description="`user:NAME`, `role:NAME` or `group:NAME`.",
        examples=["user:anna.beck"],
    ),
]
_REASON = Field(default=None, min_length=1, max_length=4000, description="Goes into the step log.")


class TaskReason(Input):
    reason: str | None = _REASON


class Reassignment(Input):
    to: To
    reason: str | None = _REASON


class Completion(Input):
    transition: str = Field(min_length=1, max_length=200, description="Code of the transition.")
    data: dict[str, Any] = Field(default_factory=dict, description="`comment`, and the fields of the form.")
    claim: bool = Field(default=False, description="Claim the task first, in the same step.")
    signature: Any = Field(
        default=None,
        description="Where the definition asks for one: `password`, `meaning` and, when the session has not just "
        "signed, `username`.",
    )


class BulkItem(Input):
    entity_type: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.\-]*$", max_length=100)
    entity_id: int = Field(ge=1, le=10**18)
    task: str = Field(min_length=1, max_length=100)


class BulkInput(Input):
    action: Act
    items: list[BulkItem] = Field(min_length=1, max_length=100, description="Each task once.")
    transition: str | None = Field(default=None, min_length=1, max_length=200, description="For `complete`.")
    data: dict[str, Any] = Field(default_factory=dict, description="For `complete`; the same for all.")
    to: To | None = Field(default=None, description="For `reassign`.")
    reason: str | None = _REASON
    claim: bool = Field(default=False, description="For `complete`: claim first, in the same step.")


class BulkResult(BaseModel):
    entity_type: str
    entity_id: int
    task: str
    status: Literal["done", "accepted", "refused", "failed"] = Field(
        description="`accepted`: it will be carried out. `failed`: something broke; it may be tried again."
    )
    state: str | None = Field(description="Of the instance after it was done.")
    code: str | None
    reason: str | None = Field(description="Why not, for people.")


class BulkTotals(BaseModel):
    items: int = Field(description="All; the others add up to it.")
    done: int
    accepted: int
    refused: int
    failed: int


class BulkView(BaseModel):
    results: list[BulkResult] = Field(description="One for each item, in the order given.")
    totals: BulkTotals


def bulk(results: list[ItemResult]) -> dict[str, Any]:
    """The answer; totals are counted from the results themselves."""
    counted = Counter(found.status for found in results)
    return {
        "results": [
            {
                "entity_type": found.item.process,
                "entity_id": found.item.entity_id,
                "task": found.item.task,
                "status": found.status,
                "state": found.state,
                "code": found.code,
                "reason": found.reason,
            }
            for found in results
        ],
        "totals": {
            "items": len(results),
            **{status: counted[status] for status in ("done", "accepted", "refused", "failed")},
        },
    }


class TaskDetailView(TaskView):
    transitions: list[TransitionView] = Field(description="What the caller may do now, and if not, why.")
    watching: bool = Field(description="Whether the caller watches the instance.")


TASKS: dict[str, Any] = {
    "tasks": [examples.TASK],
    "total": 1,
    "page": 1,
    "per_page": 50,
    "counts": {"mine": 0, "groups": 1, "watching": 0, "done": 12},
}
TASK: dict[str, Any] = examples.TASK | {
    "transitions": [
        {
            "code": "approve",
            "title": "Approve",
            "allowed": True,
            "reason": None,
            "error": None,
            "require": ["comment"],
            "form": None,
            "sign": None,
        }
    ],
    "watching": False,
}
REASSIGN: dict[str, Any] = {"to": "user:anna.beck", "reason": "She knows the supplier"}
COMPLETE: dict[str, Any] = {"transition": "approve", "data": {"comment": "Contained"}, "claim": True}
MOVED: dict[str, Any] = {
    "seq": 2,
    "previous_state": "submitted",
    "state": "submitted",
    "status": "running",
    "at": "2025-11-06T16:00:00Z",
}
BULK_INPUT: dict[str, Any] = {
    "action": "complete",
    "transition": "approve",
    "items": [
        {"entity_type": "ncr_report", "entity_id": 234, "task": "1"},
        {"entity_type": "ncr_report", "entity_id": 235, "task": "1"},
    ],
    "reason": "Checked at the gate",
}
BULK: dict[str, Any] = {
    "results": [
        {
            "entity_type": "ncr_report",
            "entity_id": 234,
            "task": "1",
            "status": "done",
            "state": "approved",
            "code": None,
            "reason": None,
        },
        {
            "entity_type": "ncr_report",
            "entity_id": 235,
            "task": "1",
            "status": "refused",
            "state": None,
            "code": "SEPARATION_OF_DUTIES",
            "reason": "You created this; somebody else must approve it",
        },
    ],
    "totals": {"items": 2, "done": 1, "accepted": 0, "refused": 1, "failed": 0},
}
