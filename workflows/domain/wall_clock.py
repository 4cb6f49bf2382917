"""The clock on the wall of one place: between instants and local time, from a frozen table of clock changes.

The table is plain JSON and is written once (`freeze`, the only part that reads the time zone database); from then on
the same input gives the same answer on every machine, whatever its database says. All arithmetic is in whole
microseconds since 1970, so nothing is rounded. Knows nothing of shifts.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SECOND = 1_000_000
DAY = 86_400 * SECOND
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
EPOCH_DAY = dt.date(1970, 1, 1).toordinal()

_MICROSECOND = dt.timedelta(microseconds=1)
_FAR = 2**62


class UnknownZone(ValueError):
    """The time zone database has no such zone."""


def microseconds(moment: dt.datetime) -> int:
    """Microseconds since 1970 of an aware date-time."""
    return (moment - EPOCH) // _MICROSECOND


def moment(instant: int) -> dt.datetime:
    """The inverse of `microseconds`, in UTC."""
    return EPOCH + dt.timedelta(microseconds=instant)


def midnight(day: int) -> int:
    """The wall reading at the start of a day, given as a proleptic Gregorian ordinal."""
    return (day - EPOCH_DAY) * DAY


@dataclass(frozen=True, slots=True)
class WallClock:
    """A wall reading is counted like an instant: microseconds from 1970-01-01 00:00 as the wall shows it."""

    changes: tuple[int, ...]
    """Instants from which an offset holds, ascending; the first is before anything asked for."""
    offsets: tuple[int, ...]
    """What the wall is ahead of UTC from then on."""
    lasts: tuple[int, ...]
    """Wall reading at which each offset stops to hold."""

    @classmethod
    def from_json(cls, table: Sequence[Sequence[Any]]) -> WallClock:
        """From `[["2025-01-01T00:00:00Z", 3600], …]`: an instant and the seconds ahead of UTC from then on.

        Raises:
            ValueError: not such a table, or not in order.
        """
        changes = tuple(microseconds(dt.datetime.fromisoformat(str(at))) for at, _ in table)
        offsets = tuple(int(ahead) * SECOND for _, ahead in table)
        if not changes or any(one >= other for one, other in pairwise(changes)):
            raise ValueError("the clock changes are not in order")
        ends = (*changes[1:], _FAR)
        return cls(changes, offsets, tuple(end + ahead for end, ahead in zip(ends, offsets, strict=True)))

    def reading(self, instant: int) -> int:
        """What the wall shows at an instant."""
        return instant + self.offsets[max(bisect_right(self.changes, instant) - 1, 0)]

    def instant(self, reading: int) -> int:
        """When the wall shows this: the first time if it does so twice, the moment of the change if never.

        A later reading never gives an earlier instant.
        """
        place = bisect_right(self.lasts, reading)
        return max(reading - self.offsets[place], self.changes[place]) if place else reading - self.offsets[0]

    def steady(self, reading: int, length: int) -> int | None:
        """The offset, if it does not change while the wall goes on by `length` from the reading."""
        place = bisect_right(self.lasts, reading)
        if place and reading - self.offsets[place] < self.changes[place]:
            return None
        return self.offsets[place] if reading + length < self.lasts[place] else None

    def between(self, start: int, end: int) -> list[tuple[int, int]]:
        """The changes after `start` and before `end`: instant, and by how much the wall jumps ahead."""
        first, last = bisect_right(self.changes, start), bisect_right(self.changes, end - 1)
        return [(self.changes[at], self.offsets[at] - self.offsets[at - 1]) for at in range(max(first, 1), last)]


def freeze(zone: str, first: dt.date, last: dt.date) -> list[list[Any]]:
    """The clock changes of a zone from two days before `first` to three days after `last`, as `from_json` reads it.

    Raises:
        UnknownZone: no such zone.
    """
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise UnknownZone(f"`{zone}` is not a time zone") from problem
    at = dt.datetime.combine(first, dt.time(), dt.UTC) - dt.timedelta(days=2)
    end = dt.datetime.combine(last, dt.time(), dt.UTC) + dt.timedelta(days=3)
    table = [_row(at, place)]
    while at < end:
        following = at + dt.timedelta(hours=12)
        if _ahead(following, place) != _ahead(at, place):
            table.append(_row(_change(at, following, place), place))
        at = following
    return table


def _ahead(at: dt.datetime, zone: ZoneInfo) -> int:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None, "a ZoneInfo has an offset at every instant"
    return round(offset.total_seconds())


def _row(at: dt.datetime, zone: ZoneInfo) -> list[Any]:
    return [at.isoformat().replace("+00:00", "Z"), _ahead(at, zone)]


def _change(before: dt.datetime, after: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The first second after `before` with another offset; there is one at `after`."""
    second = dt.timedelta(seconds=1)
    while after - before > second:
        middle = before + (after - before) // 2 // second * second
        if _ahead(middle, zone) == _ahead(before, zone):
            before = middle
        else:
            after = middle
    return after
