"""The strip on top of every page: is the service seeing, is it matching, is it telling, and what waits longest for somebody?

Out of the coverage ledger and the store, so that it is right also where other processes collect and match, and out of the checks of this
process. As old as `_KEEP` seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.console.words import span, written
from monitor.contracts import CoverageEvent
from monitor.coverage.blind import blind_intervals
from monitor.coverage.chain import LedgerBroken
from monitor.coverage.polls import polls_of
from monitor.health import Check, asked
from monitor.store import ledger
from monitor.store.engine import Store
from monitor.store.unread import Unread, unread

_KEEP: Final = 5.0  # seconds
_BACK: Final = 3600.0  # seconds of the ledger that are looked at
_LATE: Final = 3.0  # polls that are missed before a source counts as silent
_SOON: Final = 300.0  # seconds that a poll may always be late: what was seen is told in bundles
_NEAR: Final = 120.0  # a blind interval that reaches so near lasts
_OUR_OWN: Final = "bus:"
_SEEING: Final = ("collect",)
_TELLING: Final = ("alert", "telling")


@dataclass(frozen=True, slots=True)
class Sign:
    """`state`: ok | trouble | unknown. `text` says it in a few words, `why` has the reasons; both quote foreign text."""

    name: str
    state: str
    text: str
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Beat:
    """`at`: when it was looked."""

    signs: tuple[Sign, ...]
    unread: Unread
    at: float

    @property
    def ready(self) -> bool:
        return all(sign.state != "trouble" for sign in self.signs)


class Pulse:
    """For the tasks of one event loop."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], float],
        checks: Mapping[str, Check],
        notes: Mapping[str, Check],
        notifiers: int,
    ) -> None:
        """`checks` and `notes`: as `monitor.health` takes them, read at every look. `notifiers`: how many there are to tell."""
        self._notifiers = notifiers
        self._store = store
        self._clock = clock
        self._checks = checks
        self._notes = notes
        self._kept: Beat | None = None
        self._made = 0.0
        self._one = asyncio.Lock()

    async def beat(self) -> Beat:
        """Raises StoreBusy."""
        async with self._one:
            now = self._clock()
            if self._kept is None or not 0.0 <= now - self._made < _KEEP:
                self._kept = await self._look(now)
                self._made = now
            return self._kept

    async def _look(self, now: float) -> Beat:
        async with self._store.read() as connection:
            waiting = await unread(connection)
            try:
                entries = ledger.overlapping(connection, now - _BACK, now)
                events = [entry.told().event async for entry in entries]
            except LedgerBroken as error:  # the pages of exposures are still good
                broken = Sign("Seeing", "trouble", "the coverage ledger is broken", (str(error),))
                return Beat((broken, *self._rest([])), waiting, now)
        events = [event for event in events if not event.source.startswith(_OUR_OWN)]
        seeing = _seeing(events, self._wrong(self._checks, _SEEING), now)
        return Beat((seeing, *self._rest(events)), waiting, now)

    def _rest(self, events: Sequence[CoverageEvent]) -> tuple[Sign, Sign]:
        wrong = self._wrong(self._checks, ("match",))
        matching = _matching(events, wrong, is_here="match" in self._checks)
        wrong, notes = self._wrong(self._checks, _TELLING), self._wrong(self._notes, self._notes)
        telling = _telling(wrong, notes, self._notifiers)
        return matching, telling

    @staticmethod
    def _wrong(checks: Mapping[str, Check], parts: Iterable[str]) -> list[str]:
        return [reason for part in parts if part in checks for reason in asked(part, checks[part])]


def _seeing(events: Sequence[CoverageEvent], wrong: list[str], now: float) -> Sign:
    known = {event.source for event in events}
    if not known:
        state = "trouble" if wrong else "unknown"
        return Sign("Seeing", state, "no source has told anything yet", tuple(wrong))
    blind = {s.source: s for s in blind_intervals(events) if not s.repaired_by and s.until >= now - _NEAR}
    silent = {name: age for name, age in _silent(events, now).items() if name not in blind}
    why = [f"{name} is blind: {s.reason}, since {written(s.since)}" for name, s in sorted(blind.items())]
    why += [f"{name} has told nothing for {span(age)}" for name, age in sorted(silent.items())]
    dark = len(blind) + len(silent)
    text = f"{len(known) - dark} of {len(known)} sources" if dark else _count(len(known), "source")
    return Sign("Seeing", "trouble" if dark or wrong else "ok", text, (*why, *wrong))


def _silent(events: Sequence[CoverageEvent], now: float) -> Mapping[str, float]:
    """Source -> for how many seconds none of its feeds has been polled, where each is late by its own usual step."""
    ages: dict[str, list[float]] = {}
    in_time: set[str] = set()
    for (source, _), feed in polls_of(events).items():
        age, step = now - feed.events[-1].until, feed.step
        ages.setdefault(source, []).append(age)
        if step is None or age <= max(_SOON, _LATE * step):
            in_time.add(source)
    return {source: min(found) for source, found in ages.items() if source not in in_time}


def _matching(events: Sequence[CoverageEvent], wrong: list[str], *, is_here: bool) -> Sign:
    scanned = sum(event.scanned for event in events)
    text = (
        f"{scanned:,} documents in {span(_BACK)}"
        if scanned
        else "ready"
        if is_here
        else "no word of it lately"
    )
    if wrong:
        return Sign("Matching", "trouble", "not ready", tuple(wrong))
    return Sign("Matching", "ok" if scanned or is_here else "unknown", text)


def _telling(wrong: list[str], notes: list[str], notifiers: int) -> Sign:
    if wrong:
        return Sign("Telling", "trouble", "not ready", (*wrong, *notes))
    if notes:
        return Sign("Telling", "trouble", f"{_count(len(notes), 'notifier')} away", tuple(notes))
    if not notifiers:
        return Sign("Telling", "unknown", "nobody: no notifier is configured")
    return Sign("Telling", "ok", "every notifier answers")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
