"""Addresses that nobody outside may make us talk to."""

from __future__ import annotations

import ipaddress

import pytest

from activities.outbound.addresses import AllowList, closed

PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "172.32.0.1", "100.128.0.1", "192.169.0.1", "::ffff:8.8.8.8",
          "2606:4700::1111", "2a00:1450:4001:80b::200e"]  # fmt: skip


@pytest.mark.parametrize("text", PRIVATE)
def test_addresses_that_are_not_public_are_refused(text: str) -> None:
    assert closed(ipaddress.ip_address(text)) is not None


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_pass(text: str) -> None:
    assert closed(ipaddress.ip_address(text)) is None


def test_an_allowed_network_covers_its_addresses_also_when_mapped_into_ipv6() -> None:
    allow = AllowList.parse(["10.20.0.0/16", "127.0.0.1"])

    assert allow.covers(ipaddress.ip_address("10.20.3.4"))
    assert allow.covers(ipaddress.ip_address("::ffff:10.20.3.4"))
    assert allow.covers(ipaddress.ip_address("127.0.0.1"))
    assert not allow.covers(ipaddress.ip_address("10.21.0.1"))
    assert not allow.covers(ipaddress.ip_address("127.0.0.2"))


def test_an_allowed_host_is_that_name_alone() -> None:
    allow = AllowList.parse(["ERP.plant.example."])

    assert allow.names("erp.plant.example")
    assert not allow.names("evil.erp.plant.example")


def test_a_malformed_network_is_refused() -> None:
    with pytest.raises(ValueError, match="has host bits set"):
        AllowList.parse(["10.0.0.1/8"])
