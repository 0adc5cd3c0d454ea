"""The source `selftest`: plants a canary at the very beginning of our own stream, again and again.

A canary is a made-up credential of a format of our own (detectors/rules/leakstream.toml). It goes through the bus as any document
does, the matcher finds it as it finds every leak, and alerting tells the outside that it came through (docs/selftest.md).
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from pydantic import Field

from detectors.encodings import BASE62
from detectors.proofs.crc import PROOFS
from monitor.collectors.base import SourceContext, SourcePlugin, SourceSettings
from monitor.contracts import Document, Mode, Provenance
from monitor.identity import blob_sha

if TYPE_CHECKING:
    from monitor.tools import Tools

_PREFIX: Final = b"leakstream_canary_"
_BODY: Final = 36  # letters and digits, the last six of them the checksum


class SelfTestSettings(SourceSettings):
    """`[sources.selftest]`"""

    every_seconds: float = Field(60.0, ge=1, le=86_400, description="between two canaries")


class SelfTestSource:
    """Waits, plants, waits: a service that does not live for one interval, started again and again, plants nothing."""

    def __init__(self, settings: SelfTestSettings, tools: Tools) -> None:
        self._every = settings.every_seconds
        self._planted = tools.metrics.selftest_planted

    async def run(self, context: SourceContext) -> None:
        while not await context.sleep(self._every):
            await context.emit([_document(context.name, context.now())])
            self._planted.inc()
            context.healthy()


def canary() -> bytes:
    """A new one, valid to its checksum. Random: no two are one leak, so that nothing on the way takes it for a repetition."""
    body = bytes(secrets.choice(BASE62) for _ in range(_BODY))
    return PROOFS["crc32-base62"].make(_PREFIX + body, secrets.SystemRandom())


def _document(source: str, now: float) -> Document:
    content = canary() + b"\n"
    sha = blob_sha(content)
    return Document(
        source=source,
        id=sha,
        content=content,
        fetched_at=now,
        mode=Mode.EXERCISE,
        blob_sha=sha,
        provenance=Provenance(forge="leakstream", path="canary"),
    )


PLUGIN: Final = SourcePlugin(
    SelfTestSettings, SelfTestSource, "a canary of our own, that shows that the whole chain works"
)
