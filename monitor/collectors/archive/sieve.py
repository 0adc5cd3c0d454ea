"""Which lines of an archived hour are worth parsing, and what is done with the event of each.

More than half of an hour are pushes of strangers, which name only commits: a look at the raw bytes counts them. Parsed is what
carries text, what is watched, and everything inside a span that another source did not see.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import orjson

from monitor.collectors.archive.hour import HOUR, hour_of
from monitor.collectors.github import event as github_event
from monitor.collectors.github.event import Event
from monitor.collectors.shapes import instant, iso
from monitor.collectors.tally import Tally
from monitor.watching import Watching

Take = Literal["all", "watched"]

WHOLE: Final = ""  # the name of the tally that counts every event of the file
HANDED_ON: Final = "handed_to_git"
_LONGEST: Final = 7 * 24 * HOUR
_MINUTES: Final = 120  # longer spans are looked for by their hours
# Quotes inside a JSON string are escaped, so neither can be found in foreign text.
_TYPE: Final = re.compile(rb'"type"\s*:\s*"([A-Za-z]{1,60}Event)"')
_REPOSITORY: Final = re.compile(rb'"repo"\s*:\s*\{[^{}]{0,500}?"name"\s*:\s*"([\w.-]{1,100}/[\w.-]{1,100})"')
_NO_TEXT: Final = frozenset({"WatchEvent", "DeleteEvent", "MemberEvent"})
_BY_BYTES: Final = {b"PushEvent": "diffs_off", **{kind.encode(): "no_text" for kind in _NO_TEXT}}


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, both ends included, that `repairs` (a source, or source and feed) did not see."""

    repairs: str
    since: float
    until: float

    def holds(self, at: float | None) -> bool:
        return at is not None and self.since <= at <= self.until


def parse_span(target: str, now: float) -> Span | None:
    """`github_events 2026-11-21T14:03:10Z 2026-11-21T14:04:20Z`, a feed may stand behind the source. None for what it cannot be:
    another source, a span that ends before it begins, lies in the future, or is longer than a week.
    """
    *named, begin, end = target.split() if len(target.split()) in (3, 4) else ["", "", ""]
    since, until = instant(begin), instant(end)
    if since is None or until is None or named[0] != "github_events":
        return None
    if not 0 < since <= until <= now + HOUR or until - since > _LONGEST:
        return None
    return Span(" ".join(named), since, until)


def marks(span: Span) -> set[bytes]:
    """Beginnings of the times in it, as they stand in a line of an event that happened then (and in some others)."""
    step, length = (60, 16) if span.until - span.since <= _MINUTES * 60 else (HOUR, 13)
    times = range(int(span.since // step) * step, int(span.until) + 1, step)
    return {iso(at)[:length].encode() for at in times}


@dataclass(frozen=True, slots=True)
class Policy:
    """Whose text is read of hours that are read wholly (`take`) and inside spans (`repair`)."""

    forge: str
    take: Take = "all"
    repair: Take = "all"
    public_repositories: bool = False  # one that was made public is handed on, whoever's it is


@dataclass(frozen=True, slots=True)
class Found:
    """An event that was parsed. `reason` = why its text is not read, "" = it is; `tallies` = those that count it."""

    event: Event
    reason: str
    tallies: tuple[str, ...]


class Sieve:
    """For one pass over one hour. Counts what it judges by its bytes at once, and what it found when that is `settle`d."""

    def __init__(
        self, tallies: dict[str, Tally], spans: Mapping[str, Span], policy: Policy, watch: Watching
    ) -> None:
        """`tallies` has one for each of `spans`, by its name, and WHOLE where every event of the file is wanted."""
        self.tallies = tallies
        self.bad = 0  # lines that are no event
        self._spans = spans
        self._watch = watch
        self._policy = policy
        self._whole = WHOLE in tallies
        self._all = self._whole and policy.take == "all"
        found = sorted(set().union(*map(marks, spans.values())))
        self._marks = re.compile(b"|".join(map(re.escape, found))) if found else None

    def take(self, line: bytes) -> Found | None:
        """What is to be asked about. None = not wanted, or counted already."""
        inside = self._marks is not None and self._marks.search(line) is not None
        if not self._whole and not inside:
            return None
        if not inside and (reason := self._by_bytes(line)):
            tally = self.tallies[WHOLE]
            tally.listed += 1
            tally.skipped[reason] += 1
            return None
        try:
            event = github_event.parse(orjson.loads(line))
        except ValueError:
            event = None
        if event is None:
            self.bad += 1
            return None
        names = [name for name, span in self._spans.items() if span.holds(event.created_at)]
        wide = self._all or (bool(names) and self._policy.repair == "all")
        if self._whole:
            names.append(WHOLE)
        return Found(event, self._reason(event, wide=wide), tuple(names)) if names else None

    def settle(self, found: Found, *, known: bool) -> None:
        """Count it. `known` = it was read before."""
        at = found.event.created_at
        for name in found.tallies:
            tally = self.tallies[name]
            tally.listed += 1
            if known:
                tally.known += 1
            elif found.reason:
                tally.skipped[found.reason] += 1
            else:
                tally.fetched += 1
            if at is not None and name != WHOLE:
                tally.oldest = at if tally.oldest is None else min(tally.oldest, at)
                tally.newest = at if tally.newest is None else max(tally.newest, at)

    def _by_bytes(self, line: bytes) -> str:
        """Why the line's event need not be parsed, "" when it must be."""
        kind = _TYPE.search(line)
        if kind is None or kind[1] == b"PublicEvent":
            return ""
        if kind[1] == b"PullRequestEvent" and self._all and b'"title"' not in line:
            return "pull_request_stub"
        reason = _BY_BYTES.get(kind[1], "" if self._all else "not_watched")
        if not reason or reason == "no_text":
            return reason
        repository = _REPOSITORY.search(line)
        if repository is None or self._watch.is_watched(self._policy.forge, repository[1].decode("ascii")):
            return ""
        return reason

    def _reason(self, event: Event, *, wide: bool) -> str:
        watched = self._watch.is_watched(self._policy.forge, event.repository)
        if event.type == "PublicEvent" and (watched or self._policy.public_repositories):
            return HANDED_ON
        if event.type == github_event.PUSH:
            return HANDED_ON if watched else "diffs_off"
        if event.type in _NO_TEXT:
            return "no_text"
        return github_event.unread(event) if watched or wide else "not_watched"


def hours_of(span: Span, late: float) -> range:
    """The files that may hold its events: they are filed by when they were observed, up to `late` seconds after they happened."""
    return range(hour_of(span.since), hour_of(span.until + late) + 1)
