"""Which repository is looked at next: those that are followed in their rhythm, those that somebody asked for once, neither of them
starving the other. Pure: no git, no I/O.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from monitor import gitread
from monitor.contracts import Request

SWEEP: Final = "sweep"
# what a further try cannot change; everything else may be the network's or the moment's fault
REFUSED: Final = frozenset(
    {
        "bad_address",
        "refused_protocol",
        "refused_host",
        "too_large",
        "not_a_repository",
        "outside",
        "unsupported",
    }
)
SWEEP_TRIES: Final = 3


@dataclass(slots=True)
class Work:
    """One repository. `text` is its URL or path; `once` = nobody follows it, it is read for `requests` and forgotten."""

    text: str
    once: bool = False
    due: float = 0.0
    failures: int = 0
    running: bool = False
    vanished: bool = False  # the forge that named it no longer does, and nobody else did
    requests: list[Request] = field(default_factory=list)


class Queue:
    """For one event loop. At most `slots` run at a time; of several, sweeps take half of them at most."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._sweeps = max(1, slots // 2)
        self._followed: dict[str, Work] = {}
        self._once: dict[str, Work] = {}
        self._named: set[str] = set()
        self._last_once = False

    def __iter__(self) -> Iterator[Work]:
        yield from self._followed.values()
        yield from self._once.values()

    def follow(self, text: str, *, vanished: bool | None = None) -> None:
        """From now on, if it is not followed yet; what was asked for once becomes part of it.

        `vanished` is what a forge says of one that it named; None where the settings name it, which counts more.
        """
        name = identity(text)
        work = self._followed.setdefault(name, Work(text))
        if vanished is None:
            self._named.add(name)
        work.vanished = bool(vanished) and name not in self._named
        asked = self._once.get(name)
        if asked is not None and not asked.running:
            work.requests += self._once.pop(name).requests

    def ask(self, request: Request, now: float) -> None:
        """Read its target: at once where it is followed, once where it is not. Asking again for what waits changes nothing."""
        name = identity(request.target)
        work = self._followed.get(name)
        if work is None:
            work = self._once.setdefault(name, Work(request.target, once=True, due=now))
        if request not in work.requests:
            work.requests.append(request)
            work.due = min(work.due, now)

    def start(self, now: float) -> Work | None:
        """The next one that may begin, marked as running; None when nothing is due or all slots are taken.

        The one that is due the longest goes first; where both kinds wait they take turns.
        """
        running = [work for work in self if work.running]
        if len(running) >= self._slots:
            return None
        followed = _first(self._followed, now)
        once = _first(self._once, now) if sum(work.once for work in running) < self._sweeps else None
        chosen = followed if once is None or (followed is not None and self._last_once) else once
        if chosen is not None:
            chosen.running = True
            self._last_once = chosen.once
        return chosen

    def drop(self, work: Work) -> None:
        """A sweep is done with."""
        self._once = {name: kept for name, kept in self._once.items() if kept is not work}

    def next_due(self) -> float | None:
        """When the first of those that do not run is due; None when there is none."""
        return min((work.due for work in self if not work.running), default=None)


def _first(works: dict[str, Work], now: float) -> Work | None:
    waiting = [work for work in works.values() if not work.running and work.due <= now]
    return min(waiting, key=lambda work: work.due, default=None)


def identity(text: str) -> str:
    """The same for the same repository, with and without `.git`. Raises GitError."""
    target = gitread.parse(text)
    if isinstance(target, Path):
        return str(target)
    return f"{target.scheme}://{target.host}:{target.port}/{target.name}"


def sweepable(request: Request) -> bool:
    """Whether a request may be followed: anybody on the bus may ask, so neither local folders nor credentials in URLs."""
    try:
        target = gitread.parse(request.target)
    except gitread.GitError:
        return False
    return isinstance(target, gitread.Remote) and target.scheme == "https" and not target.authorization
