"""What the platform contract asks and says about tasks, with examples."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field

from activities.services.inbox import Sort, Tab, TaskFilter
from api.contracts.platform import examples
from api.contracts.platform.queries import ME, Moment, begins, ends
from api.contracts.platform.schemas import Paged, TaskView, TransitionView


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
        }
    ],
    "watching": False,
}
