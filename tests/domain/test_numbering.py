"""Numbers by pattern, against domain reference 2.4."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.domain.errors import InvalidInput
from workflows.domain.numbering import parse

DAY = dt.date(2025, 11, 6)


@pytest.mark.parametrize(
    ("pattern", "count", "number"),
    [
        ("NCR-{yyyy}-{seq:3}", 1, "NCR-2025-001"),
        ("ORD-{yyyy}-{seq:3}", 999, "ORD-2025-999"),
        ("ORD-{yyyy}-{seq:3}", 1000, "ORD-2025-1000"),
        ("STL001-{yyyy}{mm}{dd}-{seq:3}", 1, "STL001-20251106-001"),
        ("PUMP-{yy}{mm}-{seq:5}", 1, "PUMP-2511-00001"),
        ("RUN{yyyy}{mm}{dd}-{seq:2}", 7, "RUN20251106-07"),
        ("{seq}", 12, "12"),
        ("A-{seq}-Z", 3, "A-3-Z"),
    ],
)
def test_numbers_as_the_field_writes_them(pattern: str, count: int, number: str) -> None:
    assert parse(pattern).format(DAY, count) == number


@pytest.mark.parametrize(
    ("pattern", "period"),
    [
        ("NCR-{yyyy}-{seq:3}", "2025"),
        ("{yy}-{seq}", "2025"),
        ("{yyyy}-{mm}-{seq}", "2025-11"),
        ("{yyyy}{mm}{dd}-{seq}", "2025-11-06"),
        ("LOT-{seq:6}", ""),
    ],
)
def test_counts_start_again_with_the_finest_date_shown(pattern: str, period: str) -> None:
    assert parse(pattern).period(DAY) == period


@pytest.mark.parametrize(
    "pattern",
    [
        "NCR-{yyyy}",
        "{seq}-{seq}",
        "{mm}-{seq}",
        "{yyyy}{dd}-{seq}",
        "{seq:0}",
        "{seq:}",
        "{seq:13}",
        "{seq:x}",
        "{yyyy:2}-{seq}",
        "{material}-{seq}",
        "{seq",
        "seq}",
        "{{seq}}",
        "",
        "x" * 100 + "{seq}",
    ],
)
def test_patterns_that_cannot_work_are_refused(pattern: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse(pattern)

    assert refusal.value.code == "NUMBER_PATTERN"


_PATTERNS = st.sampled_from(
    [
        "N-{seq:3}",
        "N-{yyyy}-{seq:3}",
        "{seq:2}/{yy}",
        "{yyyy}{mm}{seq}",
        "{yyyy}-{mm}-{dd}.{seq:1}",
        "{dd}{mm}{yyyy}{seq}",
    ]
)
_DAYS = st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31))


@given(_PATTERNS, _DAYS, _DAYS, st.integers(1, 10**7), st.integers(1, 10**7))
def test_no_two_counts_of_a_series_give_one_number(
    pattern: str, day: dt.date, other_day: dt.date, count: int, other_count: int
) -> None:
    parsed = parse(pattern)
    one, other = (parsed.period(day), count), (parsed.period(other_day), other_count)

    same_number = parsed.format(day, count) == parsed.format(other_day, other_count)

    assert not same_number or one == other


@given(_DAYS, st.integers(1, 10**9))
def test_a_count_is_never_shortened(day: dt.date, count: int) -> None:
    match = re.fullmatch(r"NCR-\d{4}-(\d{3,})", parse("NCR-{yyyy}-{seq:3}").format(day, count))

    assert match is not None
    assert int(match[1]) == count
