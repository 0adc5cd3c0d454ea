"""The ledger as a chain: each entry's hash holds the hash of the one before, so that none can be changed, left out or slipped in later.

An entry's *body* is canonical JSON (sorted keys, no blanks) of `seq` (from 1, no number left out), `at` (when it was written, epoch
seconds, never less than the entry before) and `event` (a coverage event without what is as a field's default; in the place of `items` the digest
of them, since they are kept for a shorter time). Its hash is SHA-256(tag, hash of the entry before, SHA-256(body)): whoever holds
two hashes and the 32 bytes of each body between can check the chain without the bodies.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Self

import orjson

from monitor.contracts import CoverageEvent, Gap
from monitor.shape import split

GENESIS: Final = bytes(32)  # stands for the hash before the first entry
_TAG: Final = b"leakstream coverage entry 1\0"
_ALWAYS: Final = frozenset({"source", "since", "until"})
_BLANK: Final = CoverageEvent("", 0.0, 0.0)
_DEFAULTS: Final = {
    f.name: getattr(_BLANK, f.name) for f in fields(_BLANK) if f.name not in {*_ALWAYS, "extra"}
}


class LedgerBroken(Exception):
    """An entry is not what was written, or one is missing. The message names the place."""


def canonical(value: object) -> bytes:
    """The one way that a value is written before it is hashed. Raises TypeError for what JSON has no form for."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def link(prev: bytes, digest: bytes) -> bytes:
    """The hash of the entry behind `prev` whose body has the SHA-256 `digest`."""
    return hashlib.sha256(_TAG + prev + digest).digest()


def digest_of(text: str) -> bytes:
    """SHA-256 of a body, or of packed items."""
    return hashlib.sha256(text.encode()).digest()


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it is stored. `items`: what the event packed, "" where it has none or they are dropped by age."""

    body: str
    prev: bytes
    items: str = field(default="", repr=False)

    @classmethod
    def make(cls, seq: int, at: float, prev: bytes, event: Mapping[str, Any]) -> Self:
        """`event` as `monitor.alerting.exposures.places.coverage_objects` gives it. Raises TypeError for what JSON has no form for."""
        items = event.get("items", "")
        known = {name: value for name, value in event.items() if not _is_default(name, value)}
        if items:
            known["items"] = digest_of(items).hex()
        return cls(canonical({"seq": seq, "at": at, "event": known}).decode(), prev, items)

    @property
    def hash(self) -> bytes:
        return link(self.prev, digest_of(self.body))

    def told(self) -> Told:
        """What it says. Raises LedgerBroken for a body or items that no version of ours can have written."""
        try:
            body = orjson.loads(self.body)
            event = dict(body["event"])
            items = event.pop("items", "")
            event["gaps"] = tuple(Gap(**split(Gap, gap)[0]) for gap in event.get("gaps", ()))
            known = {name: value for name, value in event.items() if name in _ALWAYS or name in _DEFAULTS}
            told = Told(
                int(body["seq"]), float(body["at"]), CoverageEvent(**known, items=self.items), bool(items)
            )
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise LedgerBroken(f"an entry cannot be read: {self.body[:80]!r}") from error
        if self.items and items != digest_of(self.items).hex():
            raise LedgerBroken(f"entry {told.seq}: its items are not those that it was written with")
        return told


@dataclass(frozen=True, slots=True)
class Told:
    """What an entry says. `event.items` is "" where `had_items` is true and they are dropped by age."""

    seq: int
    at: float
    event: CoverageEvent
    had_items: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends: the last entry's number and hash, and the earliest time that the next one may bear."""

    seq: int = 0
    hash: bytes = GENESIS
    at: float = 0.0

    def after(self, entry: Entry, told: Told) -> Head:
        """The head behind `entry`. Raises LedgerBroken unless it continues this one."""
        if told.seq != self.seq + 1:
            raise LedgerBroken(f"entry {self.seq + 1} is missing: the next one is {told.seq}")
        if entry.prev != self.hash:
            raise LedgerBroken(
                f"entry {told.seq} does not continue entry {self.seq}: one of them was changed"
            )
        if told.at < self.at:
            raise LedgerBroken(f"entry {told.seq} bears an earlier time than entry {self.seq}")
        return Head(told.seq, entry.hash, told.at)


def walk(entries: Iterable[Entry], head: Head) -> Iterator[tuple[Told, Head]]:
    """Each entry and the head behind it, from `head` on. Raises LedgerBroken at the first that does not continue."""
    for entry in entries:
        told = entry.told()
        head = head.after(entry, told)
        yield told, head


def _is_default(name: str, value: Any) -> bool:
    if name not in _DEFAULTS:
        return False
    default = _DEFAULTS[name]
    if isinstance(default, tuple):
        return not value
    return type(value) is type(default) and bool(value == default)
