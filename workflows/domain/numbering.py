"""Business numbers by pattern: `NCR-{yyyy}-{seq:3}` gives NCR-2025-001.

Holes: `{yyyy}`, `{yy}`, `{mm}`, `{dd}` (the date in the plant's time zone) and `{seq}` or `{seq:WIDTH}`, the count
within the finest date the pattern shows. A count outgrows its width (…-999, …-1000) and is never shortened. Pure:
who counts, and where, is not known here.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from workflows.domain.errors import InvalidInput

LONGEST = 100
"""Characters of a pattern; numbers end up on labels and in file names."""

_HOLE = re.compile(r"\{([^{}]*)\}")
_DATES = {"yyyy": "%Y", "yy": "%y", "mm": "%m", "dd": "%d"}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed pattern; `parse` makes it."""

    parts: tuple[str, ...]
    """Literal text at even places, the names of holes at odd ones."""
    width: int
    """Digits of the count at least."""

    def period(self, on: dt.date) -> str:
        """What one count is for: `2025`, `2025-11`, `2025-11-06`, or empty for an endless count."""
        shown = self.parts[1::2]
        if "dd" in shown:
            return on.isoformat()
        if "mm" in shown:
            return on.isoformat()[:7]
        return on.isoformat()[:4] if "yyyy" in shown or "yy" in shown else ""

    def format(self, on: dt.date, count: int) -> str:
        """The number of that date and count."""
        return "".join(part if place % 2 == 0 else self._fill(part, on, count) for place, part in enumerate(self.parts))

    def _fill(self, hole: str, on: dt.date, count: int) -> str:
        if hole == "seq":
            return str(count).zfill(self.width)
        return f"{on.year:04}" if hole == "yyyy" else on.strftime(_DATES[hole])


def parse(pattern: str) -> Pattern:
    """The pattern, ready for use.

    Raises:
        InvalidInput: an unknown hole, not exactly one `{seq}`, or a date that would let numbers repeat.
    """
    if len(pattern) > LONGEST:
        raise _bad(pattern, f"at most {LONGEST} characters")
    parts = _HOLE.split(pattern)
    if any("{" in text or "}" in text for text in parts[::2]):
        raise _bad(pattern, "every { needs its }")
    holes = [hole.partition(":") for hole in parts[1::2]]
    for name, colon, width in holes:
        if name not in {*_DATES, "seq"} or (colon and (name != "seq" or not re.fullmatch("[1-9]|1[0-2]", width))):
            raise _bad(pattern, "holes are {yyyy}, {yy}, {mm}, {dd}, {seq} and {seq:1} to {seq:12}")
    names = [name for name, _, _ in holes]
    if names.count("seq") != 1:
        raise _bad(pattern, "exactly one {seq}")
    if "dd" in names and "mm" not in names:
        raise _bad(pattern, "{dd} needs {mm}")
    if "mm" in names and not {"yyyy", "yy"} & set(names):
        raise _bad(pattern, "{mm} needs {yyyy} or {yy}")
    width = next(width for name, _, width in holes if name == "seq")
    texts = parts[::2]
    woven = [item for pair in zip(texts, [*names, ""], strict=True) for item in pair][:-1]
    return Pattern(tuple(woven), int(width or 1))


def _bad(pattern: str, rule: str) -> InvalidInput:
    return InvalidInput(
        f"Number pattern {pattern!r}: {rule}",
        code="NUMBER_PATTERN",
        violations=[{"field": "number", "value": pattern, "constraint": rule}],
    )
