"""Lengths of working time as text."""

from __future__ import annotations

import pytest

from workflows.domain.calendars import WorkingDuration, parse
from workflows.domain.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "length", "spoken"),
    [
        ("24 working hours", WorkingDuration(seconds=86_400), "24 working hours"),
        ("1 working hour", WorkingDuration(seconds=3_600), "1 working hour"),
        ("1.5 working hours", WorkingDuration(seconds=5_400), "90 working minutes"),
        ("90 working minutes", WorkingDuration(seconds=5_400), "90 working minutes"),
        ("0.5 working minutes", WorkingDuration(seconds=30), "30 working seconds"),
        ("2 working days", WorkingDuration(days=2), "2 working days"),
        ("1 Working Day", WorkingDuration(days=1), "1 working day"),
        ("  3  working  days ", WorkingDuration(days=3), "3 working days"),
    ],
)
def test_text_to_length_and_back(text: str, length: WorkingDuration, spoken: str) -> None:
    assert parse(text) == length
    assert str(length) == spoken


@pytest.mark.parametrize(
    "text",
    ["", "working hours", "24 hours", "24working hours", "-1 working hours", "0 working hours", "0.0 working days",
     "1.5 working days", "0.0001 working minutes", "1e3 working hours", "1,5 working hours", "2 working weeks",
     "2 working days and 1 working hour", "٢ working days", "9999999 working hours", "PT24H", "2 working\ndays\x00"],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(text)

    assert refused.value.code == "WORKING_TIME"


@pytest.mark.parametrize(("days", "seconds"), [(0, 0), (1, 1), (-1, 0), (0, -1), (2, -1)])
def test_a_length_is_of_one_kind_and_not_nothing(days: int, seconds: int) -> None:
    with pytest.raises(InvalidInput):
        WorkingDuration(days=days, seconds=seconds)
