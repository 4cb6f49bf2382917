"""Lengths of working time as people write them: `24 working hours`, `2 working days`, `90 working minutes`.

How long that is on the clock only a calendar can tell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from workflows.domain.errors import InvalidInput

_TEXT = re.compile(r"(\d{1,6}(?:\.\d{1,4})?)\s{1,10}working\s{1,10}(minute|hour|day)s?", re.ASCII | re.IGNORECASE)
_SECONDS = {"minute": 60, "hour": 3600}


@dataclass(frozen=True, slots=True)
class WorkingDuration:
    """Working days or working seconds: one of the two is positive, the other 0."""

    days: int = 0
    seconds: int = 0

    def __post_init__(self) -> None:
        if self.days < 0 or self.seconds < 0 or (self.days > 0) == (self.seconds > 0):
            raise InvalidInput("A working duration is of days or of seconds, and has some length", code="WORKING_TIME")

    def __str__(self) -> str:
        return counted(self.days, "working day") if self.days else spoken(self.seconds)


def parse(text: str) -> WorkingDuration:
    """The length that the text means.

    Raises:
        InvalidInput: another form, nothing at all, parts of a day, or parts of a second.
    """
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise _bad(text, "such as `24 working hours`, `2 working days` or `90 working minutes`")
    amount, unit = Decimal(match[1]), match[2].lower()
    if unit == "day" and amount % 1:
        raise _bad(text, "whole days; parts of a day are written in hours")
    seconds = amount * _SECONDS.get(unit, 1)
    if seconds % 1:
        raise _bad(text, "whole seconds")
    if not seconds:
        raise _bad(text, "more than nothing")
    return WorkingDuration(days=int(seconds)) if unit == "day" else WorkingDuration(seconds=int(seconds))


def spoken(seconds: float) -> str:
    """`24 working hours`, `90 working minutes`, `45 working seconds`: the largest unit that comes out even."""
    if seconds:
        for unit in ("hour", "minute"):
            if seconds % _SECONDS[unit] == 0:
                return counted(seconds / _SECONDS[unit], f"working {unit}")
    return counted(seconds, "working second")


def counted(amount: float, noun: str) -> str:
    """`1 working day`, `2 working days`."""
    return f"{amount:.15g} {noun}{'' if amount == 1 else 's'}"


def _bad(text: str, rule: str) -> InvalidInput:
    return InvalidInput(
        f"{text[:60]!r} is not a length of working time: {rule}",
        code="WORKING_TIME",
        violations=[{"field": "duration", "value": text[:60], "constraint": rule}],
    )
