"""From a calendar file to the frozen document that `workflows.domain.calendars` answers from.

The document holds everything that could change outside of it: the dates of the holidays and the changes of the clock.
It goes into the Program that uses it, so a later edition of either moves no due time of an instance that runs.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from workflows.definition.calendar_file import CalendarFile, CalendarReading, DayRule, HolidayRule
from workflows.definition.diagnostics import START, Diagnostic, Report
from workflows.definition.document.base import NAME
from workflows.definition.holiday_dates import UnknownHolidays, holiday_dates
from workflows.definition.reader import Source, read
from workflows.definition.suggestions import did_you_mean
from workflows.domain.calendars import calendar_from_json
from workflows.domain.errors import InvalidInput
from workflows.domain.wall_clock import UnknownZone, freeze

FOLDER = "calendars"
_AND = "; "
"""How the library joins the names of two holidays on one day."""


@dataclass(frozen=True, slots=True)
class LoadedCalendar:
    document: dict[str, Any] | None
    """Plain JSON for `calendar_from_json`; None when there is any error. Not to be changed: it may be shared."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """By position, with the calendar's file name."""


def path_of(name: str) -> str:
    """Where the file of a calendar is asked for: `calendars/plant.yaml`."""
    return f"{FOLDER}/{name}.yaml"


def load(name: str, read_file: Callable[[str], str]) -> LoadedCalendar:
    """The calendar of that name.

    Args:
        read_file: text of `path_of(name)`; raises OSError or ValueError when there is none.
    """
    report = Report(path_of(name[:60]))
    if re.fullmatch(NAME, name, re.ASCII) is None:
        report.add("J104", START, f"`{name[:60]}` is not the name of a calendar")
        return LoadedCalendar(None, tuple(report.found))
    try:
        text = read_file(path_of(name))
    except (OSError, ValueError) as problem:
        report.add("J120", START, f"the calendar `{name}` cannot be read: {_plainly(problem)}")
        return LoadedCalendar(None, tuple(report.found))
    return read_calendar(text, filename=path_of(name), name=name)


@lru_cache(maxsize=32)
def read_calendar(text: str, *, filename: str, name: str | None = None) -> LoadedCalendar:
    """The calendar that a YAML text describes.

    Args:
        filename: in the diagnostics.
        name: what the calendar must be called; None: whatever.
    """
    report = Report(filename)
    source = read(text, report)
    document = None
    if source is not None:
        file = CalendarReading(source, report).read()
        if file is not None and name not in (None, file.name):
            report.add("J103", source.locate(("calendar",)), f"the file of `{name}` says `{file.name}`")
        document = _frozen(file, source, report) if file is not None else None
    return LoadedCalendar(None if report.failed else document, tuple(report.sorted()))


def _frozen(file: CalendarFile, source: Source, report: Report) -> dict[str, Any] | None:
    """The document; None after diagnostics."""
    try:
        clock = freeze(file.zone, file.first, file.last)
    except UnknownZone as problem:
        report.add("J103", source.locate(("zone",)), str(problem), did_you_mean(file.zone, _near(file.zone)))
        return None
    holidays = _holidays(file, source, report)
    own = _own_days(file, source, report)
    document = {
        "calendar": file.name,
        "title": file.title,
        "zone": file.zone,
        "from": file.first.isoformat(),
        "to": file.last.isoformat(),
        "shifts": file.shifts,
        "week": file.week,
        "holidays": {day: name for day, name in holidays.items() if day not in own},
        "closed": {day: rule.name for day, rule in sorted(own.items()) if rule.shifts is None},
        "open": {
            day: {"name": rule.name, "shifts": rule.shifts}
            for day, rule in sorted(own.items())
            if rule.shifts is not None
        },
        "clock": clock,
    }
    try:
        calendar_from_json(document)
    except InvalidInput as problem:
        code = "J130" if problem.code == "CALENDAR_WITHOUT_WORKING_TIME" else "J103"
        report.add(code, source.locate(("week",), key=True), problem.message)
    return document


def _holidays(file: CalendarFile, source: Source, report: Report) -> dict[str, str]:
    """Date -> name from the day before the range (its night shift reaches in) to its end."""
    rule = file.holidays
    if rule is None:
        return {}
    earliest = file.first - dt.timedelta(days=1)
    try:
        found = holiday_dates(
            rule.country,
            range(earliest.year, file.last.year + 1),
            subdivision=rule.subdivision,
            categories=rule.categories,
            language=rule.language,
            observed=rule.observed,
        )
    except UnknownHolidays as problem:
        report.add("J103", source.locate(("holidays", problem.field)), str(problem), problem.suggestion)
        return {}
    named = {day.isoformat(): name.split(_AND) for day, name in found.items() if earliest <= day <= file.last}
    _check_worked(rule, {name for names in named.values() for name in names}, source, report)
    free = {day: [name for name in names if not _is_worked(name, rule)] for day, names in named.items()}
    return {day: _AND.join(names) for day, names in free.items() if names}


def _is_worked(name: str, rule: HolidayRule) -> bool:
    """`Veterans Day` means `Veterans Day (observed)` too, the Friday to which a Saturday is moved."""
    return any(name == worked or name.startswith(f"{worked} (") for worked in rule.worked)


def _check_worked(rule: HolidayRule, names: set[str], source: Source, report: Report) -> None:
    for place, name in enumerate(rule.worked):
        if name not in names:
            hint = did_you_mean(name, sorted(names)) or "known: " + ", ".join(sorted(names))
            report.add("J103", source.locate(("holidays", "worked", place)), f"no holiday is called `{name}`", hint)


def _own_days(file: CalendarFile, source: Source, report: Report) -> dict[str, DayRule]:
    """Date -> its rule: a rule of one date counts before one of every year."""
    found: dict[str, DayRule] = {}
    for rule in sorted(file.days, key=lambda rule: not rule.yearly):
        days = list(_every_year(rule, file)) if rule.yearly else _each(rule)
        for day in days:
            before = found.get(day)
            if before is not None and before.yearly == rule.yearly:
                report.add("J109", source.locate(rule.path, key=True), f"{day} stands twice: {before.path[-1]}")
                break
            found[day] = rule
        if not rule.yearly and not file.first.isoformat() <= rule.first <= rule.last <= file.last.isoformat():
            report.add("J109", source.locate(rule.path, key=True), "outside `valid`")
    return found


def _each(rule: DayRule) -> Iterator[str]:
    day, last = dt.date.fromisoformat(rule.first), dt.date.fromisoformat(rule.last)
    while day <= last:
        yield day.isoformat()
        day += dt.timedelta(days=1)


def _every_year(rule: DayRule, file: CalendarFile) -> Iterator[str]:
    """29 February only where there is one."""
    earliest = file.first - dt.timedelta(days=1)
    for year in range(earliest.year, file.last.year + 1):
        day = f"{year:04}-{rule.first}"
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        if (leap or rule.first != "02-29") and earliest.isoformat() <= day <= file.last.isoformat():
            yield day


def _near(zone: str) -> list[str]:
    """Zones of the same area or for the same city: the list of all is too long to be compared."""
    area, _, city = zone.lower().rpartition("/")
    return sorted(
        known
        for known in available_timezones()
        if (area and known.lower().startswith(f"{area}/")) or known.lower().rpartition("/")[2] == city
    )


def _plainly(problem: Exception) -> str:
    return "there is no such file" if isinstance(problem, FileNotFoundError) else str(problem)
