"""Where a request comes from, and whether a key may come from there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.requests import HTTPConnection

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def networks(texts: Iterable[str]) -> list[Network]:
    """Parses CIDR texts; a bare address is a network of one. Raises ValueError."""
    return [ip_network(text, strict=False) for text in texts]


def client_address(connection: HTTPConnection, trusted_proxies: Sequence[Network]) -> str | None:
    """The peer's address, or what trusted proxies say stands behind them; None when it has none (a socket).

    `X-Forwarded-For` is read from the right and only as long as the one who added the entry is trusted, so a
    client cannot put itself an address there.
    """
    current = _parsed(connection.client.host if connection.client else None)
    if current is None:
        return None
    forwarded = ",".join(connection.headers.getlist("x-forwarded-for"))
    for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        if not _within(current, trusted_proxies):
            break
        named = _parsed(hop)
        if named is None:
            break
        current = named
    return str(current)


def allowed(address: str | None, permitted: Sequence[str]) -> bool:
    """Whether `address` is in one of the CIDR texts; an empty list permits every address."""
    if not permitted:
        return True
    current = _parsed(address)
    return current is not None and _within(current, networks(permitted))


def _parsed(text: str | None) -> Address | None:
    if text is None:
        return None
    try:
        found = ip_address(text)
    except ValueError:
        return None
    # A dual-stack socket reports IPv4 peers as ::ffff:a.b.c.d; lists are written in IPv4.
    return getattr(found, "ipv4_mapped", None) or found


def _within(address: Address, permitted: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in permitted)
