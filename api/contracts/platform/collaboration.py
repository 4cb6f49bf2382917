"""Bodies of the platform contract for comments, watching, drafts and attachments, with their examples."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from activities.services.attachments import Attachment
from activities.services.collaboration import Comment, Draft, Watcher
from api.contracts.platform.schemas import Input, Paged

_TASK = Field(default=None, min_length=1, max_length=100, description="Id of the task it is about; left out: none.")


class CommentInput(Input):
    text: str = Field(min_length=1, max_length=10_000, description="Plain text; `@name` mentions a user.")
    task: str | None = _TASK


class CommentView(BaseModel):
    id: int
    task: str | None
    text: str
    mentions: list[str] = Field(description="User names.")
    username: str
    name: str = Field(description="Of the writer, as it was then.")
    created_at: datetime


class CommentCreated(CommentView):
    unknown_mentions: list[str] = Field(description="Names in the text that nobody has; nobody is told.")


class CommentList(Paged):
    comments: list[CommentView]


class WatchInput(Input):
    username: str | None = Field(
        default=None, min_length=1, max_length=200, description="Who is to watch; left out: the caller."
    )


class WatcherView(BaseModel):
    username: str
    because: str = Field(description="self, mention, or added (by somebody else).")
    since: datetime


class WatcherList(BaseModel):
    watchers: list[WatcherView]


class DraftInput(Input):
    transition: str | None = Field(default=None, max_length=200, description="Code of the transition it is meant for.")
    data: dict[str, Any] = Field(description="What is filled in so far; not judged by the form.")


class DraftView(BaseModel):
    transition: str | None
    data: dict[str, Any]
    saved_at: datetime


class AttachmentView(BaseModel):
    id: int
    task: str | None
    name: str
    media_type: str = Field(description="Found in the content.")
    size: int = Field(description="Bytes.")
    sha256: str
    uploaded_by: str
    uploaded_at: datetime
    voided_at: datetime | None
    voided_by: str | None
    void_reason: str | None


class AttachmentList(BaseModel):
    attachments: list[AttachmentView] = Field(description="With void ones, oldest first.")


def attachment(item: Attachment) -> dict[str, Any]:
    return {name: value for name, value in asdict(item).items() if name != "storage_key"}


def comment(item: Comment) -> dict[str, Any]:
    return {
        "id": item.id,
        "task": item.task,
        "text": item.text,
        "mentions": item.mentions,
        "username": item.username,
        "name": item.name,
        "created_at": item.created_at,
    }


def watchers(items: list[Watcher]) -> dict[str, Any]:
    return {"watchers": [{"username": item.username, "because": item.because, "since": item.since} for item in items]}


def draft(item: Draft) -> dict[str, Any]:
    return {"transition": item.transition, "data": item.data, "saved_at": item.saved_at}


COMMENT_INPUT: dict[str, Any] = {"text": "@anna.beck please measure the second batch, too", "task": "1"}
COMMENT: dict[str, Any] = {
    "id": 31,
    "task": "1",
    "text": "@anna.beck please measure the second batch, too",
    "mentions": ["anna.beck"],
    "username": "omar.diaz",
    "name": "Omar Diaz",
    "created_at": "2025-11-06T15:20:00Z",
}
COMMENT_CREATED: dict[str, Any] = COMMENT | {"unknown_mentions": []}
COMMENTS: dict[str, Any] = {"comments": [COMMENT], "total": 1, "page": 1, "per_page": 50}
WATCHERS: dict[str, Any] = {
    "watchers": [{"username": "anna.beck", "because": "mention", "since": "2025-11-06T15:20:00Z"}]
}
DRAFT_INPUT: dict[str, Any] = {"transition": "reject", "data": {"comment": "The photo does not show"}}
DRAFT: dict[str, Any] = DRAFT_INPUT | {"saved_at": "2025-11-06T15:25:00Z"}
ATTACHMENT: dict[str, Any] = {
    "id": 12,
    "task": "1",
    "name": "crack-2.jpg",
    "media_type": "image/jpeg",
    "size": 183_204,
    "sha256": "9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "uploaded_by": "jane.inspector",
    "uploaded_at": "2025-11-06T15:10:00Z",
    "voided_at": None,
    "voided_by": None,
    "void_reason": None,
}
ATTACHMENTS: dict[str, Any] = {"attachments": [ATTACHMENT]}
ATTACHMENT_VOID: dict[str, Any] = ATTACHMENT | {
    "voided_at": "2025-11-06T16:00:00Z",
    "voided_by": "jane.inspector",
    "void_reason": "Photo of the wrong lot",
}
