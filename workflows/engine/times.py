"""Durations and instants as text: ISO 8601 durations without months and years, RFC 3339 instants in UTC.

Arithmetic only; the engine has no clock. The time of a step is the time its event carries.
"""

from __future__ import annotations

import datetime as dt
import re

from workflows.domain.errors import ExpressionFailed

_DURATION = re.compile(
    r"P(?!$)(?:(?P<weeks>\d+(?:\.\d+)?)W)?(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def duration(text: object) -> dt.timedelta:
    """The length of `PT24H`, `P3D`, `P1DT30M`, `PT0.01S`.

    Raises:
        ExpressionFailed: not such a text, or longer than a calendar can hold.
    """
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise _not("an ISO 8601 duration of weeks, days, hours, minutes and seconds", text)
    try:
        return dt.timedelta(**{unit: float(amount) for unit, amount in match.groupdict().items() if amount})
    except OverflowError as problem:
        raise _not("a duration within the calendar", text) from problem


def instant(text: object) -> dt.datetime:
    """The instant of an RFC 3339 text with a zone.

    Raises:
        ExpressionFailed: not such a text; a text without a zone is none.
    """
    try:
        found = dt.datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise _not("an RFC 3339 date-time with a zone", text)
    return found.astimezone(dt.UTC)


def written(moment: dt.datetime) -> str:
    """RFC 3339 in UTC with `Z`, microseconds only where there are any."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def after(at: str, length: object) -> str:
    """The instant `length` after `at`, both as text."""
    try:
        return written(instant(at) + duration(length))
    except OverflowError as problem:
        raise _not("a duration within the calendar", length) from problem


def _not(wanted: str, value: object) -> ExpressionFailed:
    return ExpressionFailed(
        f"{value!r} is not {wanted}",
        details={"expression": str(value), "reason": f"not {wanted}", "inputs": {}},
    )
