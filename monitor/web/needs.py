"""What a route needs of whoever uses it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aiohttp import web

from monitor.web.roles import Role

SAFE: Final = frozenset({"GET", "HEAD"})


class Access(StrEnum):
    """Who may use a route."""

    SIGNED_IN = "signed_in"  # somebody with the route's role
    OWN = "own"  # the handler checks credentials of its own, and bounds the body
    OPEN = "open"  # everybody: the login page, the style sheet


@dataclass(frozen=True, slots=True)
class Needs:
    """`action`: what a change is called in log and metrics; "" for a look."""

    access: Access
    role: Role
    action: str


def needs_of(
    route: web.AbstractRoute, access: Access, role: Role | None
) -> Mapping[web.AbstractRoute, Needs]:
    """Of this route, and of the HEAD that aiohttp puts beside a GET. Without a role a look is a viewer's, a change an admin's."""
    together = [route]
    if route.method == "GET" and route.resource is not None:
        together += [each for each in route.resource if each.method == "HEAD"]
    found = {}
    for each in together:
        looks = each.method in SAFE
        action = "" if looks or access is Access.OWN else _action(each)
        found[each] = Needs(access, role or (Role.VIEWER if looks else Role.ADMIN), action)
    return found


def _action(route: web.AbstractRoute) -> str:
    """The last word of the route's pattern."""
    canonical = route.resource.canonical if route.resource is not None else ""
    words = [part for part in canonical.split("/") if part and "{" not in part]
    return words[-1] if words else "change"
