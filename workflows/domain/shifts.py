"""Shifts and their breaks: which spans of a day are working time.

Times are wall times. A shift belongs to the day on which it begins and may run past midnight. It begins and ends
when the wall says so, so that over a clock change it is shorter or longer; a break begins when the wall says so and
lasts as long as on any other day. Knows nothing of weeks and holidays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.domain.errors import InvalidInput
from workflows.domain.wall_clock import DAY, SECOND

MOST_BREAKS = 12
"""Of one shift."""

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00", re.ASCII)

Span = tuple[int, int]
"""Start and end in microseconds, the end not included."""


@dataclass(frozen=True, slots=True)
class Break:
    start: int
    """Microseconds from the midnight at which the day of the shift begins."""
    length: int


@dataclass(frozen=True, slots=True)
class Shift:
    start: int
    """Microseconds from midnight."""
    end: int
    """The same; more than a day where the shift runs past midnight."""
    breaks: tuple[Break, ...] = ()


def shift_from_json(raw: Mapping[str, Any]) -> Shift:
    """From `{"from": "22:00", "to": "06:00", "breaks": [{"from": "02:00", "to": "02:30"}]}`.

    Raises:
        InvalidInput: not a time, a shift without length, a break outside its shift.
    """
    start, end = _time(raw["from"], "from"), _time(raw["to"], "to")
    if start in (end, DAY):
        raise _bad("to", raw["to"], "a shift ends at another time than it begins; a whole day is 00:00 to 24:00")
    end += DAY if end < start else 0
    breaks = raw.get("breaks") or ()
    if len(breaks) > MOST_BREAKS:
        raise _bad("breaks", len(breaks), f"at most {MOST_BREAKS} breaks")
    return Shift(start, end, tuple(_break(item, start, end) for item in breaks))


def _break(raw: Mapping[str, Any], shift_start: int, shift_end: int) -> Break:
    start, end = _time(raw["from"], "from"), _time(raw["to"], "to")
    start += DAY if start < shift_start else 0
    end += DAY if end < start else 0
    if start == end or end > shift_end:
        raise _bad("breaks", f"{raw['from']}-{raw['to']}", "a break lies within its shift and has some length")
    return Break(start, end - start)


def _time(text: object, field: str) -> int:
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise _bad(field, text, "a time such as 06:00, from 00:00 to 24:00")
    hours, minutes = (int(match[1]), int(match[2])) if match[1] else (24, 0)
    return (hours * 60 + minutes) * 60 * SECOND


def open_spans(shifts: Iterable[Shift], instant: Callable[[int], int]) -> list[Span]:
    """The working time of one day's shifts: ascending, apart from each other, none empty.

    Where shifts overlap (handover) the time counts once; a break closes only its own shift.

    Args:
        instant: from microseconds after the day's midnight, as the wall shows it, to an instant.
    """
    return merged(span for shift in shifts for span in _without_breaks(shift, instant))


def _without_breaks(shift: Shift, instant: Callable[[int], int]) -> list[Span]:
    at, end = instant(shift.start), instant(shift.end)
    pauses = merged((begin := instant(item.start), begin + item.length) for item in shift.breaks)
    worked = []
    for begin, over in pauses:
        worked.append((at, begin))
        at = over
    worked.append((at, end))
    return [(one, other) for one, other in worked if one < other]


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time in as few spans as possible, ascending."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _bad(field: str, value: object, rule: str) -> InvalidInput:
    return InvalidInput(
        f"{value!r}: {rule}",
        code="CALENDAR_INVALID",
        violations=[{"field": field, "value": value, "constraint": rule}],
    )
