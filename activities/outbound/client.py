"""HTTP requests to receivers that nobody here trusts: guarded, bounded in time and size, nothing followed.

No redirects, no proxies from the environment, no cookies, no kept connections, no compressed answers.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpcore
import httpx

from activities.outbound.addresses import AllowList
from activities.outbound.guard import Guard, OutboundFailed, Pinned, parse_url

BODY_LIMIT = 64 * 1024
"""Bytes of an answer that are read; the rest is left on the wire."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `total_s` bounds everything from the look-up of the name to the last byte read."""

    connect_s: float = 5.0
    read_s: float = 15.0
    total_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in lower case; of repeated headers the last."""
    body: bytes
    truncated: bool
    """The body was longer than the limit, or broke off."""
    duration_ms: int


class GuardedClient:
    """Needs no closing; one is shared by all activities of a worker."""

    def __init__(
        self,
        allow: Sequence[str] = (),
        *,
        require_https: bool = True,
        timeouts: Timeouts | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """`allow`: networks, addresses and host names that may be called although not public, also by http."""
        self.timeouts = timeouts or Timeouts()
        self._guard = Guard(AllowList.parse(allow), require_https=require_https)
        self._ssl_context = ssl_context or httpx.create_ssl_context()

    async def check(self, url: str) -> None:
        """Judges a URL before it is stored. It is judged again at every request.

        Raises:
            OutboundFailed: `address` when the guard would refuse it, `name` when it does not resolve now.
        """
        parsed = parse_url(url)
        try:
            async with asyncio.timeout(self.timeouts.connect_s):
                await self._guard.judge(parsed)
        except TimeoutError as problem:
            raise OutboundFailed("name", f"{parsed.host}: no answer from the resolver") from problem

    async def send(self, request: Request, timeouts: Timeouts | None = None) -> Answer:
        """One request, one answer; any status is an answer.

        Raises:
            OutboundFailed: no answer came; says why.
        """
        limits = timeouts or self.timeouts
        started = time.perf_counter()
        try:
            async with asyncio.timeout(limits.total_s):
                return await self._exchange(request, limits, started)
        except OutboundFailed as problem:
            problem.duration_ms = _since(started)
            raise
        except Exception as problem:
            kind, message = _explained(problem, limits)
            raise OutboundFailed(kind, message, _since(started)) from problem

    async def _exchange(self, request: Request, limits: Timeouts, started: float) -> Answer:
        url = parse_url(request.url)
        addresses = await self._guard.judge(url)
        pool = httpcore.AsyncConnectionPool(ssl_context=self._ssl_context, network_backend=Pinned(addresses))
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        headers = {"Accept-Encoding": "identity", **request.headers}
        waits = {"connect": limits.connect_s, "read": limits.read_s, "write": limits.read_s}
        async with (
            pool,
            pool.stream(
                request.method,
                target,
                headers=list(headers.items()),
                content=request.content,
                extensions={"timeout": waits},
            ) as response,
        ):
            body, truncated = await _bounded(response)
        answered = {name.decode("ascii").lower(): value.decode("latin-1") for name, value in response.headers}
        return Answer(response.status, answered, body, truncated, _since(started))


async def _bounded(response: httpcore.Response) -> tuple[bytes, bool]:
    """At most `BODY_LIMIT` bytes. A body that breaks off does not take back the status already sent."""
    body = bytearray()
    try:
        async for chunk in response.aiter_stream():
            body += chunk
            if len(body) > BODY_LIMIT:
                return bytes(body[:BODY_LIMIT]), True
    except (httpcore.RemoteProtocolError, httpcore.ReadError):
        return bytes(body), True
    return bytes(body), False


def _since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)


def _explained(problem: Exception, limits: Timeouts) -> tuple[str, str]:
    """Kind and words for what the HTTP library raised, the most specific first."""
    if isinstance(problem, httpcore.ConnectTimeout):
        return "timeout", f"no connection within {limits.connect_s:g} s"
    if isinstance(problem, httpcore.TimeoutException):
        return "timeout", f"no byte for {limits.read_s:g} s"
    if isinstance(problem, TimeoutError):
        return "timeout", f"not finished within {limits.total_s:g} s"
    if isinstance(problem, httpcore.NetworkError):
        tls = _tls_cause(problem)
        return ("tls", f"TLS: {tls}") if tls else ("connect", str(problem) or type(problem).__name__)
    return "protocol", f"{type(problem).__name__}: {problem}"


def _tls_cause(problem: BaseException | None) -> str | None:
    while problem is not None:
        if isinstance(problem, ssl.SSLError):
            return getattr(problem, "verify_message", "") or problem.reason or str(problem)
        problem = problem.__cause__ or problem.__context__
    return None
