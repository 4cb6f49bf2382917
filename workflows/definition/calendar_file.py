"""The shape of a calendar file: from the values of the YAML to `CalendarFile`, every problem at its position.

See `definitions/calendars/README.md` for the file as people write it. What days a holiday rule or a yearly day comes
to is worked out in `calendars`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from workflows.definition.diagnostics import Report
from workflows.definition.document.base import NAME
from workflows.definition.reader import Path, Source
from workflows.definition.suggestions import did_you_mean
from workflows.domain.calendars import MOST_SHIFTS, MOST_YEARS
from workflows.domain.errors import InvalidInput
from workflows.domain.shifts import shift_from_json

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_SPAN = re.compile(r"(\S+)-(\S+)", re.ASCII)
_YEARLY = re.compile(r"\d{2}-\d{2}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LEAP_YEAR = "2024"


@dataclass(frozen=True, slots=True)
class HolidayRule:
    country: str
    subdivision: str | None = None
    categories: tuple[str, ...] = ()
    language: str | None = None
    observed: bool = True
    worked: tuple[str, ...] = ()
    """Names of holidays on which the plant works."""


@dataclass(frozen=True, slots=True)
class DayRule:
    """Some days that are not as the week says."""

    path: Path
    name: str
    first: str
    """`2026-08-03`, or `12-24` for every year."""
    last: str
    shifts: list[str] | None
    """None: closed."""

    @property
    def yearly(self) -> bool:
        return _YEARLY.fullmatch(self.first) is not None


@dataclass(slots=True)
class CalendarFile:
    name: str
    title: str
    zone: str
    first: dt.date
    last: dt.date
    shifts: dict[str, dict[str, Any]]
    """As the frozen document has them."""
    week: list[list[str]]
    holidays: HolidayRule | None
    days: list[DayRule]


class CalendarReading:
    """One pass over the values of a file; None stands for what could not be read and has been reported."""

    def __init__(self, source: Source, report: Report) -> None:
        self._source = source
        self._report = report

    def read(self) -> CalendarFile | None:
        """The file, or None when anything is wrong with it."""
        raw = self._mapping(
            self._source.value,
            (),
            "a calendar",
            ("calendar", "title", "zone", "valid", "shifts", "week"),
            ("description", "holidays", "days"),
        )
        shifts = self._shifts(raw.get("shifts", {}), ("shifts",))
        name = self._text(raw.get("calendar"), ("calendar",))
        if name is not None and re.fullmatch(NAME, name, re.ASCII) is None:
            self._wrong(("calendar",), f"`{name[:60]}` is not a name", code="J104")
        if "description" in raw:
            self._text(raw["description"], ("description",))
        first, last = self._range(raw.get("valid"), ("valid",))
        read = CalendarFile(
            name=name or "",
            title=self._text(raw.get("title"), ("title",)) or "",
            zone=self._text(raw.get("zone"), ("zone",)) or "",
            first=first,
            last=last,
            shifts=shifts,
            week=self._week(raw.get("week"), ("week",), shifts),
            holidays=self._holidays(raw["holidays"], ("holidays",)) if "holidays" in raw else None,
            days=self._days(raw["days"], ("days",), shifts) if "days" in raw else [],
        )
        return None if self._report.failed else read

    def _shifts(self, raw: Any, path: Path) -> dict[str, dict[str, Any]]:
        found = {}
        for name, item in self._entries(raw, path, "`shifts`"):
            at = (*path, name)
            fields = self._mapping(item, at, "a shift", ("from", "to"), ("breaks",))
            breaks = [self._break(text, (*at, "breaks", place)) for place, text in self._list(fields, "breaks", at)]
            shift = {"from": fields.get("from"), "to": fields.get("to"), "breaks": breaks}
            found[name] = shift
            if {"from", "to"} <= fields.keys() and None not in breaks:
                try:
                    shift_from_json(shift)
                except InvalidInput as problem:
                    self._wrong((*at, problem.violations[0]["field"]), problem.message)
        return found

    def _break(self, raw: Any, path: Path) -> dict[str, str] | None:
        match = _SPAN.fullmatch(raw) if isinstance(raw, str) else None
        if match is None:
            self._wrong(path, f"{_shown(raw)} is not a break such as 09:00-09:15")
            return None
        return {"from": match[1], "to": match[2]}

    def _week(self, raw: Any, path: Path, shifts: Iterable[str]) -> list[list[str]]:
        week: list[list[str] | None] = [None] * 7
        for key, item in self._entries(raw, path, "`week`"):
            names = self._names(item, (*path, key), shifts)
            for day in self._days_of_week(key, (*path, key)):
                if week[day] is not None:
                    self._wrong((*path, key), f"`{WEEK[day]}` stands twice", code="J109", key=True)
                week[day] = names
        return [names or [] for names in week]

    def _days_of_week(self, key: str, path: Path) -> range:
        first, _, last = key.partition("-")
        if first in WEEK and (last or first) in WEEK and WEEK.index(first) <= WEEK.index(last or first):
            return range(WEEK.index(first), WEEK.index(last or first) + 1)
        hint = (not last and did_you_mean(key, WEEK)) or f"{', '.join(WEEK)}, or days in a row such as `mon-fri`"
        self._wrong(path, f"`{key[:40]}` is not a day of the week", hint, code="J101", key=True)
        return range(0)

    def _names(self, raw: Any, path: Path, shifts: Iterable[str]) -> list[str]:
        """Names of shifts, one or several."""
        names = raw if isinstance(raw, list) else [raw]
        for place, name in enumerate(names):
            if not isinstance(name, str) or name not in shifts:
                known = [str(item) for item in shifts]
                hint = did_you_mean(str(name), known) or "known: " + ", ".join(known)
                self._wrong((*path, place), f"{_shown(name)} is not a shift of this calendar", hint)
        if len(names) > MOST_SHIFTS:
            self._wrong(path, f"at most {MOST_SHIFTS} shifts begin on one day")
        return [str(name) for name in names]

    def _holidays(self, raw: Any, path: Path) -> HolidayRule | None:
        optional = ("subdivision", "categories", "language", "observed", "worked")
        fields = self._mapping(raw, path, "`holidays`", ("country",), optional)
        texts = {
            key: self._text(fields[key], (*path, key))
            for key in ("country", "subdivision", "language")
            if key in fields
        }
        lists = {
            key: tuple(self._text(item, (*path, key, place)) or "" for place, item in self._list(fields, key, path))
            for key in ("categories", "worked")
        }
        observed = fields.get("observed", True)
        if not isinstance(observed, bool):
            self._wrong((*path, "observed"), "`observed` is true or false")
        country = texts.pop("country", None)
        if country is None:
            return None
        return HolidayRule(country, observed=observed is True, **texts, **lists)  # type: ignore[arg-type]  # keys are fields

    def _days(self, raw: Any, path: Path, shifts: Iterable[str]) -> list[DayRule]:
        found = []
        for key, item in self._entries(raw, path, "`days`"):
            at = (*path, key)
            fields = self._mapping(item, at, "a day", ("name",), ("closed", "shifts"))
            if ("closed" in fields) == ("shifts" in fields):
                self._wrong(at, "a day is either `closed: true` or has `shifts`", code="J109", key=True)
            if fields.get("closed", True) is not True:
                self._wrong((*at, "closed"), "`closed` is true, or left out")
            own = self._names(fields["shifts"], (*at, "shifts"), shifts) if "shifts" in fields else None
            first, last = self._period(key, at)
            found.append(DayRule(at, self._text(fields.get("name"), (*at, "name")) or "", first, last, own))
        return found

    def _period(self, key: str, path: Path) -> tuple[str, str]:
        first, _, last = (part.strip() for part in key.partition(" to "))
        last = last or first
        if _YEARLY.fullmatch(key) and _is_date(f"{_LEAP_YEAR}-{key}"):
            return key, key
        if not (_is_date(first) and _is_date(last) and first <= last):
            hint = "such as 2026-12-31, 12-24 for every year, or 2026-08-03 to 2026-08-14"
            self._wrong(path, f"`{key[:40]}` is not a day or a period", hint, key=True)
        return first, last

    def _range(self, raw: Any, path: Path) -> tuple[dt.date, dt.date]:
        fields = self._mapping(raw, path, "`valid`", ("from", "to"), ())
        dates = []
        for key in ("from", "to"):
            if key in fields and not _is_date(fields[key]):
                self._wrong((*path, key), f"{_shown(fields[key])} is not a date such as 2026-01-01")
            dates.append(dt.date.fromisoformat(fields[key]) if _is_date(fields.get(key)) else dt.date(2000, 1, 1))
        first, last = dates
        if len(fields) == 2 and not self._report.failed:
            if last < first:
                self._wrong((*path, "to"), "`to` is before `from`", code="J109")
            elif first.year < 1980 or last.year > min(first.year + MOST_YEARS, 2100):
                self._wrong(path, f"from 1980 to 2100, at most {MOST_YEARS} years", key=True)
        return first, last

    def _mapping(
        self, raw: Any, path: Path, what: str, required: tuple[str, ...], optional: tuple[str, ...]
    ) -> dict[str, Any]:
        """The entries of known keys."""
        if not isinstance(raw, dict):
            if raw is not None or path in self._source.values:
                self._wrong(path, f"{what} is a mapping, not {_shown(raw)}")
            return {}
        for key in raw:
            if key not in (*required, *optional):
                hint = did_you_mean(key, (*required, *optional)) or "known: " + ", ".join((*required, *optional))
                self._wrong((*path, key), f"{what} has no key `{key}`", hint, code="J101", key=True)
        for key in required:
            if key not in raw:
                self._wrong(path, f"`{key}` is missing", code="J102", key=True)
        return {key: item for key, item in raw.items() if key in (*required, *optional)}

    def _entries(self, raw: Any, path: Path, what: str) -> list[tuple[str, Any]]:
        if isinstance(raw, dict):
            return list(raw.items())
        if path in self._source.values:
            self._wrong(path, f"{what} is a mapping, not {_shown(raw)}")
        return []

    def _list(self, fields: dict[str, Any], key: str, path: Path) -> list[tuple[int, Any]]:
        raw = fields.get(key, [])
        if not isinstance(raw, list):
            self._wrong((*path, key), f"`{key}` is a list, not {_shown(raw)}")
            return []
        return list(enumerate(raw))

    def _text(self, raw: Any, path: Path) -> str | None:
        """The text; what is missing has been reported where it is missing."""
        if isinstance(raw, str) and raw.strip():
            return raw
        if path in self._source.values:
            self._wrong(path, f"`{path[-1]}` must be a text, not {_shown(raw)}")
        return None

    def _wrong(
        self, path: Path, message: str, suggestion: str | None = None, *, code: str = "J103", key: bool = False
    ) -> None:
        self._report.add(code, self._source.locate(path, key=key), message, suggestion)


def _is_date(text: object) -> bool:
    if not isinstance(text, str) or _DATE.fullmatch(text) is None:
        return False
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _shown(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return f"`{str(value)[:40]}`"
