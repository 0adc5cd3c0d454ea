"""Politeness as a budget: what one credential may still ask of one host, and from when.

Reads the limits as servers tell them: `Retry-After` (seconds or an HTTP date), `x-ratelimit-remaining` and
`x-ratelimit-reset` (epoch SECONDS, UTC), the same two as `RateLimit-Remaining` and `RateLimit-Reset` (GitLab: epoch seconds as
well; the IETF's draft: seconds from now), 403 or 429 with the words "rate limit". Order of trust: Retry-After, then the reset
of an exhausted window, then at least 60 s growing exponentially (GitHub's rule for secondary limits). A 403 that says nothing
but `Forbidden` bans the address: GitLab does so for a quarter of an hour, after repeated refused credentials. Instants of the
server are taken relative to its own `Date`, so that a wrong clock on either side does no harm. No I/O here: who asks also waits.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

_SECONDARY: Final = 60.0
_BAN: Final = 15 * 60.0
_FORBIDDEN: Final = b"forbidden"  # the whole body of a gate in front of the application
_EPOCH: Final = 1e8  # a reset below this cannot be an instant of today: it is a span
_LONGEST: Final = 24 * 3600.0  # a server that says more is asked again after a day
_WORDS: Final = (b"rate limit", b"abuse detection")
_LOOK: Final = 4096  # bytes of an error's body that are searched for those words


class Limited(Exception):
    """Nothing may be asked for `retry_after` seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"limited for {retry_after:.0f} s")
        self.retry_after = retry_after


class Outcome(StrEnum):
    """What an answer means for the asker."""

    OK = "ok"
    NOT_MODIFIED = "not_modified"
    LIMITED = "limited"
    SERVER_ERROR = "server_error"
    CLIENT_ERROR = "client_error"


class Budget:
    """One credential at one host. For the tasks of one event loop; all but `gate` is synchronous.

    `interval` is the least time between two requests in seconds; `gate` caps how many are under way.
    """

    def __init__(self, *, clock: Callable[[], float], concurrency: int = 4, interval: float = 0.0) -> None:
        self.gate = asyncio.Semaphore(concurrency)
        self.interval = interval
        self.limit: int | None = None  # requests of a whole window of the host; None = it never said
        self.remaining: int | None = None  # of them, now
        self.reset_at: float | None = None  # by our clock
        self.blocked_until = 0.0
        self._clock = clock
        self._next = 0.0
        self._strikes = 0

    def reserve(self) -> float:
        """Take the next slot: seconds to wait before the request goes out. Raises Limited."""
        now = self._clock()
        if self.blocked_until > now:
            raise Limited(self.blocked_until - now)
        slot = max(now, self._next)
        self._next = slot + self.interval
        return slot - now

    def observe(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> Outcome:
        """Learn from an answer, and say what it means."""
        now = self._clock()
        exhausted = self._observe_window(headers, now) == 0 and self.reset_at is not None
        wait = retry_after(headers, now)
        if status == 403 and wait is None and body[:_LOOK].strip().lower() == _FORBIDDEN:
            self.block(_BAN)
            return Outcome.LIMITED
        if self._is_limit(status, body, exhausted=exhausted, told=wait is not None):
            if wait is None and exhausted and self.reset_at is not None:
                wait = self.reset_at - now
            elif wait is None:
                wait = _SECONDARY * 2**self._strikes
                self._strikes = min(self._strikes + 1, 10)
            self.block(wait)
            return Outcome.LIMITED
        if status >= 500:
            return Outcome.SERVER_ERROR
        if exhausted and self.reset_at is not None:
            self.block(self.reset_at - now)
        if status >= 400:
            return Outcome.CLIENT_ERROR
        self._strikes = 0
        return Outcome.NOT_MODIFIED if status == 304 else Outcome.OK

    def _observe_window(self, headers: Mapping[str, str], now: float) -> int | None:
        """What is left of it, where this answer says so."""
        limit, remaining, reset = _window(headers)
        if limit is not None:
            self.limit = int(limit)
        if remaining is not None:
            self.remaining = int(remaining)
        if reset is not None:
            begin = server_time(headers, now) if reset >= _EPOCH else 0.0
            self.reset_at = now + max(0.0, reset - begin)
        return None if remaining is None else int(remaining)

    def block(self, seconds: float) -> None:
        """Nobody asks for this long (a second at least)."""
        self.blocked_until = max(self.blocked_until, self._clock() + min(max(seconds, 1.0), _LONGEST))

    def allowance(self, seconds: float) -> float | None:
        """How many requests the next `seconds` may cost when the window is spent evenly; None = the host named no limit."""
        now = self._clock()
        if self.remaining is None or self.reset_at is None or self.reset_at <= now:
            return None
        return self.remaining * min(1.0, max(0.0, seconds) / (self.reset_at - now))

    @staticmethod
    def _is_limit(status: int, body: bytes, *, exhausted: bool, told: bool) -> bool:
        if status == 429 or (status == 503 and told):
            return True
        if status != 403:
            return False
        head = body[:_LOOK].lower()
        return exhausted or told or any(word in head for word in _WORDS)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """`Retry-After` in seconds from now, never negative; None when it is missing or nonsense."""
    value = headers.get("Retry-After")
    if value is None:
        return None
    seconds = _number(value)
    if seconds is not None:
        return max(0.0, seconds)
    instant = _date(value)
    return None if instant is None else max(0.0, instant - server_time(headers, now))


def token_ends(headers: Mapping[str, str]) -> float | None:
    """When the credential that asked ends (epoch seconds), where the server says so: GitHub does, with a zone's name or its distance."""
    said = headers.get("GitHub-Authentication-Token-Expiration", "").replace(" UTC", " +0000")
    try:
        return datetime.strptime(said, "%Y-%m-%d %H:%M:%S %z").timestamp()
    except (ValueError, OverflowError):
        return None


def poll_interval(headers: Mapping[str, str]) -> float | None:
    """`X-Poll-Interval` in seconds, at most an hour; a 304 may say `Cache-Control: max-age` instead (sources.md 1.3)."""
    seconds = _number(headers.get("X-Poll-Interval"))
    if seconds is None:
        for directive in headers.get("Cache-Control", "").split(","):
            name, _, value = directive.strip().partition("=")
            if name.lower() == "max-age":
                seconds = _number(value)
    return None if seconds is None or seconds < 0 else min(seconds, 3600.0)


def backoff(attempt: int, draw: float, *, base: float = 1.0, cap: float = 300.0) -> float:
    """Exponential backoff with full jitter: `draw` (0 to 1) of min(cap, base * 2 ** attempt) seconds."""
    return draw * min(cap, base * 2.0 ** min(attempt, 30))


def _window(headers: Mapping[str, str]) -> tuple[float | None, float | None, float | None]:
    """(requests in all, requests left, reset), each under the name that the server uses for it."""
    found = []
    for name in ("limit", "remaining", "reset"):
        ours = headers.get(f"x-ratelimit-{name}")
        found.append(_number(headers.get(f"RateLimit-{name.title()}") if ours is None else ours))
    return found[0], found[1], found[2]


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None and text.isascii() else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def server_time(headers: Mapping[str, str], now: float) -> float:
    """The server's own clock as its `Date` tells it, ours where it does not."""
    instant = _date(headers.get("Date", ""))
    return now if instant is None else instant
