"""Which addresses the outside may make us talk to. Pure: no sockets, no names.

The list is written out instead of asking `ipaddress` whether an address is global, because that answer has
changed between Python releases. Source: IANA special-purpose address registries, IPv4 and IPv6; RFC 6890.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_CLOSED: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "carrier-grade NAT"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local, cloud metadata"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "protocol assignments"),
    ("192.0.2.0/24", "documentation"),
    ("192.88.99.0/24", "6to4 relay"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved, broadcast"),
    ("::/8", "unspecified, loopback, IPv4 in IPv6"),
    ("64:ff9b::/96", "NAT64"),
    ("64:ff9b:1::/48", "NAT64"),
    ("100::/64", "discard"),
    ("2001::/23", "protocol assignments, Teredo"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "segment routing"),
    ("fc00::/7", "unique local"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
)
CLOSED: tuple[tuple[Network, str], ...] = tuple((ipaddress.ip_network(text), why) for text, why in _CLOSED)
"""Networks where no public receiver lives, or that embed an IPv4 address in IPv6. The latter are refused as a
whole: a receiver that can be reached through them can also be reached directly."""


def closed(address: Address) -> str | None:
    """Why an address is refused, or None when it is public."""
    plain = _unmapped(address)
    for network, why in CLOSED:
        if plain.version == network.version and plain in network:
            return why
    return None


@dataclass(frozen=True, slots=True)
class AllowList:
    """Exceptions the operator made: networks in CIDR notation, single addresses, and host names."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, items: Iterable[str]) -> AllowList:
        """From configuration, e.g. `["10.20.0.0/16", "erp.plant.example"]`.

        Raises:
            ValueError: looks like a network and is not one.
        """
        networks: list[Network] = []
        hosts: set[str] = set()
        for item in (raw.strip() for raw in items):
            if "/" in item or _is_address(item):
                networks.append(ipaddress.ip_network(item))
            elif item:
                hosts.add(_name(item))
        return cls(tuple(networks), frozenset(hosts))

    def names(self, host: str) -> bool:
        """The operator vouches for whatever this name resolves to."""
        return _name(host) in self.hosts

    def covers(self, address: Address) -> bool:
        plain = _unmapped(address)
        return any(plain.version == network.version and plain in network for network in self.networks)


def _unmapped(address: Address) -> Address:
    """The IPv4 address inside `::ffff:a.b.c.d`, so that it is judged as what the kernel would connect to."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _name(host: str) -> str:
    return host.rstrip(".").lower()
