"""The source `selftest`: plants a canary at the very beginning of our own stream, again and again.

A canary is a made-up credential of a format of our own (detectors/rules/leakstream.toml). It goes through the bus as any document
does, the matcher finds it as it finds every leak, and alerting tells the outside that it came through (docs/how-to/selftest.md). Beside it go
the probes whose turn it is: in a round each rule and each decoder has one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from pydantic import Field

from monitor import probing
from monitor.canary import canary
from monitor.collectors.base import SourceContext, SourcePlugin, SourceSettings
from monitor.collectors.probes import Probes
from monitor.contracts import Document, Mode, Provenance
from monitor.identity import blob_sha

if TYPE_CHECKING:
    from monitor.tools import Tools

_AT_ONCE: Final = 100  # probes beside one canary: their names travel with it
_DAY: Final = 86_400


class SelfTestSettings(SourceSettings):
    """`[sources.selftest]`"""

    every_seconds: float = Field(60.0, ge=1, le=86_400, description="between two canaries")
    round_hours: float = Field(
        24.0, ge=0, le=24, description="in which each rule and each decoder is tried once; 0 = none is"
    )

    @property
    def rhythm(self) -> float | None:
        return self.every_seconds


class SelfTestSource:
    """Waits, plants, waits: a service that does not live for one interval, started again and again, plants nothing."""

    def __init__(self, settings: SelfTestSettings, tools: Tools) -> None:
        self._every = settings.every_seconds
        self._round = settings.round_hours * 3600
        self._rules = tools.rules
        self._planted = tools.metrics.selftest_planted

    async def run(self, context: SourceContext) -> None:
        probes = Probes(await asyncio.to_thread(self._rules)) if self._round else None
        last = await context.state.cursor(context.name) or ""
        owed = 0.0
        while not await context.sleep(self._every):
            names: list[str] = []
            if probes is not None:
                owed = min(owed + len(probes.names) * self._every / self._round, _AT_ONCE)
                names = _behind(probes.names, last, int(owed))
            now = context.now()
            documents = [_document(context.name, now, canary() + b"\n", probing.listing(names))]
            if probes is not None and names:
                documents += await asyncio.to_thread(_probes, probes, names, context.name, now)
                last = names[-1]
                owed -= len(names)
            await context.emit(documents, cursor=last or None)
            self._planted.inc()
            context.healthy()


def _behind(names: tuple[str, ...], last: str, count: int) -> list[str]:
    """The next `count` names behind the last one planted, from the beginning where that is no more; none of them twice."""
    at = names.index(last) + 1 if last in names else 0
    return [names[(at + step) % len(names)] for step in range(min(count, len(names)))]


def _probes(probes: Probes, names: Iterable[str], source: str, now: float) -> list[Document]:
    texts = {name: probes.text(name, int(now // _DAY), canary()) for name in names}
    return [_document(source, now, text, name) for name, text in texts.items() if text]


def _document(source: str, now: float, content: bytes, trace_id: str) -> Document:
    sha = blob_sha(content)
    return Document(
        source=source,
        id=sha,
        content=content,
        fetched_at=now,
        trace_id=trace_id,
        mode=Mode.EXERCISE,
        blob_sha=sha,
        provenance=Provenance(forge="leakstream", path="canary"),
    )


PLUGIN: Final = SourcePlugin(
    SelfTestSettings, SelfTestSource, "a canary of our own, that shows that the whole chain works"
)
