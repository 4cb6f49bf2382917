"""Every span of working time in the range of a calendar, ready for look-up: made once, then only searched.

There is nothing to loop over when a question comes, so no question takes long, and none goes round for ever.
Instants are whole microseconds since 1970, days are proleptic Gregorian ordinals.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace

from workflows.domain.shifts import Shift, Span, merged, open_spans
from workflows.domain.wall_clock import DAY, WallClock, midnight


@dataclass(frozen=True, slots=True)
class WorkingTable:
    """Columns of equal length for the spans, and for the working days; `working_table` makes it."""

    starts: list[int]
    """Of the spans, ascending; spans do not overlap, but may touch where the working day changes."""
    ends: list[int]
    totals: list[int]
    """Working time up to the end of each span."""
    days: list[int]
    """The working days: days on which a shift begins that leaves some working time."""
    day_of: list[int]
    """Place in `days` of each span."""
    first_of: list[int]
    """The first span of each working day, and the number of spans at last."""
    begin: int
    """From here on the calendar answers."""
    end: int
    """Up to here."""

    def worked(self, instant: int) -> int:
        """Working time from the beginning of the range."""
        place = bisect_right(self.starts, instant) - 1
        return self.totals[place] - max(self.ends[place] - instant, 0) if place >= 0 else 0

    def reached(self, amount: int) -> int | None:
        """The first instant at which so much was worked; None when there is not so much."""
        place = bisect_left(self.totals, amount)
        return self.ends[place] - (self.totals[place] - amount) if place < len(self.totals) else None

    def following(self, instant: int) -> int | None:
        """Place of the span that is open at the instant, else of the next; None after the last."""
        place = bisect_right(self.ends, instant)
        return place if place < len(self.ends) else None

    def within_day(self, day: int, instant: int) -> int:
        """The instant, moved into the working time of a working day (place in `days`).

        Forward to the next span of that day; back to the day's end when there is none.
        """
        first, over = self.first_of[day], self.first_of[day + 1]
        place = bisect_right(self.ends, instant, first, over)
        return max(instant, self.starts[place]) if place < over else self.ends[over - 1]


def working_table(
    clock: WallClock, first: int, last: int, shifts_on: Callable[[int], tuple[Shift, ...]]
) -> WorkingTable:
    """The table from the midnight at which `first` begins to the end of the last shift that begins on `last`.

    The shifts of the day before `first` are asked for too: they may run past midnight. From the first shift of a
    working day on, time belongs to that day, also what is left of shifts of the day before.
    """
    begin, end = clock.instant(midnight(first)), clock.instant(midnight(last + 1))
    table = WorkingTable([], [], [], [], [], [], begin, end)
    usual: dict[tuple[Shift, ...], list[Span]] = {}
    owner, open_ones = first - 1, list[Span]()
    for day in range(first - 1, last + 1):
        spans = _spans(shifts_on(day), midnight(day), clock, usual)
        if spans:
            handover = spans[0][0]
            _append(table, owner, _cut(open_ones, begin, handover))
            left = _cut(open_ones, handover, open_ones[-1][1]) if open_ones else []
            owner, open_ones = day, merged([*left, *spans]) if left else spans
    _append(table, owner, _cut(open_ones, begin, open_ones[-1][1]) if open_ones else [])
    table.first_of.append(len(table.starts))
    return replace(table, end=max(end, table.ends[-1])) if table.ends else table


def _append(table: WorkingTable, day: int, spans: list[Span]) -> None:
    if not spans:
        return
    table.first_of.append(len(table.starts))
    total = table.totals[-1] if table.totals else 0
    for start, over in spans:
        total += over - start
        table.starts.append(start)
        table.ends.append(over)
        table.totals.append(total)
        table.day_of.append(len(table.days))
    table.days.append(day)


def _cut(spans: list[Span], begin: int, end: int) -> list[Span]:
    """What of the spans lies between two instants."""
    if not spans or (begin <= spans[0][0] and spans[-1][1] <= end):
        return spans
    kept = ((max(start, begin), min(over, end)) for start, over in spans)
    return [(start, over) for start, over in kept if start < over]


def _spans(
    shifts: tuple[Shift, ...], at: int, clock: WallClock, usual: dict[tuple[Shift, ...], list[Span]]
) -> list[Span]:
    """The working time of the shifts of the day that begins when the wall shows `at`."""
    if not shifts:
        return []
    offset = clock.steady(at, 2 * DAY)
    if offset is None:
        return open_spans(shifts, lambda reading: clock.instant(at + reading))
    if shifts not in usual:
        usual[shifts] = open_spans(shifts, lambda reading: reading)
    moved = at - offset
    return [(moved + start, moved + end) for start, end in usual[shifts]]
