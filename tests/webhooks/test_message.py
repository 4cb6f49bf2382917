"""What a receiver gets: body, ids, headers, signature."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from activities.webhooks.message import LARGEST_BODY, body, headers, matches, message_id, new_secret

ENVELOPE = {
    "event": "order.completed",
    "type": "order.completed",
    "timestamp": "2025-01-20T16:30:00Z",
    "teamId": "demo",
    "data": {"orderNumber": "ORD-2025-001", "name": "Größe"},
    "sequence": 4,
}


def test_the_signature_is_that_of_the_standard() -> None:
    """The fixed vector made with the reference library of Standard Webhooks."""
    at = dt.datetime.fromtimestamp(1614265330, dt.UTC)

    signed = headers(
        '{"test": 2432232314}', "msg_p5jXN8AQM9LWM0D4loKWxJek", ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], at
    )

    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signed["webhook-timestamp"] == "1614265330"
    assert signed["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_the_time_is_that_of_the_attempt_in_any_zone() -> None:
    berlin = dt.datetime(2021, 2, 25, 16, 2, 10, 900_000, tzinfo=dt.timezone(dt.timedelta(hours=1)))

    assert headers("{}", "msg_1", [new_secret()], berlin)["webhook-timestamp"] == "1614265330"


def test_during_a_rotation_either_secret_verifies() -> None:
    new, old = new_secret(), new_secret()
    text = body(ENVELOPE, 7)
    signed = headers(text, "msg_1", [new, old], dt.datetime.now(dt.UTC))

    assert signed["webhook-signature"].count(" ") == 1
    for secret in (new, old):
        assert Webhook(secret).verify(text.encode(), signed)["event"] == "order.completed"
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(text.encode(), signed)


def test_the_body_is_compact_and_as_the_external_contract_shows_it() -> None:
    text = body(ENVELOPE, 7)

    assert text == (
        '{"event":"order.completed","type":"order.completed","timestamp":"2025-01-20T16:30:00Z","teamId":"demo",'
        '"data":{"orderNumber":"ORD-2025-001","name":"Größe"},"webhookId":"7","sequence":4}'
    )


def test_a_body_that_would_be_too_large_leaves_its_data_out_and_says_so() -> None:
    envelope: dict[str, Any] = {**ENVELOPE, "data": {"orderNumber": "ORD-1", "id": 5, "notes": "ä" * LARGEST_BODY}}

    text = body(envelope, 7)

    assert len(text.encode()) <= LARGEST_BODY
    assert json.loads(text)["data"] == {
        "omitted": True,
        "reason": "too large, fetch it by REST",
        "orderNumber": "ORD-1",
        "id": 5,
    }


def test_half_a_surrogate_pair_does_not_stop_a_message() -> None:
    text = body({**ENVELOPE, "data": {"name": "\ud83d"}}, 7)

    assert text.encode().count(b'"name":"\\ud83d"') == 1


def test_an_id_is_made_from_the_event_and_has_no_dot() -> None:
    one = message_id("demo", "outbox/1")

    assert one == message_id("demo", "outbox/1")
    assert one not in {message_id("demo", "outbox/2"), message_id("other", "outbox/1")}
    assert one.startswith("msg_")
    assert "." not in one


def test_a_secret_is_32_random_bytes() -> None:
    secret = new_secret()

    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert secret != new_secret()


@pytest.mark.parametrize(
    ("filters", "event", "wanted"),
    [
        (["order.completed"], "order.completed", True),
        (["order.completed"], "order.completed.late", False),
        (["order.*"], "order.completed", True),
        (["order.*"], "order", False),
        (["order.*"], "orders.completed", False),
        (["woo.started", "*"], "anything", True),
        ([], "order.completed", False),
    ],
)
def test_an_endpoint_gets_what_it_asked_for(filters: list[str], event: str, wanted: bool) -> None:
    assert matches(filters, event) is wanted
