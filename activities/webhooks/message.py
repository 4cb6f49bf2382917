"""The message a receiver gets, and its signature, after Standard Webhooks 1.0.0. Pure apart from `new_secret`.

The body is made once, stored, and sent byte by byte as signed. `webhook-id` is made from the event, so every attempt
and every replay carries the same one and the receiver can drop what it has seen; two endpoints that get the same
event get the same id.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from standardwebhooks import Webhook

LARGEST_BODY = 20 * 1024
"""Bytes. Data that would make the body larger are left out, and the receiver is told to fetch them."""
SECRET_PREFIX = "whsec_"  # noqa: S105  the prefix that marks a secret, not a secret
_SECRET_BYTES = 32


def new_secret() -> str:
    """`whsec_` and base64 of 32 random bytes."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def message_id(tenant: str, source: str) -> str:
    """The id of a message, from what it tells about, e.g. `outbox/4711`. Has no dot, as the signature demands."""
    return "msg_" + hashlib.sha256(f"{tenant}\n{source}".encode()).hexdigest()[:32]


def body(envelope: Mapping[str, Any], endpoint_id: int) -> str:
    """The exact text to sign and send to one endpoint, compact JSON.

    Args:
        envelope: event, timestamp, teamId, data and sequence (position among the events of its instance, since
            deliveries may overtake each other); `webhookId` is, as in the external contract, the endpoint's id.
    """
    data = envelope.get("data")
    message = {
        "event": envelope["event"],
        "type": envelope["event"],
        "timestamp": envelope["timestamp"],
        "teamId": envelope["teamId"],
        "data": data,
        "webhookId": str(endpoint_id),
        "sequence": envelope["sequence"],
    }
    text = _compact(message)
    if len(text.encode()) <= LARGEST_BODY:
        return text
    # The data as a whole are left out: half of them would look complete.
    return _compact({**message, "data": {"omitted": True, "reason": "too large, fetch it by REST", **_keys(data)}})


def headers(text: str, webhook_id: str, keys: Sequence[str], at: dt.datetime) -> dict[str, str]:
    """What goes with the body; signed with every key, the current one first.

    Args:
        keys: secrets `whsec_…`; two while a rotation lasts.
        at: time of this attempt, with a zone; receivers refuse a message that is off by more than 5 minutes.
    """
    moment = at.astimezone(dt.UTC)
    return {
        "Content-Type": "application/json",
        "User-Agent": "Jidoka-Webhooks/1",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(Webhook(key).sign(webhook_id, moment, text) for key in keys),
    }


def matches(filters: Sequence[str], event: str) -> bool:
    """Whether an endpoint with these filters wants the event: its name, `order.*`, or `*`."""
    return any(
        wanted in ("*", event) or (wanted.endswith(".*") and event.startswith(wanted[:-1])) for wanted in filters
    )


def _keys(data: object) -> dict[str, Any]:
    """The short plain values of the data: ids and numbers by which the rest can be fetched."""
    plain = {
        name: value
        for name, value in (data if isinstance(data, Mapping) else {}).items()
        if len(name) <= 100 and (isinstance(value, int | float) or (isinstance(value, str) and len(value) <= 100))
    }
    return dict(list(plain.items())[:20])


def _compact(message: Mapping[str, Any]) -> str:
    text = json.dumps(message, separators=(",", ":"), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can name and UTF-8 cannot
        return json.dumps(message, separators=(",", ":"))
    return text
