"""ISO 8601 durations: what is read, what is refused, and what is written back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.domain.durations import NotADuration, duration_seconds, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT24H", 86_400),
        ("P3D", 259_200),
        ("P1W", 604_800),
        ("P1DT2H3M4S", 93_784),
        ("PT0.5S", 0.5),
        ("PT90M", 5_400),
        ("PT0S", 0),
    ],
)
def test_a_duration_of_fixed_length_is_read(text: str, seconds: float) -> None:
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1Y", "P1M", "PT1D", "P1H", "24H", "pt1h", "P-1D", "-P1D", "PT1H ", "P1DT", "PT1.1234567S",
     "PT1,5S", "P1D2H", "P٣D", "PT" + "9" * 99 + "H", "P" + "9" * 60 + "D"],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    """Years and months have no fixed length; signs, commas and foreign digits are not our spelling."""
    with pytest.raises(NotADuration):
        parse_duration(text)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(0), "PT0S"),
        (timedelta(hours=18), "PT18H"),
        (timedelta(days=1), "P1D"),
        (timedelta(days=2, hours=1, minutes=2, seconds=3), "P2DT1H2M3S"),
        (timedelta(milliseconds=1500), "PT1.5S"),
    ],
)
def test_a_duration_is_written_in_its_shortest_form(length: timedelta, text: str) -> None:
    assert format_duration(length) == text


def test_a_negative_duration_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="negative"):
        format_duration(timedelta(seconds=-1))


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=100_000)))
def test_what_is_written_is_read_back(length: timedelta) -> None:
    """Seconds are read as floats, exact to the microsecond over 270 years."""
    assert abs(parse_duration(format_duration(length)) - length) <= timedelta(microseconds=1)
