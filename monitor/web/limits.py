"""How often somebody may ask, and how fast tokens may be guessed. In memory and bounded; no I/O."""

from __future__ import annotations

import hashlib
import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

_MOST: Final = 10_000  # addresses or people remembered: beyond it the one that was quiet longest is forgotten
_FREE: Final = 5  # wrong tokens before the first wait
_LONGEST: Final = 900.0  # seconds of one wait
_FORGET: Final = 3600.0  # seconds without a wrong one
_REPEATS: Final = 16  # wrong tokens remembered of an address


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Rate:
    """So many requests a minute of each key, a quarter of them at once."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self._per_second = per_minute / 60
        self._burst = max(1.0, per_minute / 4)
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str) -> float:
        """0.0: it may; else the seconds to wait, and nothing is taken."""
        now = self._clock()
        bucket = self._buckets.setdefault(key, _Bucket(self._burst, now))
        self._buckets.move_to_end(key)
        while len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)
        bucket.left = min(self._burst, bucket.left + max(0.0, now - bucket.at) * self._per_second)
        bucket.at = now
        if bucket.left < 1:
            return (1 - bucket.left) / self._per_second
        bucket.left -= 1
        return 0.0


@dataclass(slots=True)
class _Guesser:
    wrong: int = 0
    at: float = 0.0
    until: float = 0.0
    seen: list[bytes] = field(default_factory=list, repr=False)


class Guesses:
    """Wrong tokens by address (of IPv6 the /64): from the sixth on each one doubles the wait, up to a quarter of an hour. The same wrong
    token again is a forgotten program, not a guess, and does not count.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._guessers: OrderedDict[str, _Guesser] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds until this address may show a token again."""
        found = self._guessers.get(_network(address))
        return max(0.0, found.until - self._clock()) if found is not None else 0.0

    def wrong(self, address: str, token: str) -> None:
        now, key = self._clock(), _network(address)
        found = self._guessers.get(key)
        if found is None or now - found.at > _FORGET:
            found = self._guessers[key] = _Guesser()
        self._guessers.move_to_end(key)
        while len(self._guessers) > _MOST:
            self._guessers.popitem(last=False)
        found.at = now
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        if digest in found.seen:
            return
        found.seen = [*found.seen[1 - _REPEATS :], digest]
        found.wrong += 1
        if found.wrong > _FREE:
            found.until = now + min(_LONGEST, 2.0 ** min(found.wrong - _FREE, 20))


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))
    return str(found)
