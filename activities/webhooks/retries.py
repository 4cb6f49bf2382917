"""When a delivery is tried again. Pure and repeatable: the same attempt always gets the same wait."""

from __future__ import annotations

import datetime as dt
import hashlib
from email.utils import parsedate_to_datetime

from workflows.domain.durations import format_duration, parse_duration

JITTER = 0.1
"""At most this share of the wait is added, so that a receiver that comes back is not met by all at once."""
LONGEST_WISH_S = 24 * 3600
"""A receiver cannot put us off for longer than this."""


def next_wait(planned: str, webhook_id: str, attempt: int, wish_s: float | None) -> str:
    """The wait before the next attempt, ISO 8601, whole seconds.

    Args:
        planned: the schedule's wait, ISO 8601.
        wish_s: seconds the receiver asked for by Retry-After; never shortens the wait.
    """
    base_s = parse_duration(planned).total_seconds()
    digest = hashlib.sha256(f"{webhook_id}/{attempt}".encode()).digest()
    share = int.from_bytes(digest[:4], "big") / 2**32
    wait_s = max(base_s * (1 + JITTER * share), min(wish_s or 0.0, LONGEST_WISH_S))
    return format_duration(dt.timedelta(seconds=round(wait_s)))


def retry_after_s(header: str | None, now: dt.datetime) -> float | None:
    """Seconds that a Retry-After header asks for: a number, or an HTTP date. None when absent or malformed."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - now).total_seconds())
