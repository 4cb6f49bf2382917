"""Bodies of the platform contract for instances, tasks and incidents; snake_case, UTC times."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Input(BaseModel):
    """Unknown names are refused, with all violations at once."""

    model_config = ConfigDict(extra="forbid")


class Paged(BaseModel):
    total: int = Field(description="Beyond 10,000 an estimate.")
    page: int
    per_page: int


# --- instances ----------------------------------------------------------------------------------------------


class StartInput(Input):
    data: dict[str, Any] = Field(default_factory=dict, description="By the data schema of the definition.")
    number: str | None = Field(
        default=None, min_length=1, max_length=100, description="Business number; left out: the next of the series."
    )


class StartedView(BaseModel):
    id: int
    number: str
    entity_type: str
    state: str = Field(description="Active atomic states, sorted, joined with a comma.")


class InstanceView(BaseModel):
    id: int
    number: str
    entity_type: str
    title: str | None = Field(description="Title of the definition.")
    version: str | None
    status: Literal["running", "done", "cancelled"]
    state: str
    assignee: str | None = Field(description="User name.")
    creator: str | None
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    due_at: datetime | None = Field(description="Earliest due time of its open tasks.")
    open_incidents: int


class InstanceList(Paged):
    instances: list[InstanceView]


class TaskView(BaseModel):
    entity_type: str
    entity_id: int
    number: str
    task: str
    state: str
    title: str
    candidates: list[str]
    assignee: str | None
    form: dict[str, Any] | None = Field(description="JSON Schema of what the transition takes.")
    priority: int = Field(description="1 is the most urgent.")
    due_at: datetime | None
    due_why: str | None = Field(description="How the due time came about, when it was reckoned.")
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str | None = Field(description="User name.")


class TimerView(BaseModel):
    timer: str
    event: str
    state: str | None
    due_at: datetime


class IncidentView(BaseModel):
    entity_type: str
    entity_id: int
    number: str
    incident: str
    kind: str = Field(description="effect, timer, child or event.")
    state: str | None
    error: dict[str, Any]
    since: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None
    reason: str | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None = Field(description="Who said first that they look after it.")


class SignRule(BaseModel):
    meaning: str
    level: str = Field(description="S2: one person; S3: two, neither of whom is the creator.")


class TransitionView(BaseModel):
    """What the caller may do now, and if not, why."""

    code: str
    title: str
    allowed: bool
    reason: str | None
    error: str | None = Field(description="Stable code of the refusal.")
    require: list[str] = Field(description="Names that the body must carry.")
    form: dict[str, Any] | None = Field(description="JSON Schema of the body.")
    sign: SignRule | None = Field(default=None, description="The electronic signature that the transition asks for.")


class AvailableTransition(BaseModel):
    code: str
    label: str
    requires_comment: bool


class PersonView(BaseModel):
    id: int | None
    name: str


class StepView(BaseModel):
    seq: int
    event: str = Field(description="Transition code, or what else moved it.")
    at: datetime
    previous_state: str
    state: str
    status: str
    performed_by: PersonView
    username: str
    source: str = Field(description="api, timer, effect, message or child.")
    comment: str | None
    changes: dict[str, Any] = Field(description='Field path -> {"old", "new"}.')
    hash: str = Field(description="Of this step, over the one before: the log cannot be changed unseen.")


class StepList(Paged):
    steps: list[StepView]


class WaitView(BaseModel):
    state: str
    title: str
    since: datetime | None
    waits_for: list[str] = Field(description="People, actions, children, times or messages, in words.")
    until: datetime | None = Field(description="When something happens by itself.")
    why: str | None = Field(description="How that time came about.")
    then: str | None = Field(description="What happens at that time.")
    you_can: list[str] = Field(description="Transition codes the caller may take now.")


class WaitList(BaseModel):
    waits: list[WaitView] = Field(description="One for each active state; none for an instance that has ended.")


class InstanceDetailView(InstanceView):
    entity_id: int
    digest: str = Field(description="Of the program the instance runs.")
    seq: int = Field(description="Steps so far.")
    states: list[str] = Field(description="All active states, not only atomic ones.")
    outcome: str | None = Field(description="Final state, when done.")
    data: dict[str, Any]
    tasks: list[TaskView]
    timers: list[TimerView]
    incidents: list[IncidentView] = Field(description="Open ones.")
    transitions: list[TransitionView]
    transitions_error: str | None = Field(
        description="Why the list is empty, when it could not be worked out: a fact or an expression failed."
    )
    current_state: str
    current_assignee: PersonView | None
    available_transitions: list[AvailableTransition] = Field(description="What the caller may do now.")
    history: list[StepView] = Field(description="The latest steps; all of them under `/history`.")


class Reason(Input):
    reason: str = Field(min_length=1, max_length=4000, description="Goes into the step log.")


class MovedView(BaseModel):
    """What a command did."""

    seq: int
    previous_state: str
    state: str
    status: str
    at: datetime


# --- incidents ----------------------------------------------------------------------------------------------


class IncidentList(Paged):
    incidents: list[IncidentView]


class Acknowledgement(Input):
    reason: str | None = Field(default=None, min_length=1, max_length=4000, description="Goes on record.")


class Repair(Input):
    reason: str = Field(min_length=1, max_length=4000, description="Goes into the step log.")
    data: dict[str, Any] | None = Field(
        default=None, description="For `patch`: JSON merge patch of the instance's data."
    )
    target: str | None = Field(default=None, max_length=200, description="For `move`: id of the state to go to.")


# --- documents ----------------------------------------------------------------------------------------------


class DocumentView(BaseModel):
    id: int
    title: str
    filename: str
    media_type: str
    sha256: str
    created_at: datetime


class DocumentList(BaseModel):
    documents: list[DocumentView]


class SignatureView(BaseModel):
    seq: int = Field(description="The step it was given with.")
    transition: str
    meaning: str
    level: str
    position: int = Field(description="First or second of two.")
    complete: bool = Field(description="No further signature was needed.")
    voids: bool = Field(description="The one before was for other content, and counts no more.")
    username: str
    printed_name: str
    on_behalf_of: str | None
    signed_at: datetime
    content_hash: str = Field(description="SHA-256 of what was signed.")


class SignatureList(BaseModel):
    signatures: list[SignatureView]


# --- definitions --------------------------------------------------------------------------------------------


class DefinitionInput(Input):
    yaml: str = Field(min_length=1)
    files: dict[str, str] = Field(
        default_factory=dict, description="Schemas and forms that the definition names by path: path -> text."
    )
    changelog: str | None = Field(default=None, max_length=4000)


class DefinitionView(BaseModel):
    process: str
    version: str
    digest: str
    title: str
    status: str
    in_force: bool = Field(description="New instances get this version.")
    changelog: str | None
    created_at: datetime
    published_at: datetime | None
    published_by: str | None


class DefinitionList(BaseModel):
    definitions: list[DefinitionView]


class DefinitionDetailView(DefinitionView):
    source: str = Field(description="The YAML as written.")
    files: dict[str, str]
    program: dict[str, Any] = Field(description="The compiled form.")


class VersionList(BaseModel):
    versions: list[DefinitionView]


class DiagnosticView(BaseModel):
    code: str
    severity: Literal["error", "warning", "info"]
    file: str
    line: int
    column: int
    message: str
    suggestion: str | None


class Validation(BaseModel):
    valid: bool = Field(description="No errors; there may be warnings.")
    process: str | None
    version: str | None
    digest: str | None
    diagnostics: list[DiagnosticView]


class PublishedView(DefinitionView):
    created: bool = Field(description="False: this very content had been published before.")
    warnings: list[str]
