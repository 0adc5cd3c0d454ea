"""Who somebody is by the headers of a reverse proxy that signed him in. Only a peer in `trusted` is believed.

The proxy must take these headers out of what it is sent and put in its own; each must come once.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from multidict import MultiMapping

from monitor.web.roles import How, Identity, Role
from monitor.websettings import ProxySettings

_LONGEST_NAME: Final = 128  # as the access log keeps it
_FORWARDED: Final = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")


class Denied(StrEnum):
    """Why the headers of a trusted proxy let nobody in."""

    NO_ROLE = "no_role"  # none of his groups has a role
    BAD_HEADERS = "bad_headers"  # a header twice, or a name that is none


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end of the connection. `address` is the person's own where a trusted proxy says so."""

    address: str
    trusted: bool


class Proxy:
    """Immutable, thread-safe. Trusts nobody without `trusted`."""

    def __init__(self, settings: ProxySettings) -> None:
        self._settings = settings
        self._networks = tuple(ipaddress.ip_network(entry, strict=False) for entry in settings.trusted)
        self._roles = {group: Role.of(role) for group, role in settings.groups.items()}
        self._everybody = Role.of(settings.everybody) if settings.everybody else None

    def __bool__(self) -> bool:
        return bool(self._networks)

    def peer(self, address: str, headers: MultiMapping[str]) -> Peer:
        """`address`: of the connection. Of X-Forwarded-For the last entry counts that no trusted proxy wrote of another."""
        if not self._trusts(address):
            return Peer(address, trusted=False)
        hops = [hop.strip() for line in headers.getall("X-Forwarded-For", []) for hop in line.split(",")]
        for hop in reversed(hops):
            if not _is_address(hop):
                break
            address = hop
            if not self._trusts(hop):
                break
        return Peer(address, trusted=True)

    def names_somebody(self, headers: MultiMapping[str]) -> bool:
        """Whether there are identity headers, true or not."""
        s = self._settings
        return bool(self) and any(name and name in headers for name in (s.user_header, s.groups_header))

    def identity(self, headers: MultiMapping[str]) -> Identity | Denied | None:
        """What the headers of a trusted peer say; None when they name nobody."""
        s = self._settings
        named = [name for name in (s.user_header, s.email_header, s.groups_header) if name]
        if any(len(headers.getall(name, [])) > 1 for name in named):
            return Denied.BAD_HEADERS
        user = headers.get(s.user_header, "").strip()
        if not user:
            return None
        email = headers.get(s.email_header, "").strip() if s.email_header else ""
        name = f"{user} <{email}>" if email and email != user else user
        if len(name) > _LONGEST_NAME or not name.isprintable():
            return Denied.BAD_HEADERS
        role = self._role(headers.get(s.groups_header, "") if s.groups_header else "")
        if role is None:
            return Denied.NO_ROLE
        return Identity(name, role, How.PROXY, f"proxy {user}")

    def _role(self, groups: str) -> Role | None:
        names = {name.strip() for name in groups.split(self._settings.groups_separator)}
        found = [role for group, role in self._roles.items() if group in names]
        if self._everybody is not None:
            found.append(self._everybody)
        return max(found, default=None)

    def _trusts(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return any(found in network for network in self._networks)


def is_forwarded(headers: MultiMapping[str]) -> bool:
    """Whether a proxy says that it stands between."""
    return any(name in headers for name in _FORWARDED)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
