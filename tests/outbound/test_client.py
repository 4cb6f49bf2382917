"""The guarded client against real receivers that behave badly."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from activities.outbound.client import BODY_LIMIT, GuardedClient, Request, Timeouts
from activities.outbound.guard import OutboundFailed
from tests.certificates import Authority
from tests.receiver import Receiver, answer, break_off, drip, flood, hang, nonsense, receiving

FAST = Timeouts(connect_s=1.0, read_s=0.5, total_s=1.0)
LOOPBACK = ["127.0.0.0/8"]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


def _post(url: str) -> Request:
    return Request("POST", url, {"X-Test": "1"}, b'{"a":1}')


async def test_an_allowed_receiver_gets_exactly_what_was_sent(receiver: Receiver) -> None:
    receiver.script.append(answer(201, b"made", {"X-Receipt": "7"}))

    got = await GuardedClient(LOOPBACK, timeouts=FAST).send(_post(receiver.url))

    assert (got.status, got.body, got.truncated, got.headers["x-receipt"]) == (201, b"made", False, "7")
    [hit] = receiver.hits
    assert (hit.method, hit.path, hit.body) == ("POST", "/hook", b'{"a":1}')
    assert hit.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert hit.headers["x-test"] == "1"


async def test_loopback_is_refused_unless_allowed(receiver: Receiver) -> None:
    with pytest.raises(OutboundFailed, match="not a public address") as caught:
        await GuardedClient(timeouts=FAST).send(_post(receiver.url))

    assert caught.value.kind == "address"
    assert receiver.hits == []


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "127.1", "2130706433", "0x7f000001", "017700000001", "0", "[::1]", "[::ffff:127.0.0.1]",
        "[0:0:0:0:0:ffff:7f00:1]", "127.0.0.1.", "169.254.169.254", "[fe80::1]", "10.0.0.1", "①②⑦.⓪.⓪.①",
    ],
)  # fmt: skip
async def test_no_spelling_of_a_private_address_gets_through(receiver: Receiver, host: str) -> None:
    with pytest.raises(OutboundFailed) as caught:
        await GuardedClient(timeouts=FAST).send(_post(f"https://{host}:{receiver.port}/hook"))

    assert caught.value.kind in {"address", "name"}
    assert receiver.hits == []


@pytest.mark.parametrize(
    "url",
    ["ftp://1.1.1.1/", "file:///etc/passwd", "gopher://1.1.1.1/", "https://", "https://user:pw@1.1.1.1/", "//x", ""],
)
async def test_only_plain_http_urls_are_called(url: str) -> None:
    with pytest.raises(OutboundFailed) as caught:
        await GuardedClient(timeouts=FAST).send(_post(url))

    assert caught.value.kind == "address"


async def test_a_public_receiver_has_to_be_addressed_by_https() -> None:
    with pytest.raises(OutboundFailed, match="by https"):
        await GuardedClient(timeouts=FAST).check("http://1.1.1.1/hook")


async def test_a_name_that_does_not_resolve_says_so() -> None:
    with pytest.raises(OutboundFailed) as caught:
        await GuardedClient(timeouts=FAST).send(_post("https://nowhere.invalid/"))

    assert caught.value.kind == "name"


async def test_a_redirect_to_a_private_address_is_an_answer_and_never_followed(receiver: Receiver) -> None:
    async with receiving() as secret:
        receiver.script.append(answer(302, b"", {"Location": secret.url}))

        got = await GuardedClient(LOOPBACK, timeouts=FAST).send(_post(receiver.url))

        assert got.status == 302
        assert secret.hits == []


async def test_a_resolver_that_changes_its_answer_changes_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the name is public when judged and loopback a moment later; only the first answer is used."""
    asked: list[str] = []

    def rebinding(host: Any, port: Any, **_: Any) -> Any:
        asked.append(host)
        address = "192.0.1.1" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with pytest.raises(OutboundFailed) as caught:
        await GuardedClient(timeouts=Timeouts(0.3, 0.3, 0.6)).send(
            _post(f"https://rebind.example:{receiver.port}/hook")
        )

    assert caught.value.kind in {"timeout", "connect"}
    assert asked == ["rebind.example"]
    assert receiver.hits == []


async def test_a_name_server_that_hangs_is_cut_off_and_holds_up_nobody(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo
    release = threading.Event()

    def hanging(host: Any, port: Any, **options: Any) -> Any:
        if host == "slow.example":
            release.wait(10)
        return resolve(host, port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    client = GuardedClient(LOOPBACK, timeouts=FAST)
    stuck = [asyncio.create_task(client.send(_post("https://slow.example/"))) for _ in range(10)]

    assert (await client.send(_post(receiver.url))).status == 200
    await asyncio.to_thread(lambda: None)

    failures = await asyncio.gather(*stuck, return_exceptions=True)
    release.set()
    assert {getattr(failure, "kind", None) for failure in failures} == {"timeout"}


async def test_one_private_address_among_public_ones_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(host: Any, port: Any, **_: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in ("1.1.1.1", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", both)

    with pytest.raises(OutboundFailed, match=r"10\.0\.0\.1"):
        await GuardedClient(timeouts=FAST).send(_post("https://mixed.example/"))


async def test_a_receiver_that_hangs_is_cut_off(receiver: Receiver) -> None:
    receiver.script.append(hang)
    started = time.perf_counter()

    with pytest.raises(OutboundFailed) as caught:
        await GuardedClient(LOOPBACK, timeouts=FAST).send(_post(receiver.url))

    assert caught.value.kind == "timeout"
    assert time.perf_counter() - started < 0.9
    assert caught.value.duration_ms >= 400


async def test_a_receiver_that_drips_is_cut_off_by_the_total_deadline(receiver: Receiver) -> None:
    receiver.script.append(drip)
    started = time.perf_counter()

    with pytest.raises(OutboundFailed, match="not finished within 1 s") as caught:
        await GuardedClient(LOOPBACK, timeouts=FAST).send(_post(receiver.url))

    assert caught.value.kind == "timeout"
    assert time.perf_counter() - started < 2.0


async def test_of_a_huge_answer_only_the_beginning_is_read(receiver: Receiver) -> None:
    receiver.script.append(flood(200 * 1024 * 1024))

    got = await GuardedClient(LOOPBACK, timeouts=FAST).send(_post(receiver.url))

    assert (got.status, len(got.body), got.truncated) == (200, BODY_LIMIT, True)


async def test_an_answer_that_breaks_off_keeps_its_status(receiver: Receiver) -> None:
    receiver.script.append(break_off)

    got = await GuardedClient(LOOPBACK, timeouts=FAST).send(_post(receiver.url))

    assert (got.status, got.body, got.truncated) == (202, b"half", True)


async def test_an_answer_that_is_not_http_is_a_protocol_failure(receiver: Receiver) -> None:
    receiver.script.append(nonsense)

    with pytest.raises(OutboundFailed) as caught:
        await GuardedClient(LOOPBACK, timeouts=FAST).send(_post(receiver.url))

    assert caught.value.kind == "protocol"


async def test_a_closed_port_is_a_connection_failure() -> None:
    async with receiving() as gone:
        url = gone.url

    with pytest.raises(OutboundFailed) as caught:
        await GuardedClient(LOOPBACK, timeouts=FAST).send(_post(url))

    assert caught.value.kind == "connect"


async def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    async with receiving(Authority(tmp_path).server("127.0.0.1")) as receiver:
        with pytest.raises(OutboundFailed, match=r"certificate|self-signed|unable to get") as caught:
            await GuardedClient(LOOPBACK, timeouts=FAST).send(_post(receiver.url))

    assert caught.value.kind == "tls"
    assert receiver.hits == []


async def test_the_certificate_is_checked_against_the_name_and_not_the_pinned_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    resolve = socket.getaddrinfo

    def local(host: Any, port: Any, **options: Any) -> Any:
        return resolve("127.0.0.1" if str(host).endswith(".example") else host, port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", local)
    client = GuardedClient(LOOPBACK, timeouts=FAST, ssl_context=ssl.create_default_context(cafile=authority.file))
    async with receiving(authority.server("right.example")) as receiver:
        got = await client.send(_post(f"https://right.example:{receiver.port}/hook"))
        with pytest.raises(OutboundFailed) as caught:
            await client.send(_post(f"https://wrong.example:{receiver.port}/hook"))

    assert got.status == 200
    assert receiver.hits[0].headers["host"] == f"right.example:{receiver.port}"
    assert caught.value.kind == "tls"
    assert len(receiver.hits) == 1


async def test_proxies_from_the_environment_are_ignored(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")

        await GuardedClient(LOOPBACK, timeouts=FAST).send(_post(receiver.url))

        assert proxy.hits == []
        assert len(receiver.hits) == 1


async def test_header_injection_is_refused(receiver: Receiver) -> None:
    request = Request("POST", receiver.url, {"X-Test": "1\r\nX-Evil: 2"}, b"")

    with pytest.raises(OutboundFailed) as caught:
        await GuardedClient(LOOPBACK, timeouts=FAST).send(request)

    assert caught.value.kind == "protocol"
    assert receiver.hits == []
