"""Bodies of the platform contract for what people are told, with their examples."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from activities.services.notifications import Counts, Notification, Preferences
from api.contracts.platform.schemas import Input, Paged

_WAY = "at_once: a letter each; digest: one letter an hour; in_app: no letter."


class NotificationView(BaseModel):
    id: int
    urgency: Literal["low", "normal", "critical"]
    subject: str
    text: str = Field(description="Plain text; blank lines part paragraphs.")
    entity_type: str | None = Field(description="Process of the instance it is about.")
    entity_id: int | None
    number: str | None
    created_at: datetime
    read_at: datetime | None


class NotificationCounts(BaseModel):
    unread: int
    critical: int = Field(description="Unread and critical.")


class NotificationList(Paged):
    notifications: list[NotificationView]
    counts: NotificationCounts


class ReadAll(BaseModel):
    read: int = Field(description="How many were unread.")


class PreferencesInput(Input):
    language: Literal["en", "de"] = "en"
    normal: Literal["at_once", "digest", "in_app"] = Field(default="at_once", description=_WAY)
    low: Literal["at_once", "digest", "in_app"] = Field(default="digest", description=_WAY)
    critical: Literal["at_once"] = Field(default="at_once", description="Cannot be switched off.")

    def chosen(self) -> Preferences:
        return Preferences(self.language, self.normal, self.low)


class PreferencesView(BaseModel):
    language: Literal["en", "de"]
    normal: Literal["at_once", "digest", "in_app"]
    low: Literal["at_once", "digest", "in_app"]
    critical: Literal["at_once"]


def notification(item: Notification) -> dict[str, Any]:
    return {
        "id": item.id,
        "urgency": item.urgency,
        "subject": item.subject,
        "text": item.text,
        "entity_type": item.process,
        "entity_id": item.entity_id,
        "number": item.number,
        "created_at": item.created_at,
        "read_at": item.read_at,
    }


def counts(found: Counts) -> dict[str, int]:
    return asdict(found)


def preferences(chosen: Preferences) -> dict[str, Any]:
    return asdict(chosen) | {"critical": "at_once"}


NOTIFICATION: dict[str, Any] = {
    "id": 91,
    "urgency": "normal",
    "subject": "NCR-2025-042 is overdue",
    "text": "Review NCR-2025-042 was due at 15:00.",
    "entity_type": "ncr_report",
    "entity_id": 234,
    "number": "NCR-2025-042",
    "created_at": "2025-11-07T15:00:00Z",
    "read_at": None,
}
NOTIFICATIONS: dict[str, Any] = {
    "notifications": [NOTIFICATION],
    "total": 1,
    "page": 1,
    "per_page": 50,
    "counts": {"unread": 1, "critical": 0},
}
READ: dict[str, Any] = NOTIFICATION | {"read_at": "2025-11-07T15:20:00Z"}
READ_ALL: dict[str, Any] = {"read": 1}
PREFERENCES: dict[str, Any] = {"language": "de", "normal": "at_once", "low": "digest", "critical": "at_once"}
