from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.addresses import AddressGuard, RefusedAddress, is_loopback, public


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("64:ff9b::5db8:d70e", True),  # NAT64 of a public address
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("168.63.129.16", False),
        ("198.18.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("2001:0:4136:e378:8000:63bf:f5ff:fffe", False),  # Teredo of 10.0.0.1
        ("fc00::1", False),
        ("2001:db8::1", False),
        ("ff0e::1", False),
    ],
)
def test_public(address: str, expected: bool) -> None:
    assert public(ipaddress.ip_address(address)) is expected


@settings(max_examples=200)
@given(st.ip_addresses(v=4))
def test_a_private_address_stays_private_in_every_ipv6_form(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    forms = [
        ipaddress.IPv6Address((0xFFFF << 32) | number),
        ipaddress.IPv6Address((0x2002 << 112) | (number << 80)),
        ipaddress.IPv6Address((0x64FF9B << 96) | number),
    ]
    assert {public(form) for form in forms} == {public(address)}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "::1", "[::1]", "10.0.0.1."])
def test_literals_are_refused_and_can_be_allowed(host: str) -> None:
    with pytest.raises(RefusedAddress):
        AddressGuard().check_literal(host, 80)
    AddressGuard((host.rstrip("."),)).check_literal(host, 80)


def test_names_pass_and_allowed_entries_may_name_a_port() -> None:
    guard = AddressGuard(("GIT.internal:8443", "[::1]:80"))
    guard.check_literal("example.com", 443)
    assert guard.allowed("git.internal", 8443)
    assert not guard.allowed("git.internal", 443)
    assert guard.allowed("::1", 80)
    assert guard.keep("git.internal", 8443, ["10.0.0.1"]) == ["10.0.0.1"]
    with pytest.raises(RefusedAddress):
        guard.keep("git.internal", 443, ["10.0.0.1"])
    with pytest.raises(RefusedAddress):
        guard.keep("example.com", 443, [])


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", "localhost.example.com"])
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)
