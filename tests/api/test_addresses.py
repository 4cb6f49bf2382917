"""Whose address counts: the peer's, unless a trusted proxy stands between."""

from __future__ import annotations

import pytest
from starlette.requests import HTTPConnection

from api.auth.addresses import allowed, client_address, networks


def _connection(peer: str | None, *forwarded: str) -> HTTPConnection:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return HTTPConnection({"type": "http", "client": (peer, 5) if peer else None, "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("198.51.100.7", [], "198.51.100.7"),
        ("198.51.100.7", ["203.0.113.1"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", ["1.1.1.1, 203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", ["1.1.1.1", "203.0.113.1, 10.0.0.2"], "203.0.113.1"),
        ("10.0.0.1", ["1.1.1.1, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("::ffff:198.51.100.7", [], "198.51.100.7"),
        ("/run/socket", [], None),
        (None, ["203.0.113.1"], None),
    ],
)
def test_the_client_is_the_last_hop_that_no_trusted_proxy_added(
    peer: str | None, forwarded: list[str], expected: str | None
) -> None:
    assert client_address(_connection(peer, *forwarded), networks(["10.0.0.0/24"])) == expected


@pytest.mark.parametrize(
    ("address", "permitted", "expected"),
    [
        ("203.0.113.7", [], True),
        (None, [], True),
        ("203.0.113.7", ["203.0.113.0/24"], True),
        ("203.0.114.7", ["203.0.113.0/24"], False),
        (None, ["203.0.113.0/24"], False),
        ("2001:db8::1", ["203.0.113.0/24", "2001:db8::/32"], True),
        ("203.0.113.7", ["::/0"], False),
    ],
)
def test_a_list_of_networks_permits_only_what_is_in_it(
    address: str | None, permitted: list[str], expected: bool
) -> None:
    assert allowed(address, permitted) is expected
