"""What holds on every calendar: generated weeks, zones and instants, and an oracle that looks at every minute."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

from tests.domain.calendar_documents import document
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

ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC", "Australia/Lord_Howe", "America/Sao_Paulo"]
"""Lord Howe changes by half an hour."""
MINUTE = dt.timedelta(minutes=1)
FIRST = dt.datetime(2026, 1, 3, tzinfo=dt.UTC)
MINUTES = 600 * 24 * 60
"""In which questions begin; the calendars go on for some weeks."""


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


@st.composite
def shifts(draw: st.DrawFn) -> dict[str, object]:
    """Up to 16 hours from any minute of the day, with up to two breaks."""
    start, length = draw(st.integers(0, 1439)), draw(st.integers(2, 16 * 60))
    breaks = []
    for _ in range(draw(st.integers(0, 2))):
        begin = draw(st.integers(0, length - 2))
        over = draw(st.integers(begin + 1, min(begin + 120, length - 1)))
        breaks.append({"from": _clock((start + begin) % 1440), "to": _clock((start + over) % 1440)})
    return {"from": _clock(start), "to": _clock((start + length) % 1440), "breaks": breaks}


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    named = {name: draw(shifts()) for name in ("a", "b", "c")}
    day = st.lists(st.sampled_from(sorted(named)), max_size=2)
    week = draw(st.lists(day, min_size=7, max_size=7).filter(any))
    dates = st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31)).map(dt.date.isoformat)
    closed = draw(st.dictionaries(dates, st.just("closed"), max_size=20))
    own = draw(st.dictionaries(dates, st.fixed_dictionaries({"name": st.just("own"), "shifts": day}), max_size=5))
    return document(draw(st.sampled_from(ZONES)), week, shifts=named, closed=closed, open=own)


def calendars() -> st.SearchStrategy[Calendar]:
    return documents().map(calendar_from_json)


CHANGES = ["2026-03-29T01:00Z", "2026-10-25T01:00Z", "2026-03-08T07:00Z", "2026-11-01T06:00Z", "2026-04-04T15:00Z",
           "2026-10-03T15:30Z"]  # fmt: skip
"""Of the clocks in Berlin, New York and Lord Howe."""
INSTANTS = st.one_of(
    st.integers(0, MINUTES * 60).map(lambda seconds: FIRST + dt.timedelta(seconds=seconds)),
    st.tuples(st.sampled_from(CHANGES), st.integers(-40 * 3600, 10 * 3600)).map(
        lambda near: dt.datetime.fromisoformat(near[0]) + dt.timedelta(seconds=near[1])
    ),
)
LENGTHS = st.integers(0, 40 * 3600)


@settings(max_examples=50, deadline=None)
@given(calendars(), INSTANTS, LENGTHS, LENGTHS)
def test_two_lengths_after_each_other_are_their_sum(plant: Calendar, start: dt.datetime, one: int, two: int) -> None:
    half_way, _ = _within(plant, start, one)
    end, _ = _within(plant, half_way, two)

    assert end == _within(plant, start, one + two)[0]


@settings(max_examples=50, deadline=None)
@given(calendars(), INSTANTS, LENGTHS)
def test_so_much_time_lies_between_a_start_and_its_end(plant: Calendar, start: dt.datetime, seconds: int) -> None:
    end, _ = _within(plant, start, seconds)

    assert working_seconds_between(plant, start, end) == seconds
    assert (end - start).total_seconds() >= seconds


@settings(max_examples=50, deadline=None)
@given(calendars(), INSTANTS, INSTANTS, LENGTHS)
def test_who_starts_later_is_not_due_earlier(plant: Calendar, one: dt.datetime, two: dt.datetime, seconds: int) -> None:
    first, last = sorted((one, two))

    assert _within(plant, first, seconds)[0] <= _within(plant, last, seconds)[0]


@settings(max_examples=50, deadline=None)
@given(calendars(), INSTANTS, st.integers(0, 5), st.integers(0, 5))
def test_more_days_are_not_due_earlier_and_never_before_the_start(
    plant: Calendar, start: dt.datetime, one: int, two: int
) -> None:
    fewer, more = sorted((one, two))
    end, later = _days(plant, start, fewer), _days(plant, start, more)

    assert start <= end <= later


@settings(max_examples=50, deadline=None)
@given(calendars(), INSTANTS, INSTANTS, st.integers(1, 5))
def test_who_starts_later_is_not_due_fewer_days_earlier(
    plant: Calendar, one: dt.datetime, two: dt.datetime, days: int
) -> None:
    """But for starts in an hour that the wall shows twice: they keep what the wall shows."""
    first, last = sorted((one, two))
    assume(not any(_repeated(next_open(plant, start), plant.zone) for start in (first, last)))

    assert _days(plant, first, days) <= _days(plant, last, days)


@settings(max_examples=40, deadline=None)
@given(calendars(), INSTANTS, LENGTHS, st.sampled_from(ZONES))
def test_the_zone_in_which_an_instant_is_given_does_not_matter(
    plant: Calendar, start: dt.datetime, seconds: int, zone: str
) -> None:
    elsewhere = start.astimezone(ZoneInfo(zone))

    assert _within(plant, elsewhere, seconds) == _within(plant, start, seconds)
    assert _days(plant, elsewhere, 2) == _days(plant, start, 2)
    assert is_open(plant, elsewhere) == is_open(plant, start)


@settings(max_examples=50, deadline=None)
@given(calendars(), INSTANTS, st.integers(0, 3 * 24 * 60))
def test_time_between_is_what_counting_open_minutes_gives(plant: Calendar, start: dt.datetime, minutes: int) -> None:
    """Shifts begin and end on whole minutes, also over changes of the clock."""
    start = start.replace(second=0)
    opened = sum(is_open(plant, start + number * MINUTE) for number in range(minutes))

    assert working_seconds_between(plant, start, start + minutes * MINUTE) == opened * 60


@settings(max_examples=50, deadline=None)
@given(documents(), INSTANTS)
def test_open_is_what_the_wall_says(raw: dict[str, Any], day: dt.datetime) -> None:
    """Against the document and the wall clock of the zone itself, away from changes of the clock."""
    plant = calendar_from_json(raw)
    for number in range(0, 4 * 24 * 60, 17):
        moment = day + number * MINUTE
        if not _near_a_change(moment, raw["zone"]):
            assert is_open(plant, moment) == _wall_says_open(raw, moment)


@settings(max_examples=40, deadline=None)
@given(calendars(), INSTANTS, st.integers(1, 10 * 60))
def test_an_end_is_where_counting_open_minutes_leads(plant: Calendar, start: dt.datetime, minutes: int) -> None:
    now, left = start.replace(second=0), minutes
    end, _ = _within(plant, now, minutes * 60)
    assume(end - now < dt.timedelta(days=8))
    while left:
        left -= is_open(plant, now)
        now += MINUTE

    assert end == now


@settings(max_examples=50, deadline=None)
@given(calendars(), INSTANTS)
def test_the_next_opening_is_open_and_nothing_before_it_is(plant: Calendar, start: dt.datetime) -> None:
    opens = next_open(plant, start)

    assert is_open(plant, opens)
    assert opens >= start
    assert working_seconds_between(plant, start, opens) == 0


def _within(plant: Calendar, start: dt.datetime, seconds: int) -> tuple[dt.datetime, str]:
    """`add_working_time`; a calendar with hardly any shifts may come to its end, which is no case then."""
    try:
        return add_working_time(plant, start, seconds)
    except InvalidInput as refused:
        if refused.code == "CALENDAR_EXHAUSTED":
            reject()
        raise


def _days(plant: Calendar, start: dt.datetime, days: int) -> dt.datetime:
    try:
        return add_working_days(plant, start, days)[0]
    except InvalidInput as refused:
        if refused.code == "CALENDAR_EXHAUSTED":
            reject()
        raise


def _repeated(moment: dt.datetime, zone: str) -> bool:
    wall = moment.astimezone(ZoneInfo(zone))
    return wall.replace(fold=0).utcoffset() != wall.replace(fold=1).utcoffset()


def _wall_says_open(raw: dict[str, Any], moment: dt.datetime) -> bool:
    wall = moment.astimezone(ZoneInfo(raw["zone"])).replace(tzinfo=None)
    return any(
        _covers(raw["shifts"][name], (wall - dt.datetime.combine(day, dt.time())) / MINUTE)
        for day in (wall.date(), wall.date() - dt.timedelta(days=1))
        for name in _shifts_on(raw, day)
    )


def _shifts_on(raw: dict[str, Any], day: dt.date) -> list[str]:
    if day.isoformat() in raw["open"]:
        return raw["open"][day.isoformat()]["shifts"]
    return [] if day.isoformat() in raw["closed"] else raw["week"][day.weekday()]


def _covers(shift: dict[str, Any], minute: float) -> bool:
    """Whether a shift is worked at a minute after the midnight at which its day begins."""
    start = _minute(shift["from"])
    length = (_minute(shift["to"]) - start) % 1440
    pauses = [((_minute(one["from"]) - start) % 1440, (_minute(one["to"]) - start) % 1440) for one in shift["breaks"]]
    since = minute - start
    return 0 <= since < length and not any(begin <= since < over for begin, over in pauses)


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _near_a_change(moment: dt.datetime, zone: str) -> bool:
    place = ZoneInfo(zone)
    hours = dt.timedelta(hours=49)
    return (moment - hours).astimezone(place).utcoffset() != (moment + hours).astimezone(place).utcoffset()
