"""Frozen calendar documents of the tests, and readings of a wall clock as instants."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from workflows.domain.calendars import Calendar, calendar_from_json
from workflows.domain.wall_clock import freeze

EARLY = {"from": "06:00", "to": "14:00", "breaks": [{"from": "09:00", "to": "09:15"}, {"from": "12:00", "to": "12:30"}]}
"""7 h 15 min of work."""
LATE = {"from": "14:00", "to": "22:00", "breaks": [{"from": "18:00", "to": "18:30"}]}
"""7 h 30 min of work."""
NIGHT = {"from": "22:00", "to": "06:00", "breaks": [{"from": "02:00", "to": "02:30"}]}
"""7 h 30 min of work."""
OFFICE = {"from": "08:00", "to": "16:00"}
SHORT = {"from": "06:00", "to": "12:00"}
WHOLE_DAY = {"from": "00:00", "to": "24:00"}
SHIFTS = {"early": EARLY, "late": LATE, "night": NIGHT, "office": OFFICE, "short": SHORT, "whole_day": WHOLE_DAY}


def document(
    zone: str = "Europe/Berlin",
    week: list[list[str]] | None = None,
    first: str = "2026-01-01",
    last: str = "2027-12-31",
    **changed: Any,
) -> dict[str, Any]:
    """A plain document; the week is early and late shift from Monday to Friday unless told."""
    return {
        "calendar": "plant",
        "zone": zone,
        "from": first,
        "to": last,
        "shifts": SHIFTS,
        "week": week if week is not None else [["early", "late"]] * 5 + [[], []],
        "holidays": {},
        "closed": {},
        "open": {},
        "clock": freeze(zone, dt.date.fromisoformat(first), dt.date.fromisoformat(last)),
        **changed,
    }


def calendar(*args: Any, **changed: Any) -> Calendar:
    return calendar_from_json(document(*args, **changed))


@cache
def every_day(shift: str, zone: str = "Europe/Berlin") -> Calendar:
    return calendar(zone, [[shift]] * 7)


@cache
def weekdays(*shifts: str, zone: str = "Europe/Berlin") -> Calendar:
    return calendar(zone, [list(shifts)] * 5 + [[], []])


def at(wall: str, zone: str = "Europe/Berlin", *, fold: int = 0) -> dt.datetime:
    """`2026-04-02 14:00` of a zone; `fold=1`: the second time the wall shows it."""
    return dt.datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone), fold=fold)
