"""What each client asked: the request log of the small internet."""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from monitor.simulator.model import Event

_KEPT: Final = 200_000
_REMEMBERED: Final = 50_000  # events that were shown


@dataclass(frozen=True, slots=True)
class Asked:
    """One request and how it was answered. `client` is a digest of the credential, or the address without one."""

    at: float
    client: str
    route: str
    method: str
    path: str
    query: Mapping[str, str]
    conditional: bool
    status: int
    fault: str
    user_agent: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Violation:
    """A client broke a rule of a server: `rule` is a word such as `points_per_minute` or `poll_interval`."""

    at: float
    client: str
    route: str
    rule: str


class Journal:
    """The last 200,000 requests, counts of all, and every limit that somebody broke."""

    def __init__(self) -> None:
        self._asked: deque[Asked] = deque(maxlen=_KEPT)
        self.counts: Counter[tuple[str, int]] = Counter()  # (route, status)
        self.violations: list[Violation] = []
        self.listed: Counter[int] = (
            Counter()
        )  # minute since 1970 -> events of it that the public feed showed to anybody
        self._shown: OrderedDict[tuple[str, str], None] = OrderedDict()

    def add(self, asked: Asked) -> None:
        self._asked.append(asked)
        self.counts[asked.route, asked.status] += 1

    def violate(self, request: web.Request, rule: str, *, at: float) -> None:
        """Somebody asked what a polite client does not."""
        route = request.match_info.route.name or "unknown"
        self.violations.append(Violation(at, client_of(request), route, rule))

    def show(self, events: Iterable[Event]) -> None:
        """The public feed answered with these; each counts once, in the minute when it happened."""
        for event in events:
            key = (event.type, event.id)
            if key not in self._shown:
                self._shown[key] = None
                self.listed[int(event.created_at // 60)] += 1
        while len(self._shown) > _REMEMBERED:
            self._shown.popitem(last=False)

    def __iter__(self) -> Iterator[Asked]:
        return iter(tuple(self._asked))

    def __len__(self) -> int:
        return sum(self.counts.values())

    def of(self, route: str) -> list[Asked]:
        """The requests of one route, oldest first."""
        return [asked for asked in self._asked if asked.route == route]


def client_of(request: web.Request) -> str:
    """`token:<12 hex>` or `ip:<address>`: never the credential itself."""
    given = request.headers.get("Authorization", "").partition(" ")[2] or request.headers.get("PRIVATE-TOKEN")
    if given:
        return "token:" + hashlib.sha256(given.encode()).hexdigest()[:12]
    return f"ip:{request.remote}"
