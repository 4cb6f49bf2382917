"""Query parameters of the platform's lists."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from activities.services.reading import InstanceFilter

ME = "me"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _day(value: object) -> object:
    """A text that is a day is a day; pydantic would take it for its midnight."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        return dt.date.fromisoformat(value)
    return value


Moment = Annotated[dt.datetime | dt.date, BeforeValidator(_day)]


class InstanceQuery(BaseModel):
    state: list[str] = Field(
        default_factory=list,
        max_length=50,
        description="Active states; several: any of them. Or a whole configuration, as `state` of the answer has it.",
    )
    status: list[str] = Field(default_factory=list, max_length=3, description="running, done, cancelled.")
    assignee: str | None = Field(default=None, max_length=200, description="User name, or `me`.")
    number: str | None = Field(default=None, max_length=200, description="The whole business number.")
    q: str | None = Field(default=None, max_length=200, description="The beginning of the business number.")
    created_from: Moment | None = Field(default=None, description="A day or a time; the day or moment itself counts.")
    created_to: Moment | None = Field(default=None, description="A day or a time; the day or moment itself counts.")
    incidents: bool = Field(default=False, description="Only instances with open incidents.")
    page: int = Field(default=1, ge=1, le=1_000_000)
    per_page: int = Field(default=50, ge=1, le=100)

    def filter(self, process: str | None, username: str) -> InstanceFilter:
        """For the store; `username` is who `me` stands for."""
        return InstanceFilter(
            process=process,
            states=tuple(self.state),
            status=tuple(self.status),
            assignee=username if self.assignee == ME else self.assignee,
            number=self.number,
            q=self.q,
            created_from=begins(self.created_from),
            created_until=ends(self.created_to),
            with_incidents=self.incidents,
        )


def begins(moment: Moment | None) -> dt.datetime | None:
    if moment is None or isinstance(moment, dt.datetime):
        return _in_utc(moment)
    return dt.datetime.combine(moment, dt.time(), dt.UTC)


def ends(moment: Moment | None) -> dt.datetime | None:
    """The first moment after; a day ends with its last second, a time with itself."""
    if moment is None:
        return None
    if isinstance(moment, dt.datetime):
        last = _in_utc(moment)
        return last + dt.timedelta(microseconds=1) if last else None
    return dt.datetime.combine(moment + dt.timedelta(days=1), dt.time(), dt.UTC)


def _in_utc(moment: dt.datetime | None) -> dt.datetime | None:
    """A time without a zone is taken for UTC."""
    return moment.replace(tzinfo=dt.UTC) if moment is not None and moment.tzinfo is None else moment
