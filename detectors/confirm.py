"""From "rule R ends at E" to an exact span, in a window of at most 512 bytes.

Hyperscan says where a match of the rule, ended at its minimum, stops. The window reaches back as far as such a match can begin and
ahead as far as its tail can grow, which is the longest match in all; 64 bytes on each side are there for look-arounds to
see. `re` confirms where the loader proved backtracking bounded, RE2 elsewhere; each expression is compiled at its first use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any, Final, NamedTuple

from detectors import behind, boundaries, context, expressions
from detectors.buffers import Buffer
from detectors.engines import compiled
from detectors.extents import EXTENTS
from detectors.looks import Weight
from detectors.model import Kind, Rule
from detectors.starts import at_every_place, at_starts, starts

MARGIN: Final = 64
_TRIES: Final = 64  # starts tried in one window before the hit is given up (and counted)


@dataclass(frozen=True, slots=True)
class Match:
    """A confirmed span. Offsets are the buffer's; start and end are the secret's, `stop` ends the whole match."""

    start: int
    end: int
    stop: int
    secret: bytes = field(repr=False)
    syntax: context.Syntax | None = None
    name: bytes = b""
    scope: bytes = field(default=b"", repr=False)


class Miss(NamedTuple):
    """The hit is none: `reason` is a word out of a closed set."""

    reason: str
    stop: int = 0  # hits up to here are the same miss; 0 = only this one


class Confirmer:
    """Confirms the hits of one rule. Not thread-safe while its expression is being compiled; one per scanner."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._facts = expressions.facts(rule.pattern, caseless=rule.caseless)
        self._reach = self._facts.lowered_maximum
        self._ahead = self._facts.maximum - self._reach
        self._before = MARGIN
        self._behind = rule.kind is Kind.CONTEXT and context.reach(rule) > context.GAP and not rule.extent
        if rule.kind is Kind.CONTEXT:
            self._gap = context.reach(rule)
            self._before = self._gap + context.BEFORE + context.longest(rule.names)
        self._groups = expressions.groups(rule.pattern)
        self._bounded = rule.kind is Kind.CONTEXT or (rule.kind is Kind.TOKEN and rule.bounded)

    def confirm(self, buffer: Buffer, low: int, high: int, hit: int, done: int) -> Match | Miss:
        """`low`, `high` bound the document in the buffer; `hit` is Hyperscan's end; nothing before `done` is looked at again."""
        first = max(low, hit - self._reach, done)
        begin = max(low, first - self._before)
        text = bytes(buffer[begin : min(high, hit + self._ahead + MARGIN)])
        found = self._search(text, first - begin, hit - begin)
        if found is None:
            return self._before_name(buffer, max(low, done), high, hit)
        start, end = found.span(self._groups.get("secret", 0))
        stop = found.end()
        syntax, name = None, b""
        if self._rule.kind is Kind.CONTEXT:
            reading, name = self._read_context(text, start, end)
            if reading.syntax is None:
                return Miss(reading.reason, begin + stop)
            if reading.syntax not in self._syntaxes:
                return Miss("syntax", begin + stop)
            syntax = reading.syntax
        scope = _scope(found, self._groups)
        match = Match(
            start=begin + start,
            end=begin + end,
            stop=begin + stop,
            secret=text[start:end],
            syntax=syntax,
            name=name,
            scope=scope,
        )
        return self._extended(buffer, match, high) if self._rule.extent else match

    def _before_name(self, buffer: Buffer, low: int, high: int, hit: int) -> Match | Miss:
        """The value that stands before a name which ends at the hit, where the rule takes such."""
        if not self._behind:
            return Miss("not_confirmed")
        begin = max(low, hit - self._longest_name - behind.REACH - self._facts.maximum - behind.BEFORE)
        text = bytes(buffer[begin : min(high, hit + context.AFTER)])
        names = self._names.finditer(text.lower(), max(0, hit - begin - self._longest_name))
        name = next((name for name in names if name.end() == hit - begin), None)
        found = self._last_value(text, name.start()) if name else None
        if name is None or found is None or name.start() - found.end() > behind.REACH:
            return Miss("not_confirmed")
        start, end = found.span()
        line = text.rfind(b"\n", 0, start) + 1
        reading = context.read_behind(
            text[max(line, start - behind.BEFORE) : start],
            text[end : name.start()],
            text[name.start() : name.end()],
            text[name.end() : name.end() + context.AFTER],
            self._weight(text[start:end]),
        )
        if reading.syntax is None:
            return Miss(reading.reason)
        return Match(
            start=begin + start,
            end=begin + end,
            stop=begin + end,
            secret=text[start:end],
            syntax=reading.syntax,
            name=text[name.start() : name.end()],
        )

    def _last_value(self, text: bytes, stop: int) -> Any:
        """The last value that ends before `stop`."""
        last, at = None, max(0, stop - behind.REACH - self._facts.maximum)
        for _ in range(_TRIES):
            found = self._expression.search(text, at)
            if found is None or found.end() >= stop:
                break
            if self._rule.engine == "re" or boundaries.stands_alone(
                text, found.start(), found.end(), self._facts
            ):
                last = found
            at = found.start() + 1
        return last

    def _search(self, text: bytes, first: int, hit: int) -> Any:
        """The match that the hit stands for: it begins where one of its minimum length can and does not end before it."""
        at = first
        alone = not self._bounded or self._rule.engine == "re"
        if self._starts:
            matches = at_starts(self._starts, self._expression, text, first)
        else:
            matches = at_every_place(self._expression, text, first)
        for found in islice(matches, _TRIES):
            if found.start() > max(hit - self._facts.minimum, at):
                return None
            if found.end() >= hit and (
                alone
                or boundaries.stands_alone(
                    text, found.start(), found.end(), self._facts, open_end=bool(self._rule.extent)
                )
            ):
                return found
            at = found.start() + 1
        return None

    def _read_context(self, text: bytes, start: int, end: int) -> tuple[context.Reading, bytes]:
        """The name nearest to the value decides; where it is a part of a word, one that begins inside it: `DB_PASS` in `DB_PASSWORD`."""
        lowered = text.lower()
        names = list(self._names.finditer(lowered, max(0, start - self._gap - self._longest_name), start))
        if not names:
            return context.Reading(None, "no_name"), b""
        name = names[-1]
        while (reading := self._read_name(text, name, start, end)).reason == context.NAME_IN_WORD:
            inside = self._names.search(lowered, name.start() + 1, start)
            if inside is None:
                break
            name = inside
        return reading, text[name.start() : name.end()]

    def _read_name(self, text: bytes, name: re.Match[bytes], start: int, end: int) -> context.Reading:
        line = text.rfind(b"\n", 0, name.start()) + 1
        before = text[max(line, name.start() - context.BEFORE) : name.start()]
        value = self._weight(text[start:end])
        own = text[name.start() : name.end()]
        return context.read(before, own, text[name.end() : start], text[end : end + context.AFTER], value)

    def _extended(self, buffer: Buffer, match: Match, high: int) -> Match | Miss:
        """The value read on to where it really ends."""
        extent = EXTENTS[self._rule.extent]
        text = bytes(buffer[match.start : min(high, match.start + extent.cap)])
        length = extent.read(text, match.end - match.start)
        if length is None:
            return Miss("incomplete", match.stop)
        end = match.start + length
        return replace(match, end=end, stop=max(match.stop, end), secret=text[:length])

    @cached_property
    def _syntaxes(self) -> frozenset[context.Syntax]:
        return context.accepted(self._rule)

    @cached_property
    def _weight(self) -> Callable[[bytes], Weight]:
        return context.weigher(self._rule)

    @cached_property
    def _longest_name(self) -> int:
        return context.longest(self._rule.names)

    @cached_property
    def _names(self) -> re.Pattern[bytes]:
        """For text in lower case: `re` tries every name at every place where case is ignored, and few where the first letter says no."""
        by_first: dict[str, list[str]] = {}
        for name in sorted(self._rule.names, key=len, reverse=True):
            by_first.setdefault(name[0], []).append(context.name_expression(name[1:]))
        groups = (f"{first}(?:{'|'.join(rests)})" for first, rests in by_first.items())
        return re.compile("|".join(groups).encode("latin-1"))

    @cached_property
    def _starts(self) -> re.Pattern[bytes] | None:
        return starts(self._rule.pattern) if self._rule.engine == "re" else None

    @cached_property
    def _expression(self) -> Any:
        rule = self._rule
        text = rule.pattern
        if self._bounded and rule.engine == "re":
            text = boundaries.bounded_for_re(text, self._facts, open_end=bool(rule.extent))
        return compiled(text, engine=rule.engine, caseless=rule.caseless)


def _scope(found: Any, groups: Mapping[str, int]) -> bytes:
    """`user@host` of a structure, in lower case; b"" when the expression names neither."""
    user = found.group(groups["user"]) if "user" in groups else None
    host = found.group(groups["host"]) if "host" in groups else None
    return ((user or b"") + b"@" + (host or b"")).lower() if user or host else b""
