"""Who asks, and what he may: viewer < responder < admin."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

from aiohttp import web


class Role(IntEnum):
    """Each may what those before it may."""

    VIEWER = 1  # reads
    RESPONDER = 2  # acknowledges, closes, reopens
    ADMIN = 3  # everything

    @property
    def word(self) -> str:
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> Role:
        """Raises KeyError for a word that is none."""
        return cls[word.upper()]


class How(StrEnum):
    """How he showed who he is."""

    LOCAL = "local"  # nobody is asked: loopback without any token
    BEARER = "bearer"  # a token, with every request
    SESSION = "session"  # a cookie, given for a token
    PROXY = "proxy"  # headers of a trusted proxy


@dataclass(frozen=True, slots=True)
class Identity:
    """`name` stands in the access log: the token's name, or the user that the proxy names. `mark` is what his pages' CSRF tokens are bound to."""

    name: str
    role: Role
    how: How
    mark: str = field(default="", repr=False)


LOCAL: Final = Identity("local", Role.ADMIN, How.LOCAL, "local")
IDENTITY: Final = web.RequestKey("identity", Identity)


def identity(request: web.Request) -> Identity:
    """Who asks. Raises KeyError on a route that everybody may use, where nobody signed in."""
    return request[IDENTITY]


def may(request: web.Request, role: Role) -> bool:
    """Whether who asks has this role or a higher one: for a page that leaves out what would be refused."""
    found = request.get(IDENTITY)
    return found is not None and found.role >= role
