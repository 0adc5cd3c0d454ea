"""Whether what is still kept has been looked through with the watch list of today: a longer list finds things in it that nobody was told of.

One fact in the store: the digest of the watch list, since when it is in force, and whether a replay has looked with it. The offer ends by
itself when everything that is kept came after the change.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final, Self

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store import records

OFFER: Final = (
    "the watch list changed: `leakstream replay --since {hours:g}h` would look for it in what is still kept"
)


@dataclass(frozen=True, slots=True)
class Watched:
    """`since`: epoch seconds."""

    digest: str
    since: float
    searched: bool

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        return cls(**orjson.loads(text)) if text else None

    def text(self) -> str:
        return orjson.dumps(asdict(self)).decode()


def offer(known: Watched | None, digest: str, *, now: float, kept: float) -> str:
    """The sentence that offers a replay, "" when there is nothing to look for. `kept`: seconds that documents stay on the bus."""
    if known is None:  # no service ever started: nothing is kept
        return ""
    is_searched = known.digest == digest and (known.searched or now - known.since >= kept)
    return "" if is_searched else OFFER.format(hours=kept / 3600)


async def note_start(connection: AsyncConnection, digest: str, *, now: float, kept: float) -> str:
    """A service starts with this watch list. Returns `offer`."""
    known = Watched.read(await records.get_meta(connection, records.WATCH))
    if known is None or known.digest != digest:
        known = Watched(digest, now, searched=known is None)
        await records.set_meta(connection, records.WATCH, known.text())
    return offer(known, digest, now=now, kept=kept)


async def note_searched(connection: AsyncConnection, digest: str, *, now: float) -> None:
    """A replay has looked through everything that is kept with this watch list."""
    await records.set_meta(connection, records.WATCH, Watched(digest, now, searched=True).text())
