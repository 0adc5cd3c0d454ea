"""Which items a span of a feed held, packed small enough to be kept: so that "was that push seen?" has an answer.

An item is its place (a digest of forge and repository, or of a site and its owner), its publication and what became of it. A poll
of 300 takes 6.3 KB. No name is kept: who asks must know which place he asks about.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

_ITEM: Final = struct.Struct(">16sIB")


class Outcome(IntEnum):
    """What became of an item, the later the more certain. Values are stored: never renumber."""

    LISTED = 1  # the feed named it; its text waits for its turn
    SKIPPED = 2  # looked at and left out, for a reason that the event counts
    FETCHED = 3  # its text is on the bus


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """`place` is 16 bytes of `place_of`, `at` the publication in whole epoch seconds (0 = unknown)."""

    place: bytes
    at: int
    outcome: Outcome


def place_of(forge: str, name: str) -> bytes:
    """16 bytes that name `owner/name` (or an owner, a site's user) on a forge, whatever its case."""
    return hashlib.blake2b(f"{forge}\0{name}".lower().encode(), digest_size=16).digest()


def item(forge: str, name: str, at: float | None, outcome: Outcome) -> Item:
    """`at` as epoch seconds, None when nobody knows."""
    return Item(place_of(forge, name), min(max(0, int(at or 0)), 0xFFFFFFFF), outcome)


def pack(items: Iterable[Item]) -> str:
    """Sorted and without repeats, as text that JSON carries; "" for none."""
    raw = b"".join(_ITEM.pack(i.place, i.at, i.outcome) for i in sorted(set(items)))
    return base64.b64encode(raw).decode("ascii")


def unpack(packed: str) -> Iterator[Item]:
    """The reverse. Raises ValueError for what `pack` cannot have made."""
    raw = base64.b64decode(packed, validate=True)
    if len(raw) % _ITEM.size:
        raise ValueError("items are cut off")
    for place, at, outcome in _ITEM.iter_unpack(raw):
        yield Item(place, at, Outcome(outcome))
