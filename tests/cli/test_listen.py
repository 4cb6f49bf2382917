"""The receiver for trying webhooks out tells good signatures from bad ones."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator

import httpx
import pytest
from standardwebhooks import Webhook

from activities.webhooks.message import new_secret
from api.cli.listen import receiver

SECRET = new_secret()
BODY = '{"event": "ncr.submitted", "data": {"ncr_number": "NCR-2026-001"}}'


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def url(said: list[str]) -> Iterator[str]:
    with receiver(0, SECRET, said.append) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def _headers(secret: str) -> dict[str, str]:
    at = dt.datetime.now(dt.UTC)
    signature = Webhook(secret).sign("msg_1", at, BODY)
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def test_a_good_delivery_is_taken_and_shown(url: str, said: list[str]) -> None:
    answer = httpx.post(url, content=BODY, headers=_headers(SECRET))

    assert answer.status_code == 200
    assert said == ['msg_1  signature good  ncr.submitted {"ncr_number": "NCR-2026-001"}']


def test_a_forged_delivery_is_refused_and_shown(url: str, said: list[str]) -> None:
    answer = httpx.post(url, content=BODY, headers=_headers(new_secret()))

    assert answer.status_code == 401
    assert said[0].startswith("msg_1  BAD SIGNATURE")
