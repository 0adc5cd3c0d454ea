"""What a source is. One more source is one new file in `monitor/collectors/sources/` with one `PLUGIN`; no list to edit.

The module's name is the source's name: the key of its config table `[sources.<name>]`, its metric label and the `source` of
its documents. Found is not enabled: a source runs only when the config has its table.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from monitor.contracts import CoverageEvent, Document, Request, Sighting


class Stopping(Exception):
    """The service stops: what was under way is not saved and will be collected again. A source lets it pass."""


class SourceSettings(BaseModel):
    """Base of every source's settings. Unknown keys stop start-up; secrets are `SecretStr` with a `_file` twin."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def rhythm(self) -> float | None:
        """Seconds from one good answer to the next while all is well; None = there is no rhythm: it listens, or is asked, or ends."""
        found: float | None = getattr(self, "poll_seconds", None)
        return found


class CollectorState(Protocol):
    """What a source must remember over restarts. Durable when the call returns; never blocks the loop.

    A source's own (`SourceContext.state`) waits while the store is busy or its disk full, and raises Stopping when the service stops
    meanwhile.
    """

    async def cursor(self, source: str, name: str = "") -> str | None:
        """The text saved last, None at the first start."""

    async def save_cursor(self, source: str, value: str, name: str = "") -> None: ...

    async def unseen(self, source: str, keys: Sequence[bytes]) -> set[bytes]:
        """Those of `keys` (at most 32 bytes each) that were never marked as seen."""

    async def mark_seen(self, source: str, keys: Iterable[bytes]) -> None: ...

    async def fresh(self, blobs: Sequence[bytes]) -> set[bytes]:
        """Those of `blobs` (16 bytes each) that no source has handed in within the last hours."""

    async def handed_in(
        self,
        source: str,
        *,
        blobs: Iterable[bytes] = (),
        seen: Iterable[bytes] = (),
        cursor: str | None = None,
        cursor_name: str = "",
    ) -> None:
        """All that is to be remembered of one `emit`, at once."""

    async def add_requests(self, requests: Sequence[Request]) -> None:
        """What is asked of a source. One of the same source, kind and target that is not finished is left as it is."""

    async def requests(self, source: str) -> Sequence[Request]:
        """At most 100 that are not finished, the oldest first."""

    async def finish_request(self, request: Request) -> None:
        """It does not come again."""


class SourceContext(Protocol):
    """What the collector service gives to a running source. For the tasks of one source."""

    name: str
    stop: asyncio.Event  # set = finish what is under way and return
    state: CollectorState
    trouble: str  # what `failing` told last and `healthy` has not ended; "" = none

    async def emit(
        self,
        documents: Sequence[Document] = (),
        *,
        coverage: Sequence[CoverageEvent] = (),
        requests: Sequence[Request] = (),
        sightings: Sequence[Sighting] = (),
        cursor: str | None = None,
        cursor_name: str = "",
        seen: Iterable[bytes] = (),
    ) -> None:
        """Put everything on the bus, and only when it is durable there save the cursor and the seen keys.

        A document whose text was handed in within the last hours, by whichever source, goes without its content: the matcher makes a
        sighting of it. What is watched always goes whole.

        `sightings` only answer requests: a place of a text goes as a document, since its names pass the matcher's redactor. Raises
        ValueError for any other.

        Waits out back-pressure (the source simply stands still meanwhile). Documents over the record limit are cut into
        overlapping parts here; sources need not care. Raises Stopping when `stop` is set during back-pressure or while the
        state is busy: then the cursor was not saved, so that all of it comes again.
        """

    async def requested(self) -> Sequence[Request]:
        """What was asked of this source and is not `finished` yet, the oldest first (at most 100). Survives a restart. Waits as `state`
        does.
        """

    async def finished(self, request: Request) -> None:
        """Done, or found to be impossible: it does not come again."""

    async def unknown(self, blob_shas: Sequence[str]) -> set[str]:
        """Those git blobs that were not handed in whole within the last hours: the others need not be fetched, an empty document with
        that `blob_sha` and `known` set does.
        """

    def dropped(self, reason: str, count: int = 1) -> None:
        """Count what the source left out. `reason` is a word out of the source's closed set."""

    def healthy(self) -> None:
        """The source answered as it should."""

    def failing(self, reason: str, since: float | None = None) -> None:
        """The source does not answer as it should, now or already `since` (epoch seconds); it goes on trying. Nothing fatal."""

    def now(self) -> float:
        """Epoch seconds of the service's clock."""

    async def sleep(self, seconds: float) -> bool:
        """Wait, or less when `stop` is set; True when it was set. All waiting of a source goes through here."""


class Source(Protocol):
    """A running source."""

    async def run(self, context: SourceContext) -> None:
        """Collect until `context.stop` is set. Upstream trouble (5xx, rubbish, time-outs) is retried with backoff inside and
        told by `context.failing`; what is raised ends the service as a programming error.
        """


@dataclass(frozen=True, slots=True)
class SourcePlugin:
    """`build(settings, tools)` makes the source; heavy imports belong inside it. `tools` is the service's `Tools`."""

    settings: type[SourceSettings]
    build: Callable[[Any, Any], Source]
    summary: str = ""  # one line for `leakstream doctor` and the docs
    shared: bool = True  # of several collectors with one state folder one runs it; False = each does (it listens, or reads what only it has)
