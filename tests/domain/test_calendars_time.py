"""Working hours on a calendar, against hand-worked dates.

In 2026: Thu 1 January; Good Friday 3 April, Easter Monday 6 April. Clocks go forward in Berlin on Sun 29 March (02:00
to 03:00) and in New York on Sun 8 March (02:00 to 03:00); back in Berlin on Sun 25 October (03:00 to 02:00) and in New
York on Sun 1 November (02:00 to 01:00).
"""

from __future__ import annotations

import datetime as dt

import pytest

from tests.domain.calendar_documents import NIGHT, at, calendar, every_day, weekdays
from workflows.domain.calendars import add_working_time, next_open, working_seconds_between

HOUR = 3600
MINUTE = 60


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        # Within the late shift.
        ("2026-01-05 14:00", 2, "2026-01-05 16:00"),
        # From 14:00 to 18:00 4 h, break to 18:30, 1 h more.
        ("2026-01-05 14:00", 5, "2026-01-05 19:30"),
        # Exactly up to a break: reached when it begins, not when it ends.
        ("2026-01-05 14:00", 4, "2026-01-05 18:00"),
        # Exactly the rest of the day: reached at the end of the shift, not next morning.
        ("2026-01-05 14:00", 7.5, "2026-01-05 22:00"),
        # Started within a break, which ends 12:30: 1.5 h to 14:00 and on without a gap.
        ("2026-01-05 12:10", 2, "2026-01-05 14:30"),
        # Started exactly when a break begins.
        ("2026-01-05 12:00", 1, "2026-01-05 13:30"),
        # Started at the end of the last shift: counts from 06:00.
        ("2026-01-05 22:00", 1, "2026-01-06 07:00"),
        # Started before the first shift.
        ("2026-01-05 04:00", 1, "2026-01-05 07:00"),
        # Friday 21:00: 1 h until the week-end, 1 h on Monday.
        ("2026-01-09 21:00", 2, "2026-01-12 07:00"),
        # Saturday noon: all of it on Monday.
        ("2026-01-10 12:00", 1, "2026-01-12 07:00"),
        # A whole day has 14 h 45 min; 24 h from Monday 06:00: 9 h 15 min of Tuesday, where 06:00 to 14:00 gives
        # 7 h 15 min, so 2 h more: 16:00.
        ("2026-01-05 06:00", 24, "2026-01-06 16:00"),
    ],
)
def test_two_shifts_from_monday_to_friday(start: str, hours: float, end: str) -> None:
    plant = weekdays("early", "late")

    assert add_working_time(plant, at(start), hours * HOUR)[0] == at(end)


def test_holidays_bridge_the_week_end() -> None:
    """Thu 2 April 20:00: 2 h, then nothing until Tue 7 April 06:00; 3 h from there 09:00, where the break begins."""
    plant = calendar(holidays={"2026-04-03": "Good Friday", "2026-04-06": "Easter Monday"})

    assert add_working_time(plant, at("2026-04-02 20:00"), 5 * HOUR)[0] == at("2026-04-07 09:00")


def test_the_night_shift_before_a_holiday_runs_into_it_and_that_of_the_holiday_is_off() -> None:
    """Thu 22:00 to Fri 06:00 less half an hour: 7.5 h. The next shift begins on Tuesday 22:00."""
    plant = calendar(
        week=[["night"]] * 5 + [[], []], holidays={"2026-04-03": "Good Friday", "2026-04-06": "Easter Monday"}
    )

    assert add_working_time(plant, at("2026-04-02 22:00"), 7.5 * HOUR)[0] == at("2026-04-03 06:00")
    assert add_working_time(plant, at("2026-04-02 22:00"), 8.5 * HOUR)[0] == at("2026-04-07 23:00")


def test_a_day_with_hours_of_its_own_counts_before_a_holiday_and_the_week() -> None:
    """Thu 24 December: 06:00 to 12:00 only. Sat 19 December: worked."""
    hours = {
        "2026-12-19": {"name": "Extra shift", "shifts": ["short"]},
        "2026-12-24": {"name": "Christmas Eve", "shifts": ["short"]},
    }
    plant = calendar(week=[["office"]] * 5 + [[], []], holidays={"2026-12-24": "Christmas Eve"}, open=hours)

    assert working_seconds_between(plant, at("2026-12-19 00:00"), at("2026-12-20 00:00")) == 6 * HOUR
    assert working_seconds_between(plant, at("2026-12-24 00:00"), at("2026-12-25 00:00")) == 6 * HOUR


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        # 22:00 to 06:00 on the wall is 7 h where 02:00 becomes 03:00, less half an hour of break.
        ("Europe/Berlin", "2026-03-28", 6.5),
        ("America/New_York", "2026-03-07", 6.5),
        # 9 h where an hour comes twice, less half an hour.
        ("Europe/Berlin", "2026-10-24", 8.5),
        ("America/New_York", "2026-10-31", 8.5),
        ("Europe/Berlin", "2026-06-01", 7.5),
    ],
)
def test_a_night_shift_over_a_clock_change_has_the_hours_that_pass(zone: str, day: str, hours: float) -> None:
    noon = at(f"{day} 12:00", zone)
    next_noon = at(f"{dt.date.fromisoformat(day) + dt.timedelta(days=1)} 12:00", zone)

    assert working_seconds_between(every_day("night", zone), noon, next_noon) == hours * HOUR


@pytest.mark.parametrize(
    ("start", "hours", "end_utc"),
    [
        # Sat 28 March 23:00 CET is 22:00 UTC. 3 h to 02:00 CET = 01:00 UTC, when the wall jumps to 03:00.
        ("2026-03-28 23:00", 3, "2026-03-29 01:00"),
        # The break of 02:00 begins when the wall passes 02:00 and lasts its half hour: on from 01:30 UTC.
        ("2026-03-28 23:00", 4, "2026-03-29 02:30"),
        # The end of the shift is 06:00 CEST = 04:00 UTC: 3 h + 2.5 h.
        ("2026-03-28 23:00", 5.5, "2026-03-29 04:00"),
        # Sat 24 October 23:00 CEST is 21:00 UTC; 3 h to the first 02:00 = 00:00 UTC; break to 00:30 UTC.
        ("2026-10-24 23:00", 3, "2026-10-25 00:00"),
        ("2026-10-24 23:00", 4, "2026-10-25 01:30"),
        # The end is 06:00 CET = 05:00 UTC: 3 h + 4.5 h.
        ("2026-10-24 23:00", 7.5, "2026-10-25 05:00"),
    ],
)
def test_a_night_in_berlin_minute_by_minute(start: str, hours: float, end_utc: str) -> None:
    end, _ = add_working_time(every_day("night"), at(start), hours * HOUR)

    assert end == at(end_utc, "UTC")


@pytest.mark.parametrize(
    ("zone", "start", "end"),
    [
        # Round the clock, 24 h are 24 h on the clock of an instant, and not on the wall.
        ("Europe/Berlin", "2026-03-28 12:00", "2026-03-29 13:00"),
        ("Europe/Berlin", "2026-10-24 12:00", "2026-10-25 11:00"),
        ("America/New_York", "2026-03-07 12:00", "2026-03-08 13:00"),
        ("America/New_York", "2026-10-31 12:00", "2026-11-01 11:00"),
        ("Asia/Kolkata", "2026-03-28 12:00", "2026-03-29 12:00"),
    ],
)
def test_round_the_clock_real_hours_count(zone: str, start: str, end: str) -> None:
    assert add_working_time(every_day("whole_day", zone), at(start, zone), 24 * HOUR)[0] == at(end, zone)


def test_a_shift_that_begins_in_the_skipped_hour_begins_with_the_change() -> None:
    plant = calendar(shifts={"small_hours": {"from": "02:30", "to": "05:00"}}, week=[["small_hours"]] * 7)

    # 03:00 CEST = 01:00 UTC to 05:00 CEST = 03:00 UTC.
    assert working_seconds_between(plant, at("2026-03-29 00:00"), at("2026-03-29 12:00")) == 2 * HOUR
    assert add_working_time(plant, at("2026-03-29 00:00"), MINUTE)[0] == at("2026-03-29 01:01", "UTC")


def test_a_shift_that_begins_when_the_repeated_hour_is_over_begins_once() -> None:
    """03:00 on 25 October is 02:00 UTC; at 01:00 UTC, when it would have been 03:00, the wall went back to 02:00."""
    plant = calendar(shifts={"small_hours": {"from": "03:00", "to": "05:00"}}, week=[["small_hours"]] * 7)

    assert next_open(plant, at("2026-10-25 00:00")) == at("2026-10-25 02:00", "UTC")
    assert working_seconds_between(plant, at("2026-10-25 00:00"), at("2026-10-25 12:00")) == 2 * HOUR


@pytest.mark.parametrize(("zone", "day"), [("Africa/Cairo", "2026-04-24"), ("America/Havana", "2026-03-08")])
def test_where_the_clock_goes_forward_at_midnight_the_day_begins_at_one(zone: str, day: str) -> None:
    """00:00 to 06:00 are 5 h then; the night shift from 22:00 of the day before 7 h less its break."""
    evening = at(f"{day} 12:00", zone) - dt.timedelta(hours=24)
    plant = calendar(zone, [["small_hours"]] * 7, shifts={"small_hours": {"from": "00:00", "to": "06:00"}})

    assert working_seconds_between(plant, evening, at(f"{day} 12:00", zone)) == 5 * HOUR
    assert working_seconds_between(every_day("night", zone), evening, at(f"{day} 12:00", zone)) == 6.5 * HOUR


def test_shifts_that_meet_in_the_repeated_hour_meet_the_first_time() -> None:
    """21:00 to 02:30 and 02:30 to 08:00: nothing is lost and nothing counts twice; 11 h on the wall are 12."""
    both = {"a": {"from": "21:00", "to": "02:30"}, "b": {"from": "02:30", "to": "08:00"}}
    plant = calendar(shifts=both, week=[["a", "b"]] * 7)
    only_first = calendar(shifts=both, week=[["a"]] * 7)

    assert working_seconds_between(plant, at("2026-10-24 20:00"), at("2026-10-25 12:00")) == 12 * HOUR
    assert working_seconds_between(only_first, at("2026-10-24 20:00"), at("2026-10-25 12:00")) == 5.5 * HOUR


def test_time_in_which_shifts_overlap_counts_once() -> None:
    """06:00 to 14:15 and 14:00 to 22:00; the break of one is worked by the other."""
    shifts = {
        "early": {"from": "06:00", "to": "14:15", "breaks": [{"from": "14:00", "to": "14:10"}]},
        "late": {"from": "14:00", "to": "22:00"},
    }
    plant = calendar(shifts=shifts)

    assert working_seconds_between(plant, at("2026-01-05 00:00"), at("2026-01-06 00:00")) == 16 * HOUR


def test_a_shift_works_through_the_break_of_the_night_shift_of_the_day_before() -> None:
    """Night 22:00 to 06:00 with a break at 02:00, early morning 00:00 to 04:00: all of 00:00 to 06:00 is worked."""
    shifts = {"night": NIGHT, "small_hours": {"from": "00:00", "to": "04:00"}}
    plant = calendar(shifts=shifts, week=[["night", "small_hours"]] * 7)

    assert working_seconds_between(plant, at("2026-01-06 00:00"), at("2026-01-06 12:00")) == 6 * HOUR


def test_parts_of_a_second_are_kept() -> None:
    start = at("2026-01-05 14:00").replace(microsecond=250_000)

    end, _ = add_working_time(weekdays("early", "late"), start, 0.5)

    assert end == at("2026-01-05 14:00").replace(microsecond=750_000)


def test_nothing_after_a_start_is_the_start_also_in_closed_time() -> None:
    assert add_working_time(weekdays("early"), at("2026-01-10 12:00"), 0)[0] == at("2026-01-10 12:00")


def test_the_answer_is_in_utc() -> None:
    end, _ = add_working_time(weekdays("early"), at("2026-01-05 06:00"), HOUR)

    assert end.tzinfo is dt.UTC


def test_time_between_counts_backwards_with_a_minus() -> None:
    plant = weekdays("early", "late")

    assert working_seconds_between(plant, at("2026-01-06 07:00"), at("2026-01-05 21:00")) == -2 * HOUR
