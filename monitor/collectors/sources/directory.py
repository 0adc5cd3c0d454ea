"""The source `directory`: every version of every file below some folders, once.

A file is read again when its inode, size or time of change is another; a content that was on the bus before (known by path and
git blob id) is not sent again. Versions that come and go between two looks are not seen: this source polls.
"""

from __future__ import annotations

import asyncio
import fnmatch
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import Field

from monitor.collectors.base import SourceContext, SourcePlugin, SourceSettings
from monitor.collectors.fileparts import Part, Version, blob_id, parts, version
from monitor.collectors.tally import Tally
from monitor.contracts import Document, Provenance
from monitor.identity import blob_sha
from monitor.sizes import PART_BYTES, PART_OVERLAP
from monitor.walking import Skipped, walk

if TYPE_CHECKING:
    from monitor.tools import Tools

_LISTED: Final = 500
_BATCH_BYTES: Final = 8 * 1024**2
_SETTLED_SECONDS: Final = 2.0  # a file changed later than that may change again without its time telling
_MIB: Final = 1024**2


class DirectorySettings(SourceSettings):
    """`[sources.directory]`"""

    paths: tuple[Path, ...] = Field(min_length=1, description="folders to watch")
    include: tuple[str, ...] = Field((), description="globs of files to read; empty = all")
    exclude: tuple[str, ...] = Field(
        (".git", ".hg", ".svn"), description="globs of files and folders to leave out"
    )
    poll_seconds: float = Field(30.0, gt=0, description="between two looks")
    follow: bool = Field(default=True, description="look again and again; false = once")
    file_mib: int = Field(1024, gt=0, description="larger files are left out (and counted)")

    @property
    def rhythm(self) -> float | None:
        return self.poll_seconds if self.follow else None


class DirectorySource:
    """Looks at all folders, waits, looks again."""

    def __init__(self, settings: DirectorySettings, _tools: Tools) -> None:
        self._settings = settings
        self._roots = tuple(dict.fromkeys(str(path.expanduser().resolve()) for path in settings.paths))
        self._include = _globs(settings.include or ("*",))
        self._exclude = _globs(settings.exclude)
        self._limit = settings.file_mib * _MIB
        self._known: dict[
            str, bytes
        ] = {}  # path -> what it looked like when it was read last, or why it was not

    async def run(self, context: SourceContext) -> None:
        while not context.stop.is_set():
            troubled = [root for root in self._roots if not await self._look(context, root)]
            if troubled:
                context.failing("unreadable_folder")
            else:
                context.healthy()
            if not self._settings.follow or await context.sleep(self._settings.poll_seconds):
                return

    async def _look(self, context: SourceContext, root: str) -> bool:
        """One look at one folder; False when the folder itself cannot be read."""
        if not await asyncio.to_thread(_readable, root):
            return False
        tally = Tally(context.now())
        present: set[str] = set()

        def skipped(reason: str, path: str) -> None:
            present.add(path)
            if self._known.get(path) != reason.encode():
                self._known[path] = reason.encode()
                tally.skipped[reason] += 1

        listing = self._list(root, skipped)
        while some := await asyncio.to_thread(_take, listing):
            present.update(found.path for found in some)
            changed = [found for found in some if self._known.get(found.path) != found.key]
            await self._changed(context, changed, tally, skipped)
            if context.stop.is_set():
                return True
        self._forget(root, present)
        if tally.fetched or any(tally.skipped.values()):
            await context.emit(coverage=[tally.event(context.name, context.now())])
        return True

    def _list(self, root: str, skipped: Skipped) -> Iterator[Version]:
        cut = len(root.rstrip("/")) + 1

        def wanted(entry: os.DirEntry[str]) -> bool:
            return not (self._exclude.match(entry.name) or self._exclude.match(entry.path[cut:]))

        for entry in walk(root, skipped, enter=wanted):
            if not (self._include.match(entry.name) or self._include.match(entry.path[cut:])):
                continue
            if not wanted(entry):
                continue
            try:
                info = entry.stat(follow_symlinks=False)
            except OSError:
                skipped("unreadable_file", entry.path)
                continue
            if info.st_size > self._limit:
                skipped("too_large", entry.path)
            else:
                yield version(entry.path, info)

    def _forget(self, root: str, present: set[str]) -> None:
        """Of files below `root` that are gone since the last look."""
        below = root.rstrip("/") + "/"
        gone = [path for path in self._known if path.startswith(below) and path not in present]
        for path in gone:
            del self._known[path]

    async def _changed(
        self, context: SourceContext, versions: Sequence[Version], tally: Tally, skipped: Skipped
    ) -> None:
        fresh = await context.state.unseen(context.name, [found.key for found in versions])
        tally.listed += len(versions)
        tally.known += len(versions) - len(fresh)
        for found in versions:
            if found.key not in fresh:  # read before the last start
                self._known[found.path] = found.key
        todo = [found for found in versions if found.key in fresh]
        for batch in _batches(todo):
            read = await asyncio.to_thread(_read, batch, skipped)
            await self._emit(context, read, tally, skipped)

    async def _emit(
        self,
        context: SourceContext,
        read: Sequence[tuple[Version, str, bytes]],
        tally: Tally,
        skipped: Skipped,
    ) -> None:
        contents = {_content_key(found.path, blob): (found, blob, data) for found, blob, data in read}
        new = await context.state.unseen(context.name, list(contents))
        documents = []
        for key, (found, blob, data) in contents.items():
            if key not in new:
                continue
            tally.fetched += 1
            if data:
                documents.append(self._document(context, found, blob, Part(data, 0, 1)))
            elif found.size > PART_BYTES and not await self._large(context, found, blob):
                skipped("unreadable_file", found.path)
                new.discard(key)
        settled = [found for found, _, _ in read if context.now() - found.changed > _SETTLED_SECONDS]
        await context.emit(documents, seen=[*new, *(found.key for found in settled)])
        self._known.update((found.path, found.key) for found in settled)
        self._known.update((found.path, b"unsettled") for found, _, _ in read if found not in settled)

    async def _large(self, context: SourceContext, found: Version, blob: str) -> bool:
        """Send it window by window; False when it could not be read to its end."""
        pieces = parts(found)
        try:
            while piece := await asyncio.to_thread(next, pieces, None):
                await context.emit([self._document(context, found, blob, piece)])
        except OSError:
            return False
        return True

    def _document(self, context: SourceContext, found: Version, blob: str, part: Part) -> Document:
        path = os.fsencode(found.path).decode("utf-8", "backslashreplace")
        return Document(
            source=context.name,
            id=f"{path}:{blob}",
            content=part.data,
            fetched_at=context.now(),
            published_at=found.changed,
            history=True,  # a file may be old when it comes into the folder
            blob_sha=blob,
            provenance=Provenance(forge="file", path=path),
            offset=part.offset,
            line=part.line,
            overlap=PART_OVERLAP if part.offset else 0,
            more=part.offset + len(part.data) < found.size,
        )


def _globs(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns) or r"(?!)")


def _content_key(path: str, blob: str) -> bytes:
    return hashlib.blake2b(os.fsencode(path) + b"\0" + blob.encode(), digest_size=20).digest()


def _take(listing: Iterator[Version]) -> list[Version]:
    taken: list[Version] = []
    while len(taken) < _LISTED and (found := next(listing, None)):
        taken.append(found)
    return taken


def _batches(versions: Iterable[Version]) -> Iterator[list[Version]]:
    batch: list[Version] = []
    size = 0
    for found in versions:
        if batch and size + found.size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(found)
        size += found.size
    if batch:
        yield batch


def _readable(root: str) -> bool:
    return Path(root).is_dir() and os.access(root, os.R_OK | os.X_OK)


def _read(versions: Iterable[Version], skipped: Skipped) -> list[tuple[Version, str, bytes]]:
    """(version, blob id, content); the content of a large one is left out: it is read again in windows."""
    read = []
    for found in versions:
        try:
            if found.size > PART_BYTES:
                read.append((found, blob_id(found), b""))
            else:
                data = b"".join(part.data for part in parts(found))
                read.append((found, blob_sha(data), data))
        except OSError:
            skipped("unreadable_file", found.path)
    return read


PLUGIN: Final = SourcePlugin(
    settings=DirectorySettings,
    build=DirectorySource,
    summary="folders: every version of every file, once",
)
