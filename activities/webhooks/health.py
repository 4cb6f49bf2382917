"""When an endpoint counts as degraded and when as lost. Pure.

active: answers · degraded: the last few attempts failed · disabled: nothing but failures for days, 410, or by hand.
One success makes a degraded endpoint active again; a disabled one stays so until somebody enables it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Literal

Status = Literal["active", "degraded", "disabled"]


@dataclass(frozen=True, slots=True)
class Rules:
    degraded_after: int = 3
    """Failures in a row."""
    disabled_after: dt.timedelta = dt.timedelta(days=3)
    """Time since the first of an unbroken row of failures."""
    least_failures: int = 5
    """A row shorter than this disables nothing: an endpoint that is hardly used gets its chances."""


@dataclass(frozen=True, slots=True)
class Health:
    status: Status = "active"
    reason: str | None = None
    failures: int = 0
    """Since the last success."""
    failing_since: dt.datetime | None = None


def after_success(health: Health) -> Health:
    """An endpoint that was disabled meanwhile stays disabled: that was somebody's decision."""
    if health.status == "disabled":
        return health
    return Health()


def after_failure(health: Health, rules: Rules, at: dt.datetime, *, gone: bool) -> Health:
    """`gone`: the receiver said 410, it wants no more."""
    since = health.failing_since or at
    failures = health.failures + 1
    counted = replace(health, failures=failures, failing_since=since)
    if health.status == "disabled":
        return counted
    if gone:
        return replace(counted, status="disabled", reason="the receiver answered 410 Gone")
    if at - since >= rules.disabled_after and failures >= rules.least_failures:
        reason = f"nothing but failures since {since.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
        return replace(counted, status="disabled", reason=reason)
    if failures >= rules.degraded_after:
        return replace(counted, status="degraded", reason=f"{failures} failures in a row")
    return counted
