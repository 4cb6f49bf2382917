"""Working calendars: when a plant works, and what "24 working hours" or "2 working days" from some instant means.

A calendar is made once from its frozen document (`calendar_from_json`; the document is written by
`workflows.definition.calendars`) and asked often. It has no clock, reads nothing, and answers by look-up.

What the words mean:

* Working time is real time that passes while a shift is on and not at a break. A shift over a clock change is
  shorter or longer.
* n working hours after a start is the first instant by which so much working time has passed since: in a shift, or
  at the very end of one. Nothing at all after a start is the start itself.
* n working days after a start is n working days on at the same wall time. A start in closed time counts from the
  next opening, so people always get n whole days. Where the wall time is not worked on that day it moves on to the
  next shift of that day, or else back to the end of that day. A working day is a day on which a shift begins; after
  midnight a night shift still belongs to the day before.

Instants come with a zone, whichever, and are given back in UTC. A question that leads out of the range of the
calendar is refused with CALENDAR_EXHAUSTED.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workflows.domain.due_reasons import Absence, absences, clock_changes, named, reason
from workflows.domain.errors import InvalidInput
from workflows.domain.shifts import Shift, shift_from_json
from workflows.domain.wall_clock import SECOND, WallClock, microseconds, moment
from workflows.domain.working_durations import WorkingDuration, counted, parse, spoken
from workflows.domain.working_table import WorkingTable, working_table

__all__ = [
    "Calendar",
    "WorkingDuration",
    "add",
    "add_working_days",
    "add_working_time",
    "calendar_from_json",
    "is_open",
    "next_open",
    "parse",
    "part_way",
    "working_seconds_between",
]

MOST_YEARS = 30
MOST_SHIFTS = 12
"""That begin on one day."""


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """Made by `calendar_from_json`. Keep it: making one takes milliseconds, asking one takes microseconds."""

    name: str
    zone: str
    first: dt.date
    """The first and the last day it knows."""
    last: dt.date
    clock: WallClock
    table: WorkingTable
    absences: tuple[Absence, ...]


def calendar_from_json(document: Mapping[str, Any]) -> Calendar:
    """The calendar that a frozen document describes.

    Args:
        document: `{"calendar": name, "zone": IANA name, "from": date, "to": date (included), "shifts": {name:
            {"from", "to", "breaks": [{"from", "to"}]}}, "week": [names of shifts from Monday to Sunday], "holidays":
            {date: name}, "closed": {date: name}, "open": {date: {"name", "shifts": [names]}}, "clock": [[instant,
            seconds ahead of UTC]]}`. Of two entries for one date `open` counts before `closed`.

    Raises:
        InvalidInput: CALENDAR_INVALID, or CALENDAR_WITHOUT_WORKING_TIME.
    """
    try:
        return _calendar(document)
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError) as problem:
        raise InvalidInput(f"The calendar cannot be read: {problem!r}", code="CALENDAR_INVALID") from problem


def _calendar(document: Mapping[str, Any]) -> Calendar:
    first, last = dt.date.fromisoformat(document["from"]), dt.date.fromisoformat(document["to"])
    if not first <= last or last.year - first.year > MOST_YEARS:
        raise InvalidInput(f"A calendar covers one day to {MOST_YEARS} years", code="CALENDAR_INVALID")
    clock = WallClock.from_json(document["clock"])
    shifts = {name: shift_from_json(raw) for name, raw in document["shifts"].items()}
    week = [_on_one_day(shifts, names) for names in document["week"]]
    if len(week) != 7:
        raise InvalidInput("A week has seven days", code="CALENDAR_INVALID")
    special: dict[int, tuple[Shift, ...]] = {
        _ordinal(day): () for part in ("holidays", "closed") for day in document.get(part, {})
    }
    special |= {_ordinal(day): _on_one_day(shifts, raw["shifts"]) for day, raw in document.get("open", {}).items()}

    def shifts_on(day: int) -> tuple[Shift, ...]:
        found = special.get(day)
        return week[(day - 1) % 7] if found is None else found

    table = working_table(clock, first.toordinal(), last.toordinal(), shifts_on)
    if not table.days:
        raise InvalidInput(
            f"The calendar {document['calendar']} has no working time at all", code="CALENDAR_WITHOUT_WORKING_TIME"
        )
    told = tuple(absences(_told(document, week)))
    return Calendar(document["calendar"], document["zone"], first, last, clock, table, told)


def _on_one_day(shifts: Mapping[str, Shift], names: list[str]) -> tuple[Shift, ...]:
    if len(names) > MOST_SHIFTS:
        raise InvalidInput(f"At most {MOST_SHIFTS} shifts begin on one day", code="CALENDAR_INVALID")
    return tuple(shifts[name] for name in names)


def _told(document: Mapping[str, Any], week: list[tuple[Shift, ...]]) -> dict[int, str]:
    """What explanations say of a day; nothing of a holiday on a day that is free anyway."""
    found: dict[int, str] = {}
    for part, what in (("holidays", "is a holiday"), ("closed", "is closed")):
        for day, name in document.get(part, {}).items():
            if week[(_ordinal(day) - 1) % 7]:
                found[_ordinal(day)] = f"{what} ({name})"
    for day, raw in document.get("open", {}).items():
        found[_ordinal(day)] = f"has hours of its own ({raw['name']})"
    return found


def _ordinal(day: str) -> int:
    return dt.date.fromisoformat(day).toordinal()


def add(calendar: Calendar, start: dt.datetime, length: WorkingDuration) -> tuple[dt.datetime, str]:
    """`add_working_days` or `add_working_time`, whichever the length is of."""
    if length.days:
        return add_working_days(calendar, start, length.days)
    return add_working_time(calendar, start, length.seconds)


def add_working_time(calendar: Calendar, start: dt.datetime, seconds: float) -> tuple[dt.datetime, str]:
    """The first instant by which so many working seconds have passed, and why it is that one.

    Raises:
        InvalidInput: CALENDAR_EXHAUSTED, NEGATIVE_WORKING_TIME, NO_ZONE.
    """
    at, amount = _instant(calendar, start), _amount(seconds)
    length = spoken(seconds)
    end = at if amount == 0 else calendar.table.reached(calendar.table.worked(at) + amount)
    if end is None:
        raise _exhausted(calendar, start, length)
    return moment(end), _why(calendar, at, length, end, elapsed=True)


def add_working_days(calendar: Calendar, start: dt.datetime, days: int) -> tuple[dt.datetime, str]:
    """So many working days on at the same wall time, and why; see the head of this file.

    Raises:
        InvalidInput: CALENDAR_EXHAUSTED, NEGATIVE_WORKING_TIME, NO_ZONE.
    """
    at, amount, table = _instant(calendar, start), _amount(days) // SECOND, calendar.table
    length = counted(days, "working day")
    place = table.following(at)
    if place is None or table.day_of[place] + amount >= len(table.days):
        raise _exhausted(calendar, start, length)
    begin, day = max(at, table.starts[place]), table.day_of[place]
    end = begin
    if amount:
        later = (table.days[day + amount] - table.days[day]) * 86_400 * SECOND
        end = table.within_day(day + amount, calendar.clock.instant(calendar.clock.reading(begin) + later))
    return moment(end), _why(calendar, at, length, end, elapsed=False)


def part_way(calendar: Calendar, start: dt.datetime, end: dt.datetime, share: float) -> tuple[dt.datetime, str]:
    """When so much of the working time between two instants has passed: what 75 % of a due time means.

    Args:
        share: 0.75 for 75 %; more than 1 is after the end, by as much working time.

    Raises:
        InvalidInput: CALENDAR_EXHAUSTED, NEGATIVE_WORKING_TIME, NO_ZONE.
    """
    return add_working_time(calendar, start, round(working_seconds_between(calendar, start, end) * share, 6))


def working_seconds_between(calendar: Calendar, start: dt.datetime, end: dt.datetime) -> float:
    """Working seconds from one instant to another; negative when the second comes first.

    Raises:
        InvalidInput: CALENDAR_EXHAUSTED, NO_ZONE.
    """
    table = calendar.table
    return (table.worked(_instant(calendar, end)) - table.worked(_instant(calendar, start))) / SECOND


def is_open(calendar: Calendar, at: dt.datetime) -> bool:
    """Whether the instant is working time; the end of a shift is not.

    Raises:
        InvalidInput: CALENDAR_EXHAUSTED, NO_ZONE.
    """
    instant = _instant(calendar, at)
    place = calendar.table.following(instant)
    return place is not None and calendar.table.starts[place] <= instant


def next_open(calendar: Calendar, at: dt.datetime) -> dt.datetime:
    """The instant itself when it is working time, else the next opening.

    Raises:
        InvalidInput: CALENDAR_EXHAUSTED, NO_ZONE.
    """
    instant = _instant(calendar, at)
    place = calendar.table.following(instant)
    if place is None:
        raise _exhausted(calendar, at, "the next opening")
    return moment(max(instant, calendar.table.starts[place]))


def _why(calendar: Calendar, start: int, length: str, end: int, *, elapsed: bool) -> str:
    table, clock = calendar.table, calendar.clock
    place, last = table.following(start), table.following(end - 1)
    opens = start if place is None else max(start, table.starts[place])
    first_day = moment(clock.reading(start)).toordinal()
    last_day = first_day if last is None else table.days[table.day_of[last]]
    notes = named(calendar.absences, first_day, last_day) if end > start else []
    if elapsed:
        inside = (
            change for change in clock.between(opens, end) if table.worked(change[0] + 1) > table.worked(change[0])
        )
        notes += clock_changes(clock, inside)
    return reason(clock, calendar.zone, start=start, opens=opens, length=length, end=end, notes=notes)


def _instant(calendar: Calendar, at: dt.datetime) -> int:
    if at.tzinfo is None:
        raise InvalidInput(f"{at.isoformat()} has no zone", code="NO_ZONE")
    instant = microseconds(at)
    if not calendar.table.begin <= instant <= calendar.table.end:
        raise _exhausted(calendar, at, None)
    return instant


def _amount(amount: float) -> int:
    """In microseconds."""
    if not math.isfinite(amount) or amount < 0:
        raise InvalidInput(f"{amount} is not a length of working time", code="NEGATIVE_WORKING_TIME")
    return round(amount * SECOND)


def _exhausted(calendar: Calendar, at: dt.datetime, wanted: str | None) -> InvalidInput:
    start = at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    return InvalidInput(
        f"The calendar {calendar.name} knows {calendar.first} to {calendar.last}; "
        + (f"{start} + {wanted} leads out of it" if wanted else f"{start} is not within"),
        code="CALENDAR_EXHAUSTED",
        details={
            "calendar": calendar.name,
            "from": calendar.first.isoformat(),
            "to": calendar.last.isoformat(),
            "start": start,
            "wanted": wanted,
        },
    )
