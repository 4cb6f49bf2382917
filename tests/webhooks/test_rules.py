"""When a delivery is tried again, and when an endpoint is lost."""

from __future__ import annotations

import datetime as dt

import pytest

from activities.webhooks.health import Health, Rules, after_failure, after_success
from activities.webhooks.retries import next_wait, retry_after_s
from workflows.domain.durations import duration_seconds

NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize("planned", ["PT5S", "PT5M", "PT2H", "P1D"])
def test_jitter_adds_at_most_a_tenth(planned: str) -> None:
    base = duration_seconds(planned)
    waits = {duration_seconds(next_wait(planned, f"msg_{n}", 1, None)) for n in range(50)}

    assert all(base <= wait <= base * 1.1 + 1 for wait in waits)
    assert base < 60 or len(waits) > 10


def test_the_same_attempt_always_gets_the_same_wait() -> None:
    assert next_wait("PT2H", "msg_1", 3, None) == next_wait("PT2H", "msg_1", 3, None)
    assert next_wait("PT2H", "msg_1", 3, None) != next_wait("PT2H", "msg_1", 4, None)


def test_a_receiver_may_ask_for_more_time_but_not_for_less() -> None:
    assert next_wait("PT5S", "msg_1", 1, 3600.0) == "PT1H"
    assert duration_seconds(next_wait("PT2H", "msg_1", 1, 10.0)) >= 7200


def test_no_receiver_puts_us_off_for_longer_than_a_day() -> None:
    assert next_wait("PT5S", "msg_1", 1, 1e12) == "P1D"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("120", 120.0),
        (" 0 ", 0.0),
        ("9" * 400, 999_999_999.0),
        ("Fri, 20 Nov 2026 12:05:00 GMT", 300.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("Fri, 99 Nov 2026 11:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, expected: float | None) -> None:
    assert retry_after_s(header, NOW) == expected


def test_an_endpoint_degrades_after_some_failures_in_a_row() -> None:
    health = Health()
    statuses = []
    for minute in range(4):
        health = after_failure(health, Rules(), NOW + dt.timedelta(minutes=minute), gone=False)
        statuses.append(health.status)

    assert statuses == ["active", "active", "degraded", "degraded"]
    assert health.failing_since == NOW


def test_one_success_forgets_all_failures() -> None:
    degraded = Health("degraded", "3 failures in a row", 3, NOW)

    assert after_success(degraded) == Health()


def test_an_endpoint_is_disabled_after_days_of_nothing_but_failures() -> None:
    degraded = Health("degraded", "9 failures in a row", 9, NOW)

    almost = after_failure(degraded, Rules(), NOW + dt.timedelta(days=3, seconds=-1), gone=False)
    lost = after_failure(degraded, Rules(), NOW + dt.timedelta(days=3), gone=False)

    assert almost.status == "degraded"
    assert (lost.status, lost.reason) == ("disabled", "nothing but failures since 2026-11-20 12:00 UTC")


def test_a_few_failures_days_apart_disable_nothing() -> None:
    rarely_used = Health("active", None, 1, NOW)

    assert after_failure(rarely_used, Rules(), NOW + dt.timedelta(days=30), gone=False).status == "active"


def test_410_disables_at_once() -> None:
    lost = after_failure(Health(), Rules(), NOW, gone=True)

    assert (lost.status, lost.reason) == ("disabled", "the receiver answered 410 Gone")


def test_what_was_disabled_stays_so_until_somebody_enables_it() -> None:
    by_hand = Health("disabled", "disabled by anna")

    assert after_success(by_hand) == by_hand
    later = after_failure(by_hand, Rules(), NOW, gone=True)
    assert (later.status, later.reason) == ("disabled", "disabled by anna")
