"""Judges where a request may go, and pins the connection to what was judged.

A name is resolved once, every address is judged, and the connection goes to a judged address and nowhere else:
an answer of the resolver that changes a moment later changes nothing (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import cast

import httpcore
import httpx

from activities.outbound.addresses import Address, AllowList, closed

_TRIED = 4
"""Addresses of one name that a connection is tried to, in the resolver's order."""
_RESOLVERS = 32
"""Names that are looked up at the same time."""


class OutboundFailed(Exception):
    """No answer came. `kind`: address (refused by the guard), name, connect, tls, timeout or protocol."""

    def __init__(self, kind: str, message: str, duration_ms: int = 0) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.duration_ms = duration_ms


class Guard:
    """Public addresses by https, and whatever the operator allowed."""

    def __init__(self, allow: AllowList, *, require_https: bool = True) -> None:
        self._allow = allow
        self._require_https = require_https
        # Threads of our own: a name server that hangs must not take those that everything else shares.
        self._resolvers = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolver")

    async def judge(self, url: httpx.URL) -> list[Address]:
        """The addresses of the URL's host, all of them acceptable.

        One address that is not acceptable refuses the host: an honest receiver has no reason to mix them.

        Raises:
            OutboundFailed: `name` when it does not resolve, `address` when the guard says no.
        """
        addresses = await self._resolve(url.host, port_of(url))
        if not self._allow.names(url.host):
            for address in addresses:
                self._judge_one(url, address)
        return addresses

    async def _resolve(self, host: str, port: int) -> list[Address]:
        look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._resolvers, look_up)
        except (OSError, UnicodeError) as problem:
            raise OutboundFailed("name", f"{host} cannot be resolved") from problem
        texts = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found)
        return [ipaddress.ip_address(text) for text in texts]

    def _judge_one(self, url: httpx.URL, address: Address) -> None:
        if self._allow.covers(address):
            return
        why = closed(address)
        if why is not None:
            message = f"{url.host} is at {address}, which is not a public address ({why})"
            raise OutboundFailed("address", message)
        if self._require_https and url.scheme != "https":
            raise OutboundFailed("address", f"{url.host} has to be addressed by https")


class Pinned(httpcore.AsyncNetworkBackend):
    """Connects to given addresses whatever the host is called; the name stays in Host, SNI and certificate."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = addresses
        # The cast: the library replaces the class by a stub where anyio is missing, and type checkers see both.
        self._wire = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._addresses[:_TRIED]:
            try:
                return await self._wire.connect_tcp(str(address), port, timeout=timeout, socket_options=socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as problem:
                failure = problem
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109  the signature is httpcore's
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise OutboundFailed("address", "sockets of this machine are not for receivers")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def parse_url(url: str) -> httpx.URL:
    """A URL that a request may be sent to, its host in IDNA form.

    Raises:
        OutboundFailed: `address`; not http or https, no host, or a password in it.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError, ValueError) as problem:
        raise OutboundFailed("address", f"not a URL: {problem}") from problem
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise OutboundFailed("address", "only http and https URLs with a host are called")
    if parsed.userinfo:
        raise OutboundFailed("address", "a URL must not carry a user name or password")
    return parsed


def port_of(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)
