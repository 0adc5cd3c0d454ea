"""The bytes of blobs, by `cat-file --batch`: one process for as many blobs as the caller likes, large ones in windows.

Blocking; for one thread at a time. Memory: one window.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from monitor.gitread.errors import GitError
from monitor.gitread.history import Skip
from monitor.gitread.process import Git, Process
from monitor.sizes import PART_BYTES, PART_OVERLAP

_GROUP: Final = 500  # ids written at once: less than a pipe holds


@dataclass(frozen=True, slots=True)
class Piece:
    """`data` begins at `offset` of the blob, in its line `line` (from 1). The next piece of the same blob begins
    PART_OVERLAP before the end of this one. `last` = the blob (or what the limit left of it) ends here.
    """

    blob: str
    data: bytes = field(repr=False)
    offset: int = 0
    line: int = 1
    last: bool = True


class BlobReader:
    """Reads blobs of one repository. After an exception or an abandoned `read` it starts afresh by itself."""

    def __init__(self, git: Git, skip: Skip, *, max_bytes: int = 256 * 1024**2) -> None:
        self._git = git
        self._skip = skip
        self._max = max_bytes
        self._process: Process | None = None
        self._clean = True  # no answer is outstanding

    def read(self, blobs: Sequence[str]) -> Iterator[Piece]:
        """The pieces of each blob, in order. What is missing, broken or beyond `max_bytes` is told to `skip`
        (missing_blob, unreadable_blob, blob_cut). Raises GitError when git does not answer at all.
        """
        for start in range(0, len(blobs), _GROUP):
            waiting = list(blobs[start : start + _GROUP])
            while waiting:
                yield from self._group(waiting)

    def _group(self, waiting: list[str]) -> Iterator[Piece]:
        """Answers `waiting` from its front; returns early, one blob further, when git died over one."""
        if not self._clean:
            self.close()
        self._clean = False
        if self._process is None:
            self._process = self._git.start("cat-file", "--batch", stdin=subprocess.PIPE)
        process = self._process
        try:
            process.write("".join(f"{blob}\n" for blob in waiting).encode())
            while waiting:
                yield from self._blob(process, waiting[0])
                del waiting[0]
        except GitError as error:
            if error.reason not in {"corrupt", "too_large"}:
                raise
            self._skip("unreadable_blob")
            del waiting[0]
            return
        self._clean = True

    def _blob(self, process: Process, blob: str) -> Iterator[Piece]:
        words = process.line().split(b" ")
        if words[-1] == b"missing":
            self._skip("missing_blob")
            return
        if len(words) != 3:  # nothing: it died over this one
            process.check()
        if len(words) != 3 or words[1] != b"blob":
            raise GitError("corrupt", "not a blob")
        size = int(words[2])
        wanted = min(size, self._max)
        if wanted < size:
            self._skip("blob_cut")
        yield from _pieces(process, blob, wanted)
        for left in range(size - wanted, 0, -PART_BYTES):
            process.exactly(min(left, PART_BYTES))
        process.exactly(1)

    def close(self) -> None:
        """End the process. Idempotent; `read` starts a new one."""
        if self._process is not None:
            self._process.close()
        self._process, self._clean = None, True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _pieces(process: Process, blob: str, size: int) -> Iterator[Piece]:
    data = process.exactly(min(size, PART_BYTES))
    offset, line, read = 0, 1, len(data)
    while read < size:
        yield Piece(blob, data, offset, line, last=False)
        kept = data[-PART_OVERLAP:]
        line += data.count(b"\n", 0, len(data) - len(kept))
        offset += len(data) - len(kept)
        fresh = process.exactly(min(size - read, PART_BYTES - len(kept)))
        data, read = kept + fresh, read + len(fresh)
    yield Piece(blob, data, offset, line)
