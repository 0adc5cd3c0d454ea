"""The address guard: which addresses this service may open a connection to.

Everything that is not a public unicast address is refused (private, loopback, link-local, shared, documentation, multicast,
reserved, the metadata services of the clouds), also when it hides in an IPv6 form, unless the configuration allows that very
host. A name is resolved once and the connection goes to an address that was checked here, so that a second answer of the
name server (DNS rebinding) reaches nobody.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from typing import Final

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_NAT64_LOCAL: Final = ipaddress.ip_network("64:ff9b:1::/48")
_V4_COMPATIBLE: Final = ipaddress.ip_network("::/96")
# Azure's host agent answers on a public-looking address from inside every machine
_METADATA: Final = frozenset({ipaddress.ip_address("168.63.129.16")})


def is_loopback(host: str) -> bool:
    """Whether what listens on `host` can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class RefusedAddress(OSError):
    """The host stands on an address that the guard refuses. The message names neither URL nor address."""


class AddressGuard:
    """`allow_private` lists hosts (`gitea.internal`) or hosts with a port (`127.0.0.1:8080`, `[::1]:80`), as URLs name them.

    Immutable; safe anywhere.
    """

    def __init__(self, allow_private: Iterable[str] = ()) -> None:
        self._allowed = frozenset(entry.strip().lower() for entry in allow_private)

    def allowed(self, host: str, port: int) -> bool:
        """Whether the configuration allows this host whatever its address."""
        name = _normal(host)
        names = (name, f"[{name}]") if ":" in name else (name,)
        return any(entry in self._allowed for n in names for entry in (n, f"{n}:{port}"))

    def check_literal(self, host: str, port: int) -> None:
        """Raises RefusedAddress when `host` is an address, in whatever spelling, that may not be reached.

        A host name passes: `keep` judges what it resolves to.
        """
        name = _normal(host)
        if self.allowed(name, port):
            return
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            # 2130706433, 127.1 and 0x7f.1 are addresses to a socket but not to `ipaddress`
            last = name.rpartition(".")[2]
            if last.isdigit() or last.startswith("0x"):
                raise RefusedAddress("an address in an unusual spelling") from None
            return
        if not public(address):
            raise RefusedAddress("not a public address")

    def keep(self, host: str, port: int, addresses: Sequence[str]) -> list[str]:
        """Those of the resolved `addresses` that may be reached. Raises RefusedAddress when none is left."""
        if self.allowed(host, port):
            return list(addresses)
        kept = [a for a in addresses if public(ipaddress.ip_address(a))]
        if not kept:
            raise RefusedAddress("the name leads to no public address")
        return kept

    async def resolve(self, host: str, port: int) -> list[str]:
        """The addresses to connect to, checked. For callers that open their own connection (git).

        Raises RefusedAddress; OSError when the name does not resolve.
        """
        self.check_literal(host, port)
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return self.keep(host, port, list(dict.fromkeys(str(entry[4][0]) for entry in found)))


def public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether `address` is public unicast, looking through the IPv6 forms that carry an IPv4 address."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _embedded(address)
        if inner is not None:
            return public(inner)
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and address not in _METADATA
    )


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or address in _NAT64_LOCAL or address in _V4_COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _normal(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()
