"""Working days on a calendar, and why something is due when it is due."""

from __future__ import annotations

import pytest

from tests.domain.calendar_documents import at, calendar, every_day, weekdays
from workflows.domain.calendars import WorkingDuration, add, add_working_days, add_working_time, part_way

EASTER = {"2026-04-03": "Good Friday", "2026-04-06": "Easter Monday"}


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        # The same wall time.
        ("2026-01-05 14:00", 1, "2026-01-06 14:00"),
        # Friday: the week-end does not count.
        ("2026-01-09 14:00", 2, "2026-01-13 14:00"),
        ("2026-01-09 14:00", 5, "2026-01-16 14:00"),
        # In closed time the counting begins with the next opening: a whole day is given.
        ("2026-01-10 12:00", 1, "2026-01-13 06:00"),
        ("2026-01-09 22:00", 1, "2026-01-13 06:00"),
        ("2026-01-05 04:00", 1, "2026-01-06 06:00"),
        # In a break: from its end.
        ("2026-01-05 12:10", 1, "2026-01-06 12:30"),
        # No days: the next opening.
        ("2026-01-10 12:00", 0, "2026-01-12 06:00"),
        ("2026-01-05 14:00", 0, "2026-01-05 14:00"),
    ],
)
def test_two_shifts_from_monday_to_friday(start: str, days: int, end: str) -> None:
    assert add_working_days(weekdays("early", "late"), at(start), days)[0] == at(end)


def test_holidays_are_no_working_days() -> None:
    """Thu 2 April 14:00; Friday and Monday are holidays: Tuesday is the first day, Wednesday the second."""
    assert add_working_days(calendar(holidays=EASTER), at("2026-04-02 14:00"), 2)[0] == at("2026-04-08 14:00")


def test_an_extra_day_of_work_is_a_working_day() -> None:
    plant = calendar(open={"2026-01-10": {"name": "Stocktaking", "shifts": ["early"]}})

    assert add_working_days(plant, at("2026-01-09 10:00"), 1)[0] == at("2026-01-10 10:00")


def test_on_a_shorter_day_it_is_the_end_of_that_day() -> None:
    """Friday 15:00 + 1; on Saturday work ends at 12:00."""
    plant = calendar(week=[["early", "late"]] * 5 + [["short"], []])

    assert add_working_days(plant, at("2026-01-09 15:00"), 1)[0] == at("2026-01-10 12:00")
    assert add_working_days(plant, at("2026-01-09 15:00"), 2)[0] == at("2026-01-12 15:00")


def test_on_a_day_that_begins_later_it_is_the_opening() -> None:
    plant = calendar(week=[["early"], ["late"], ["early"], ["early"], ["early"], [], []])

    assert add_working_days(plant, at("2026-01-05 08:00"), 1)[0] == at("2026-01-06 14:00")


def test_between_two_shifts_it_is_the_beginning_of_the_second() -> None:
    """Monday 07:30 in a shift to 08:00; Tuesday works 06:00 to 07:00 and 09:00 to 10:00."""
    shifts = {name: {"from": f"{start}:00", "to": f"{end}:00"} for name, start, end in
              [("first", "06", "08"), ("short", "06", "07"), ("second", "09", "10")]}  # fmt: skip
    plant = calendar(shifts=shifts, week=[["first"], ["short", "second"], [], [], [], [], []])

    assert add_working_days(plant, at("2026-01-05 07:30"), 1)[0] == at("2026-01-06 09:00")


def test_after_midnight_the_night_shift_still_belongs_to_the_day_before() -> None:
    """Saturday 02:45 is work of Friday's night shift; the next working day is Monday, whose 02:45 is on Tuesday."""
    plant = weekdays("night")

    assert add_working_days(plant, at("2026-01-10 02:45"), 1)[0] == at("2026-01-13 02:45")


@pytest.mark.parametrize(
    ("start", "days", "end_utc"),
    [
        # The wall time stays over a clock change: Friday 14:00 CET is 13:00 UTC, Monday 14:00 CEST is 12:00 UTC.
        ("2026-03-27 14:00", 1, "2026-03-30 12:00"),
        # Night shifts of every day: 02:30 of the night that skips it is the moment of the change (01:00 UTC), at which
        # the break of 02:00 begins; so its end half an hour later.
        ("2026-03-28 02:30", 1, "2026-03-29 01:30"),
        # 02:45 of the night that has it twice is the first one: 00:45 UTC, after the break of 02:00.
        ("2026-10-24 02:45", 1, "2026-10-25 00:45"),
    ],
)
def test_working_days_over_a_clock_change(start: str, days: int, end_utc: str) -> None:
    plant = every_day("night") if start.endswith(("02:30", "02:45")) else weekdays("early", "late")

    assert add_working_days(plant, at(start), days)[0] == at(end_utc, "UTC")


def test_no_days_after_a_start_in_the_second_pass_of_an_hour_is_that_start() -> None:
    assert add_working_days(every_day("night"), at("2026-10-25 02:45", fold=1), 0)[0] == at("2026-10-25 01:45", "UTC")


def test_add_takes_either_length() -> None:
    plant, start = weekdays("early", "late"), at("2026-01-09 14:00")

    assert add(plant, start, WorkingDuration(days=2)) == add_working_days(plant, start, 2)
    assert add(plant, start, WorkingDuration(seconds=90)) == add_working_time(plant, start, 90)


def test_part_of_the_way_is_part_of_the_working_time() -> None:
    """Friday 14:00 to Tuesday 14:00: 7.5 h + 14.75 h + 7.25 h = 29.5 h. Half: 14.75 h, of which 7.5 h on Friday; 7.25 h
    from Monday 06:00 is the end of the early shift. 150 %: as much again from Tuesday 14:00, 7.5 h, then 7.25 h.
    """
    plant, start, end = weekdays("early", "late"), at("2026-01-09 14:00"), at("2026-01-13 14:00")

    assert part_way(plant, start, end, 0.5)[0] == at("2026-01-12 14:00")
    assert part_way(plant, start, end, 1)[0] == end
    assert part_way(plant, start, end, 1.5)[0] == at("2026-01-14 14:00")


def test_the_sentence_names_the_holidays_in_between() -> None:
    _, why = add_working_days(calendar(holidays=EASTER), at("2026-04-02 14:00"), 2)

    assert why == (
        "Thu 2026-04-02 14:00 + 2 working days = Wed 2026-04-08 14:00 Europe/Berlin, "
        "Fri 2026-04-03 is a holiday (Good Friday), Mon 2026-04-06 is a holiday (Easter Monday)"
    )


def test_the_sentence_says_when_the_counting_begins() -> None:
    _, why = add_working_time(weekdays("early", "late"), at("2026-01-10 10:00"), 24 * 3600)

    assert why == (
        "Sat 2026-01-10 10:00 (closed until Mon 2026-01-12 06:00) + 24 working hours "
        "= Tue 2026-01-13 16:00 Europe/Berlin"
    )


def test_the_sentence_names_a_shutdown_as_a_whole_and_hours_that_differ() -> None:
    days = [f"2026-08-{day:02}" for day in range(3, 15)]
    plant = calendar(
        closed=dict.fromkeys(days, "Summer shutdown"),
        open={"2026-08-17": {"name": "Ramp-up", "shifts": ["short"]}},
    )

    _, why = add_working_days(plant, at("2026-07-31 08:00"), 2)

    assert why == (
        "Fri 2026-07-31 08:00 + 2 working days = Tue 2026-08-18 08:00 Europe/Berlin, "
        "Mon 2026-08-03 to Fri 2026-08-14 is closed (Summer shutdown), Mon 2026-08-17 has hours of its own (Ramp-up)"
    )


def test_the_sentence_is_silent_about_a_holiday_on_a_free_day_and_outside_the_time() -> None:
    holidays = {"2026-01-10": "A Saturday", "2026-01-08": "Before", "2026-01-14": "After"}

    _, why = add_working_days(calendar(holidays=holidays), at("2026-01-09 14:00"), 1)

    assert why == "Fri 2026-01-09 14:00 + 1 working day = Mon 2026-01-12 14:00 Europe/Berlin"


def test_the_sentence_is_silent_about_a_holiday_that_only_begins_after_the_end() -> None:
    """Thursday's night shift ends on Friday, a holiday, which has delayed nothing."""
    plant = calendar(week=[["night"]] * 5 + [[], []], holidays={"2026-04-03": "Good Friday"})

    _, why = add_working_time(plant, at("2026-04-02 22:00"), 6 * 3600)

    assert why == "Thu 2026-04-02 22:00 + 6 working hours = Fri 2026-04-03 04:30 Europe/Berlin"


def test_the_sentence_is_silent_about_what_begins_with_the_end() -> None:
    """Due at the end of the last shift before a holiday; and with the change of the clock at 01:00 UTC."""
    plant = calendar(holidays={"2026-04-03": "Good Friday"})

    _, shift = add_working_time(plant, at("2026-04-02 18:30"), 3.5 * 3600)
    _, change = add_working_time(every_day("whole_day"), at("2026-03-28 23:00"), 3 * 3600)

    assert shift == "Thu 2026-04-02 18:30 + 210 working minutes = Thu 2026-04-02 22:00 Europe/Berlin"
    assert change == "Sat 2026-03-28 23:00 + 3 working hours = Sun 2026-03-29 03:00 Europe/Berlin"


def test_the_sentence_names_a_clock_change_in_working_time_only() -> None:
    _, over = add_working_time(every_day("whole_day"), at("2026-03-28 12:00"), 24 * 3600)
    _, beside = add_working_time(weekdays("early", "late"), at("2026-03-27 14:00"), 24 * 3600)

    assert over == (
        "Sat 2026-03-28 12:00 + 24 working hours = Sun 2026-03-29 13:00 Europe/Berlin, "
        "the clock goes forward 60 minutes on Sun 2026-03-29"
    )
    assert "clock" not in beside


def test_days_of_one_name_far_apart_are_told_apart() -> None:
    plant = calendar(holidays={"2026-01-13": "Founders' day", "2026-02-10": "Founders' day"})

    _, why = add_working_days(plant, at("2026-01-12 14:00"), 30)

    assert why.endswith("Tue 2026-01-13 is a holiday (Founders' day), Tue 2026-02-10 is a holiday (Founders' day)")


def test_nothing_is_explained_where_nothing_is_added() -> None:
    _, why = add_working_time(calendar(holidays=EASTER), at("2026-04-03 12:00"), 0)

    assert "Good Friday" not in why


def test_a_long_list_of_holidays_is_cut() -> None:
    plant = calendar(holidays={f"2026-{month:02}-{day:02}": f"Day {day}" for month in (2, 3) for day in (2, 3, 4, 5)})

    _, why = add_working_days(plant, at("2026-01-30 14:00"), 60)

    assert why.count("is a holiday") == 6
    assert why.endswith("(Day 3), and 2 more")
