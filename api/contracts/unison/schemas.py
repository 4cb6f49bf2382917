"""Bodies of unison-erp.md §6.4 and of the reads that its clients need before they post."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field


class Person(BaseModel):
    id: int
    name: str


class Assignee(BaseModel):
    id: int | None = Field(description="Null while several people could take the task.")
    name: str = Field(description='The person, or the role in words: "Plant Manager".')


class TransitionDone(BaseModel):
    previous_state: str
    current_state: str
    current_assignee: Assignee | None = Field(description="Null when nobody is waited for, for example at the end.")
    performed_by: Person
    performed_at: datetime


class WorkItem(BaseModel):
    entity_type: str
    entity_id: int
    number: str
    state: str
    assigned_at: datetime
    due_at: datetime | None


class WorkList(BaseModel):
    tasks: list[WorkItem]
    total: int


class WorkflowTransition(BaseModel):
    code: str
    title: str
    from_state: str
    to_states: list[str]
    by: list[str]
    require: list[str]


class WorkflowDefinition(BaseModel):
    entity_type: str
    title: str
    version: str
    states: list[str]
    transitions: list[WorkflowTransition]


class WorkflowDefinitions(BaseModel):
    definitions: list[WorkflowDefinition]


TransitionBody = dict[str, Any]
"""`comment`, and the fields that the transition's form asks for."""
