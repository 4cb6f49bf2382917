"""Calling other systems from a definition."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from activities.actions.context import ActionFailed, ActivityCall
from activities.actions.registry import default
from activities.store.database import Database
from tests.effects import call, equipment
from tests.receiver import Receiver, answer, hang, receiving
from workflows.domain.errors import InvalidInput


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


@pytest.fixture
def asking(database: Database, tmp_path: Path) -> ActivityCall:
    return call(equipment(database, tmp_path), "demo", key="demo/order/1:3:0")


async def _request(asking: ActivityCall, **arguments: Any) -> dict[str, Any]:
    return await default().run_activity(asking, "http.request", arguments)


async def test_the_other_system_gets_json_and_the_key_of_the_effect(asking: ActivityCall, receiver: Receiver) -> None:
    receiver.script.append(answer(200, b'{"receipt": 7}', {"Content-Type": "application/json; charset=utf-8"}))

    result = await _request(asking, url=receiver.url, body={"qty": 5}, headers={"X-Site": "nord"})

    assert result == {"status": 200, "body": {"receipt": 7}, "truncated": False}
    [hit] = receiver.hits
    assert (hit.method, hit.body) == ("POST", b'{"qty":5}')
    assert hit.headers["idempotency-key"] == "demo/order/1:3:0"
    assert hit.headers["content-type"] == "application/json"
    assert hit.headers["x-site"] == "nord"


async def test_an_answer_that_is_not_json_is_text(asking: ActivityCall, receiver: Receiver) -> None:
    receiver.script.append(answer(200, "grün\x00".encode(), {"Content-Type": "text/plain"}))

    assert (await _request(asking, url=receiver.url, method="GET"))["body"] == "grün�"
    assert "content-type" not in receiver.hits[0].headers


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(400, False), (404, False), (302, False), (408, True), (429, True), (500, True), (503, True)],
)
async def test_a_status_says_whether_trying_again_helps(
    asking: ActivityCall, receiver: Receiver, status: int, retryable: bool
) -> None:
    receiver.script.append(answer(status, b"why"))

    with pytest.raises(ActionFailed) as caught:
        await _request(asking, url=receiver.url)

    assert (caught.value.code, caught.value.retryable) == ("HTTP_STATUS", retryable)
    assert caught.value.details == {"status": status, "body": "why"}


async def test_retry_after_is_passed_on(asking: ActivityCall, receiver: Receiver) -> None:
    receiver.script.append(answer(429, b"", {"Retry-After": "17"}))

    with pytest.raises(ActionFailed) as caught:
        await _request(asking, url=receiver.url)

    assert caught.value.retry_after_s == 17.0


async def test_a_status_may_be_declared_acceptable(asking: ActivityCall, receiver: Receiver) -> None:
    receiver.script.append(answer(409, b"known"))

    assert (await _request(asking, url=receiver.url, accept=[409]))["status"] == 409


async def test_a_system_that_hangs_is_worth_another_try(asking: ActivityCall, receiver: Receiver) -> None:
    receiver.script.append(hang)

    with pytest.raises(ActionFailed) as caught:
        await _request(asking, url=receiver.url, timeout_s=0.3)

    assert (caught.value.code, caught.value.retryable) == ("NO_ANSWER", True)
    assert caught.value.details == {"kind": "timeout"}


async def test_a_private_address_is_refused_for_good(database: Database, tmp_path: Path, receiver: Receiver) -> None:
    asking = call(equipment(database, tmp_path, allow=()), "demo")

    with pytest.raises(ActionFailed) as caught:
        await _request(asking, url=receiver.url)

    assert (caught.value.code, caught.value.retryable) == ("ADDRESS_REFUSED", False)
    assert receiver.hits == []


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil"}, {"Content-Length": "0"}, {"X-A": "1\r\nX-B: 2"}, {"bad name": "1"}, {"idempotency-key": "mine"}],
)
async def test_headers_of_the_client_are_not_for_definitions(
    asking: ActivityCall, receiver: Receiver, headers: dict[str, str]
) -> None:
    with pytest.raises(InvalidInput):
        await _request(asking, url=receiver.url, headers=headers)

    assert receiver.hits == []
