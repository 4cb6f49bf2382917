"""ISO 8601 durations of fixed length: weeks, days, hours, minutes and seconds.

Years and months have no fixed length and are refused; a day is 24 hours. Negative durations do not exist here.
"""

from __future__ import annotations

import re
from datetime import timedelta

_PATTERN = re.compile(
    r"P(?=.)(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d{1,6})?)S)?)?",
    re.ASCII,
)
_UNITS = (("D", 86_400), ("H", 3_600), ("M", 60))
_LONGEST = 64
"""Characters; far more than any sensible duration has."""


class NotADuration(ValueError):
    """The text is no ISO 8601 duration of fixed length."""


def parse_duration(text: str) -> timedelta:
    """The length of `PT24H`, `P3D`, `P1W`, `P1DT30M`, `PT0.5S`.

    Raises:
        NotADuration: malformed, with years or months, or longer than `timedelta` can hold.
    """
    match = _PATTERN.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise NotADuration(f"{text[:_LONGEST]!r} is not an ISO 8601 duration such as PT24H or P3D")
    try:
        return timedelta(**{unit: float(amount) for unit, amount in match.groupdict("0").items()})
    except OverflowError as problem:
        raise NotADuration(f"{text!r} is too long") from problem


def duration_seconds(text: str) -> float:
    """`parse_duration` in seconds."""
    return parse_duration(text).total_seconds()


def format_duration(length: timedelta) -> str:
    """The shortest ISO 8601 form in days, hours, minutes and seconds: `P1DT2H`, `PT0S` for nothing.

    Raises:
        ValueError: negative.
    """
    if length < timedelta(0):
        raise ValueError("a duration is not negative")
    microseconds = length // timedelta(microseconds=1)
    whole, fraction = divmod(microseconds, 1_000_000)
    parts = []
    for unit, size in _UNITS:
        amount, whole = divmod(whole, size)
        parts.append(f"{amount}{unit}" if amount else "")
    seconds = f"{whole}.{fraction:06d}".rstrip("0") + "S" if fraction else f"{whole}S" if whole else ""
    time = "".join((*parts[1:], seconds))
    if not parts[0] and not time:
        return "PT0S"
    return f"P{parts[0]}" + (f"T{time}" if time else "")
