"""Sessions of browsers: kept in memory, so that one that was ended is gone for good; a restart ends all of them.

The cookie is a random name of 256 bits; what is kept is its SHA-256. It is new at every sign-in and ends after 12 hours.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from monitor.web.roles import How, Identity

SESSION_SECONDS: Final = 12 * 3600
_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Session:
    identity: Identity
    ends: float


class Sessions:
    """For one event loop. Beyond 10,000 the oldest ends."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sessions: dict[bytes, _Session] = {}

    def begin(self, identity: Identity) -> str:
        """The value of a fresh cookie."""
        now = self._clock()
        self._sessions = {key: each for key, each in self._sessions.items() if each.ends > now}
        while len(self._sessions) >= _MOST:
            del self._sessions[next(iter(self._sessions))]
        cookie = secrets.token_urlsafe(32)
        key = _key(cookie)
        owner = replace(identity, how=How.SESSION, mark=f"session {key.hex()}")
        self._sessions[key] = _Session(owner, now + SESSION_SECONDS)
        return cookie

    def find(self, cookie: str) -> Identity | None:
        """Whose it is; None when it never was one, or has ended."""
        found = self._sessions.get(_key(cookie))
        return found.identity if found is not None and self._clock() < found.ends else None

    def end(self, cookie: str) -> None:
        """Idempotent."""
        self._sessions.pop(_key(cookie), None)


def _key(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode("utf-8", "surrogateescape")).digest()
