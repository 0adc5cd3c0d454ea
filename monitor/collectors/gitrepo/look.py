"""One look at one git repository: what its refs reach now and did not reach at the end of the last look.

What is new is a text at a path: a blob that is known from elsewhere goes to the bus again with the further path, so that every
place passes the matcher and its redactor like the first one. The git work is blocking and runs in one thread of its own; state
and bus are asked in between. The key of each text at its path is marked as seen after the bus has it, and the refs are saved after
everything: a pass that was killed is simply repeated, and brings only what was not marked.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from monitor import gitread
from monitor.collectors.base import SourceContext
from monitor.collectors.tally import Tally
from monitor.coverage.items import Outcome, item
from monitor.gitread.documents import blob_document, message_document, text

_T = TypeVar("_T")
_TAKEN_CHANGES: Final = 500
_TAKEN_STEPS: Final = 200
_BATCH_BYTES: Final = 8 * 1024 * 1024
_BATCH_PIECES: Final = 256
_PATHS: Final = 100  # of one blob in one pass; a tree bomb has millions of paths of one blob
_NOTED: Final = 500  # commits of one look whose times the ledger keeps, the newest
_COUNTED_BLOBS: Final = 100_000  # whose paths are counted at a time, about 20 MB


@dataclass(frozen=True, slots=True)
class _Spot:
    """A path at which a blob is new, and the commit that put it there. `key` is what the state remembers."""

    commit: gitread.Commit | None
    path: str
    key: bytes


@dataclass(slots=True)
class _New:
    """What a few steps of the history bring: blobs with the paths they are new at, and messages with their keys."""

    blobs: dict[str, list[_Spot]] = field(default_factory=dict)
    messages: dict[bytes, gitread.Commit] = field(default_factory=dict)


class Pass:
    """`repository` is a URL or a path, `folder` is its own below the state folder. Use once."""

    def __init__(
        self,
        context: SourceContext,
        repository: str,
        folder: Path,
        quota: gitread.Quota,
        access: gitread.Access,
        blob_bytes: int,
    ) -> None:
        self._context = context
        self._name = repository
        self._folder = folder
        self._quota = quota
        self._access = access
        self._blob_bytes = blob_bytes
        self._tally = Tally(context.now())
        self._paths: Counter[str] = Counter()
        self._times: deque[float | None] = deque(maxlen=_NOTED)
        self._leash = gitread.Leash()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="git")

    async def run(self) -> bool:
        """Until everything new is on the bus, or the service stops: then False. Raises GitError, Stopping."""
        try:
            repository = await self._call(self._open)
            where = repository.where
            known: list[str] = json.loads(await self._context.state.cursor(self._context.name, where) or "[]")
            if set(known) == set(repository.tips):
                return True
            if not await self._read(repository, known):
                return False
            for when in self._times:
                self._tally.note(item(repository.forge, repository.name, when, Outcome.FETCHED))
            await self._context.emit(
                coverage=[self._tally.event(self._context.name, self._context.now())],
                cursor=json.dumps(sorted(repository.tips)),
                cursor_name=where,
            )
            return True
        finally:
            self._leash.cut()  # a cancelled call is still in the thread: this ends it
            self._thread.shutdown(wait=False)

    def _open(self) -> gitread.Repository:
        return gitread.open_repository(
            self._name, self._folder, quota=self._quota, access=self._access, leash=self._leash
        )

    async def _read(self, repository: gitread.Repository, known: Sequence[str]) -> bool:
        """Whether it came to the end."""
        skip = self._skip
        reader = gitread.BlobReader(repository.git, skip, max_bytes=self._blob_bytes)
        steps = gitread.history(repository.git, repository.tips, known, skip)
        try:
            while some := await self._call(lambda: _take(steps)):
                if self._context.stop.is_set():
                    return False
                await self._hand_over(repository, reader, await self._sort(repository, some))
            return True
        finally:
            self._thread.submit(_close, steps, reader)

    async def _sort(self, repository: gitread.Repository, steps: Sequence[gitread.Step]) -> _New:
        spots: dict[bytes, tuple[str, _Spot]] = {}
        messages: dict[bytes, gitread.Commit] = {}
        for step in steps:
            if step.commit and step.first:
                messages[_key(repository, step.commit.id, b"")] = step.commit
            for change in step.changes:
                key = _key(repository, change.blob, change.path)
                spots.setdefault(key, (change.blob, _Spot(step.commit, text(change.path), key)))
        keys = [*spots, *messages]
        unseen = await self._context.state.unseen(self._context.name, keys)
        new = _New(messages={key: commit for key, commit in messages.items() if key in unseen})
        for key, (blob, spot) in spots.items():
            if key in unseen and self._has_room(blob):
                new.blobs.setdefault(blob, []).append(spot)
        self._tally.listed += len(keys)
        self._tally.known += len(keys) - len(unseen)
        return new

    def _has_room(self, blob: str) -> bool:
        """Count one more path of `blob`; False (and counted) beyond what one pass sends of it."""
        if len(self._paths) >= _COUNTED_BLOBS:
            self._paths.clear()
        self._paths[blob] += 1
        if self._paths[blob] <= _PATHS:
            return True
        self._skip("further_path")
        return False

    async def _hand_over(self, repository: gitread.Repository, reader: gitread.BlobReader, new: _New) -> None:
        name = self._context.name
        pieces = reader.read(list(new.blobs))
        while some := await self._call(lambda: _batch(pieces)):
            documents = [
                blob_document(name, repository, piece, spot.commit, spot.path, now=self._context.now())
                for piece in some
                if piece.data
                for spot in new.blobs[piece.blob]
            ]
            done = [spot.key for piece in some if piece.last for spot in new.blobs[piece.blob]]
            self._tally.fetched += len(done)
            await self._context.emit(documents, seen=done)
        messages = [
            message_document(name, repository, commit, now=self._context.now())
            for commit in new.messages.values()
            if commit.message.strip()
        ]
        self._tally.fetched += len(new.messages)
        self._times.extend(commit.time for commit in new.messages.values())
        await self._context.emit(messages, seen=new.messages)

    def _skip(self, reason: str) -> None:
        self._tally.skipped[reason] += 1

    async def _call(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _key(repository: gitread.Repository, name: str, path: bytes) -> bytes:
    """Of an object at a path; a message has none."""
    return hashlib.blake2b(f"{repository.where}\0{name}\0".encode() + path, digest_size=20).digest()


def _take(steps: Iterator[gitread.Step]) -> list[gitread.Step]:
    taken: list[gitread.Step] = []
    changes = 0
    while changes < _TAKEN_CHANGES and len(taken) < _TAKEN_STEPS and (step := next(steps, None)):
        taken.append(step)
        changes += len(step.changes)
    return taken


def _batch(pieces: Iterator[gitread.Piece]) -> list[gitread.Piece]:
    taken: list[gitread.Piece] = []
    size = 0
    while size < _BATCH_BYTES and len(taken) < _BATCH_PIECES and (piece := next(pieces, None)):
        taken.append(piece)
        size += len(piece.data)
    return taken


def _close(steps: Generator[gitread.Step, None, None], reader: gitread.BlobReader) -> None:
    reader.close()
    steps.close()
