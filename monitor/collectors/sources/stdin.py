"""The source `stdin`: what another program writes into this one, as documents.

It ends when its input ends. Nothing is read while the bus takes nothing, so that the writer waits. What was read and is not on the bus
when the process is killed cannot be read again: a pipe has no position.
"""

from __future__ import annotations

import asyncio
import os
import select
from typing import TYPE_CHECKING, Final, Literal

import orjson
from pydantic import Field

from monitor.collectors.base import SourceContext, SourcePlugin, SourceSettings
from monitor.collectors.handin.documents import Sender, Unacceptable, document, read_object
from monitor.collectors.pieces import Pieces
from monitor.collectors.tally import Tally
from monitor.contracts import Document

if TYPE_CHECKING:
    from monitor.tools import Tools

_STANDARD_INPUT: Final = 0
_CHUNK: Final = 256 * 1024
_WAIT_SECONDS: Final = 0.5  # how soon a stop is noticed while nothing comes
_TOLD_SECONDS: Final = 60.0  # between two coverage events
_MIB: Final = 1024 * 1024


class Settings(SourceSettings):
    """`[sources.stdin]`"""

    format: Literal["lines", "nul", "json"] = Field(
        "lines", description="a document a line, one up to each NUL, or a JSON object a line"
    )
    forges: tuple[str, ...] = Field(
        (),
        description="forges that the writer is trusted to speak for: only places there can prove ownership",
    )
    max_mib: float = Field(16.0, gt=0, le=64, description="longest document (or JSON line) read, in MiB")


class Stdin:
    """Reads `fd` until its end."""

    def __init__(self, settings: Settings, fd: int = _STANDARD_INPUT) -> None:
        self._settings = settings
        self._fd = fd
        separator = b"\0" if settings.format == "nul" else b"\n"
        self._pieces = Pieces(separator, int(settings.max_mib * _MIB))

    async def run(self, context: SourceContext) -> None:
        context.healthy()
        tally = Tally(context.now())
        while not context.stop.is_set():
            try:
                data = await asyncio.to_thread(_read, self._fd)
            except OSError:
                context.failing("unreadable")
                break
            if data is None:
                continue
            found = self._pieces.feed(data) if data else self._pieces.end()
            await context.emit(self._documents(context, found, tally))
            if not data:
                break
            if context.now() - tally.since >= _TOLD_SECONDS:
                tally = await self._tell(context, tally)
        await self._tell(context, tally)

    async def _tell(self, context: SourceContext, tally: Tally) -> Tally:
        if self._pieces.too_large:
            tally.skipped["too_large"] += self._pieces.too_large
            tally.listed += self._pieces.too_large
            self._pieces.too_large = 0
        if tally.listed:
            await context.emit(coverage=[tally.event(context.name, context.now())])
        return Tally(context.now())

    def _documents(self, context: SourceContext, pieces: list[bytes], tally: Tally) -> list[Document]:
        forges = frozenset(forge.lower() for forge in self._settings.forges)
        by = Sender(context.name, context.name, context.now(), forges)
        made: list[Document] = []
        for piece in pieces:
            if not piece.strip():
                continue
            tally.listed += 1
            try:
                made.append(
                    _from_json(piece, by) if self._settings.format == "json" else document(piece, {}, "", by)
                )
            except Unacceptable:
                tally.skipped["bad_line"] += 1
        tally.fetched += len(made)
        return made


def _from_json(line: bytes, by: Sender) -> Document:
    """As a line of POST /ingest/v1/documents; `text` is another name of `content`. Raises Unacceptable."""
    try:
        given = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise Unacceptable("not JSON") from None
    if isinstance(given, dict) and "text" in given and "content" not in given:
        given["content"] = given.pop("text")
    return read_object(given, by)


def _read(fd: int) -> bytes | None:
    """Some bytes, b"" at the end, None when nothing came for a while. Blocks no longer than that."""
    ready, _, _ = select.select([fd], [], [], _WAIT_SECONDS)
    return os.read(fd, _CHUNK) if ready else None


def _build(settings: Settings, _tools: Tools) -> Stdin:
    return Stdin(settings)


PLUGIN: Final = SourcePlugin(Settings, _build, "what another program writes to the standard input")
