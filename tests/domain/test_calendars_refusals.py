"""What a calendar refuses: questions outside its range, and documents that are none."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.domain.calendar_documents import at, calendar, document, weekdays
from workflows.domain.calendars import (
    Calendar,
    add_working_days,
    add_working_time,
    calendar_from_json,
    is_open,
    next_open,
    working_seconds_between,
)
from workflows.domain.errors import InvalidInput
from workflows.domain.wall_clock import UnknownZone, freeze

YEARS = 365 * 24 * 3600


@pytest.mark.parametrize(
    "question",
    [
        lambda plant: add_working_time(plant, at("2027-12-30 12:00"), YEARS),
        lambda plant: add_working_time(plant, at("2026-01-05 12:00"), 1e18),
        lambda plant: add_working_time(plant, at("2028-01-03 12:00"), 1),
        lambda plant: add_working_time(plant, at("2025-12-31 23:59"), 1),
        lambda plant: add_working_days(plant, at("2027-12-30 12:00"), 2),
        lambda plant: add_working_days(plant, at("2026-01-05 12:00"), 10**12),
        lambda plant: working_seconds_between(plant, at("2026-01-05 12:00"), at("2028-06-01 00:00")),
        lambda plant: is_open(plant, at("2035-01-01 00:00")),
        lambda plant: next_open(plant, at("2027-12-31 23:00")),
        lambda plant: next_open(plant, at("2000-01-01 00:00")),
    ],
)
def test_a_question_that_leads_out_of_the_range_is_refused(question: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        question(weekdays("early", "late"))

    assert refused.value.code == "CALENDAR_EXHAUSTED"
    assert refused.value.details["to"] == "2027-12-31"


def test_the_refusal_says_what_was_asked() -> None:
    with pytest.raises(InvalidInput, match=r"knows 2026-01-01 to 2027-12-31; 2027-12-30T11:00:00Z \+ 9 working days"):
        add_working_days(weekdays("early"), at("2027-12-30 12:00"), 9)


def test_the_last_shift_of_the_range_counts_to_its_end() -> None:
    """Friday 31 December 2027, 22:00, to 06:00 of the day after the range, with its break."""
    plant = weekdays("night")

    assert add_working_time(plant, at("2027-12-31 22:00"), 7.5 * 3600)[0] == at("2028-01-01 06:00")
    assert is_open(plant, at("2028-01-01 05:59"))


def test_the_night_before_the_range_reaches_into_it() -> None:
    """The range begins on a Thursday; Wednesday's night shift is open until 06:00."""
    assert is_open(weekdays("night"), at("2026-01-01 05:59"))


@pytest.mark.parametrize("amount", [-1, float("nan"), float("inf"), -0.001])
def test_time_does_not_run_backwards(amount: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        add_working_time(weekdays("early"), at("2026-01-05 12:00"), amount)

    assert refused.value.code == "NEGATIVE_WORKING_TIME"


def test_days_do_not_run_backwards() -> None:
    with pytest.raises(InvalidInput, match="not a length"):
        add_working_days(weekdays("early"), at("2026-01-05 12:00"), -1)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no zone"):
        is_open(weekdays("early"), dt.datetime(2026, 1, 5, 12))


@pytest.mark.parametrize(
    "changed",
    [
        {"week": [[]] * 7},
        {"holidays": {f"2026-01-0{day}": "Every day" for day in range(1, 5)}, "last": "2026-01-04"},
        {"closed": {f"2026-01-0{day}": "Shutdown" for day in range(1, 5)}, "last": "2026-01-04"},
        # The break takes all of the shift.
        {"week": [["none"]] * 7,
         "shifts": {"none": {"from": "08:00", "to": "09:00", "breaks": [{"from": "08:00", "to": "09:00"}]}}},
        # The only shift is in the hour that Sunday 29 March does not have.
        {"first": "2026-03-29", "last": "2026-03-29", "week": [[]] * 6 + [["gone"]],
         "shifts": {"gone": {"from": "02:15", "to": "02:45"}}},
    ],
)  # fmt: skip
def test_a_calendar_without_any_working_time_is_none(changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        calendar(**changed)

    assert refused.value.code == "CALENDAR_WITHOUT_WORKING_TIME"


@pytest.mark.parametrize(
    "changed",
    [
        {"week": [["early"]] * 6},
        {"week": [["unheard_of"]] * 7},
        {"week": [["early"] * 13] * 7},
        {"from": "2027-01-01", "to": "2026-01-01"},
        {"to": "2057-01-01"},
        {"to": "soon"},
        {"shifts": {"early": {"from": "6", "to": "14:00"}}},
        {"shifts": {"early": {"from": "24:00", "to": "06:00"}}},
        {"shifts": {"early": {"from": "06:00", "to": "06:00"}}},
        {"shifts": {"early": {"from": "06:00", "to": "14:60"}}},
        {"shifts": {"early": {"from": "06:00", "to": "14:00", "breaks": [{"from": "13:30", "to": "14:30"}]}}},
        {"shifts": {"early": {"from": "06:00", "to": "14:00", "breaks": [{"from": "05:00", "to": "05:15"}]}}},
        {"shifts": {"early": {"from": "06:00", "to": "14:00", "breaks": [{"from": "09:00", "to": "09:00"}]}}},
        {"clock": []},
        {"clock": [["2026-06-01T00:00:00Z", 0], ["2026-01-01T00:00:00Z", 3600]]},
        {"clock": [["2026-06-01T00:00:00", 0]]},
        {"holidays": {"2026-02-30": "No such day"}},
        {"open": {"2026-02-03": {"name": "no shifts"}}},
        {"holidays": ["2026-01-01"]},
    ],
)
def test_a_document_that_is_none_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        calendar_from_json({**document(), **changed})

    assert refused.value.code == "CALENDAR_INVALID"


@pytest.mark.parametrize("key", ["calendar", "zone", "from", "to", "shifts", "week", "clock"])
def test_what_a_document_needs(key: str) -> None:
    raw = document()
    del raw[key]

    with pytest.raises(InvalidInput, match="cannot be read"):
        calendar_from_json(raw)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "Europe/", "\0"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(UnknownZone):
        freeze(zone, dt.date(2026, 1, 1), dt.date(2026, 12, 31))


def test_open_or_not_at_the_bounds_of_a_shift() -> None:
    plant: Calendar = weekdays("early", "late")

    assert [is_open(plant, at(f"2026-01-05 {time}")) for time in ("05:59", "06:00", "09:00", "09:15", "22:00")] == [
        False, True, False, True, False,
    ]  # fmt: skip
    assert next_open(plant, at("2026-01-05 09:00")) == at("2026-01-05 09:15")
    assert next_open(plant, at("2026-01-05 10:00")) == at("2026-01-05 10:00")
    assert next_open(plant, at("2026-01-09 22:00")) == at("2026-01-12 06:00")
