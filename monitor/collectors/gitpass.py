"""One look at one git repository: what its refs reach now and did not reach at the end of the last look.

The git work is blocking and runs in one thread of its own; state and bus are asked in between. Each object's key is marked as
seen after the bus has it, and the refs are saved after everything: a pass that was killed is simply repeated.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from monitor import gitread
from monitor.collectors.base import SourceContext
from monitor.collectors.tally import Tally
from monitor.contracts import Place, Sighting
from monitor.gitread.documents import blob_document, message_document, text

_T = TypeVar("_T")
_TAKEN_CHANGES: Final = 500
_TAKEN_STEPS: Final = 200
_BATCH_BYTES: Final = 8 * 1024 * 1024
_BATCH_PIECES: Final = 256


@dataclass(slots=True)
class _New:
    """What a few steps of the history bring: blobs and messages not seen yet, and known blobs at further places."""

    blobs: dict[str, tuple[gitread.Commit | None, str]] = field(default_factory=dict)
    messages: list[gitread.Commit] = field(default_factory=list)
    again: dict[str, gitread.Commit | None] = field(default_factory=dict)


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
        self._leash = gitread.Leash()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="git")

    async def run(self) -> None:
        """Until everything new is on the bus, or the service stops. Raises GitError, Stopping."""
        try:
            repository = await self._call(self._open)
            where = repository.where
            known: list[str] = json.loads(await self._context.state.cursor(self._context.name, where) or "[]")
            if set(known) != set(repository.tips) and await self._read(repository, known):
                await self._context.emit(
                    coverage=[self._tally.event(self._context.name, self._context.now())],
                    cursor=json.dumps(sorted(repository.tips)),
                    cursor_name=where,
                )
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
        names = dict.fromkeys(change.blob for step in steps for change in step.changes)
        names |= dict.fromkeys(step.commit.id for step in steps if step.commit and step.first)
        keys = {_key(repository, name): name for name in names}
        unseen = {keys[key] for key in await self._context.state.unseen(self._context.name, list(keys))}
        new = _New()
        for step in steps:
            if step.commit and step.first and step.commit.id in unseen:
                new.messages.append(step.commit)
            for change in step.changes:
                path = text(change.path)
                if change.blob in unseen:
                    first = new.blobs.setdefault(change.blob, (step.commit, path))
                    if first[1] == path:
                        continue
                new.again.setdefault(change.blob, step.commit)
        self._tally.listed += len(names)
        self._tally.known += len(names) - len(unseen)
        return new

    async def _hand_over(self, repository: gitread.Repository, reader: gitread.BlobReader, new: _New) -> None:
        name = self._context.name
        pieces = reader.read(list(new.blobs))
        while some := await self._call(lambda: _batch(pieces)):
            documents = [
                blob_document(name, repository, piece, *new.blobs[piece.blob], now=self._context.now())
                for piece in some
                if piece.data
            ]
            done = [piece.blob for piece in some if piece.last]
            self._tally.fetched += len(done)
            await self._context.emit(documents, seen=[_key(repository, blob) for blob in done])
        messages = [
            message_document(name, repository, commit, now=self._context.now())
            for commit in new.messages
            if commit.message.strip()
        ]
        self._tally.fetched += len(new.messages)
        await self._context.emit(
            messages,
            sightings=[self._sighting(repository, blob, commit) for blob, commit in new.again.items()],
            seen=[_key(repository, commit.id) for commit in new.messages],
        )

    def _sighting(self, repository: gitread.Repository, blob: str, commit: gitread.Commit | None) -> Sighting:
        """Without path and author: a sighting passes no redactor, and people write secrets into file names too."""
        return Sighting(
            self._context.name,
            blob,
            self._context.now(),
            commit.time if commit else None,
            Place(
                forge=repository.forge,
                repository=repository.name,
                owner=repository.owner,
                url=repository.url,
                commit=commit.id if commit else "",
            ),
        )

    def _skip(self, reason: str) -> None:
        self._tally.skipped[reason] += 1

    async def _call(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _key(repository: gitread.Repository, name: str) -> bytes:
    return hashlib.blake2b(f"{repository.where}\0{name}".encode(), digest_size=20).digest()


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
