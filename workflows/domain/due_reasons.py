"""Why something is due when it is due, in a sentence: `Fri 2026-04-03 14:00 + 2 working days = …, Mon is a holiday`.

Names only what changes the usual week: holidays, closed days, days with hours of their own, changes of the clock.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from workflows.domain.wall_clock import SECOND, WallClock, moment

MOST = 6
"""Exceptional days named in one sentence."""

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TOGETHER = 7
"""Days between two closed days of one name that are told as one absence."""


@dataclass(frozen=True, slots=True)
class Absence:
    """A day, or days in a row, on which the usual week does not hold."""

    first: int
    """Ordinal of the date."""
    last: int
    what: str
    """`is a holiday (Easter Monday)`."""


def absences(found: Mapping[int, str]) -> list[Absence]:
    """Exceptional days by ordinal, days of one reason near each other taken together; in order of date."""
    gathered: list[Absence] = []
    for day, what in sorted(found.items()):
        before = gathered[-1] if gathered else None
        if before and before.what == what and day - before.last <= _TOGETHER:
            gathered[-1] = Absence(before.first, day, what)
        else:
            gathered.append(Absence(day, day, what))
    return gathered


def reason(clock: WallClock, zone: str, *, start: int, opens: int, length: str, end: int, notes: Iterable[str]) -> str:
    """The sentence.

    Args:
        start: where the counting was asked to begin.
        opens: where it does begin: the start, or the next opening.
        length: `2 working days`.
        notes: what has changed the usual course, in order.
    """
    began = f" (closed until {shown(clock, opens)})" if opens > start else ""
    told = "".join(f", {note}" for note in notes)
    return f"{shown(clock, start)}{began} + {length} = {shown(clock, end)} {zone}{told}"


def named(found: Sequence[Absence], first: int, last: int) -> list[str]:
    """The absences that touch the days `first` to `last`, as notes."""
    low = bisect_left(found, first, key=lambda item: item.last)
    high = bisect_right(found, last, key=lambda item: item.first)
    notes = [f"{_period(item)} {item.what}" for item in found[low : min(high, low + MOST)]]
    return [*notes, f"and {high - low - MOST} more"] if high - low > MOST else notes


def clock_changes(clock: WallClock, changes: Iterable[tuple[int, int]]) -> list[str]:
    """Changes of the clock (instant, jump) as notes."""
    notes = []
    for at, jump in changes:
        minutes = abs(jump) // (60 * SECOND)
        way = "forward" if jump > 0 else "back"
        notes.append(f"the clock goes {way} {minutes} minutes on {_date(_ordinal(clock, at))}")
    return notes


def shown(clock: WallClock, instant: int) -> str:
    """`Fri 2026-04-03 14:00` as the wall shows it, with seconds where there are any."""
    wall = moment(clock.reading(instant))
    return f"{_DAYS[wall.weekday()]} {wall:%Y-%m-%d %H:%M}{f':{wall:%S}' if wall.second else ''}"


def _ordinal(clock: WallClock, instant: int) -> int:
    return moment(clock.reading(instant)).toordinal()


def _period(item: Absence) -> str:
    return _date(item.first) if item.first == item.last else f"{_date(item.first)} to {_date(item.last)}"


def _date(day: int) -> str:
    date = dt.date.fromordinal(day)
    return f"{_DAYS[date.weekday()]} {date.isoformat()}"
