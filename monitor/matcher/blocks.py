"""Files read one after another into one buffer and scanned in one call.

No stat, no mapping, no copy: open, read into the reused buffer, close; a newline between two files; Hyperscan once a mebibyte.
Only a file with findings is copied out. Larger files go through the same buffer in overlapping parts. Everything is scanned,
binaries too; the scanner unpacks archives and compressed files, one larger than a part from the file itself. Only what is compressed in a
way that nobody here unpacks is left out (told by its first bytes), since nothing can be read in it as it lies.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO, FileIO
from typing import TYPE_CHECKING, Final

from detectors import Scanner
from monitor.sizes import PART_BYTES, PART_OVERLAP

if TYPE_CHECKING:
    from detectors import Finding
    from monitor.contracts import Document

Read = Callable[[memoryview], int]  # fills a beginning of it and says how much; 0 at the end; raises OSError
_BLOCK: Final = 1 << 20  # bytes of a buffer that are scanned in one call
_HEAD: Final = 512  # bytes of a container that stand for it
_NEWLINE: Final = 0x0A
_HELD: Final = 256 * 1024 * 1024  # of a container that comes as a stream
_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# Where no byte of the text stands as it was. Not: archives that may store, images and sounds (their comments are plain text), and
# LZ4, whose literals are plain. Random bytes cost a tenth of what text costs (1.6 GB/s a core against 0.17).
_COMPRESSED: Final = (
    b"\x28\xb5\x2f\xfd",  # zstd: not in the standard library of the Pythons that are supported
    b"wOF2",
)


@dataclass(frozen=True, slots=True)
class Found:
    """A document (a file, or a part of a large one) and what was found in it; offsets are the content's."""

    document: Document
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class Progress:
    """What a scan did so far. Counters only grow; readable from other threads at any time."""

    files: int = 0
    bytes: int = 0
    skipped: Counter[str] = field(default_factory=Counter)  # files and folders left out, by reason
    dropped: Counter[str] = field(default_factory=Counter)  # candidates the scanner dropped, by reason

    def add(self, other: Progress) -> None:
        self.files += other.files
        self.bytes += other.bytes
        self.skipped.update(other.skipped)
        self.dropped.update(other.dropped)

    def clear(self) -> None:
        self.files = self.bytes = 0
        self.skipped.clear()
        self.dropped.clear()


class BlockReader:
    """A buffer, the files in it, and the scanner that reads them. For one thread; blocking.

    What cannot be read is counted in `progress.skipped`; an error of the scanner itself is raised.
    """

    def __init__(self, scanner: Scanner, progress: Progress) -> None:
        self._scanner = scanner
        self._progress = progress
        self._buffer = bytearray(_BLOCK + PART_BYTES + 1)
        self._view = memoryview(self._buffer)
        self._at = 0
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._paths: list[str] = []

    def add(self, path: str) -> Iterator[Found]:
        """Read `path`; scan the buffer when there is enough in it."""
        try:
            handle = os.open(path, _FLAGS)
        except OSError:
            self._progress.skipped["unreadable_file"] += 1
            return
        try:
            yield from self.read(lambda room: os.readv(handle, [room]), path, handle)
        finally:
            os.close(handle)

    def read(self, read: Read, path: str, handle: int | None = None) -> Iterator[Found]:
        """As `add`, of what `read` gives; it is called from here only. `handle`: where the same can be read again."""
        start = self._at
        try:
            size = self._fill(read, start, PART_BYTES)
            if self._buffer.startswith(_COMPRESSED, start, start + size):
                self._progress.skipped["compressed"] += 1
                return
            if size == PART_BYTES:
                from detectors.containers import (  # at the first large file: unpackers take a while to load
                    HEAD,
                    kind_of,
                )

                if kind_of(bytes(self._view[start : start + HEAD])):
                    yield from self._container(path, read, start, handle)
                else:
                    yield from self._large(path, read, start)
                return
        except OSError:
            self._progress.skipped["unreadable_file"] += 1
            return
        self._progress.files += 1
        self._progress.bytes += size
        self._starts.append(start)
        self._ends.append(start + size)
        self._paths.append(path)
        self._buffer[start + size] = _NEWLINE
        self._at = start + size + 1
        if self._at >= _BLOCK:
            yield from self.flush()

    def flush(self) -> Iterator[Found]:
        """Scan what is in the buffer."""
        starts, ends, paths = self._starts, self._ends, self._paths
        found = self._scanner.scan_spans(self._view[: self._at], starts, ends)
        self._progress.dropped.update(self._scanner.last.dropped)
        results = [
            Found(_document(paths[index], bytes(self._view[starts[index] : ends[index]])), findings)
            for index, findings in found.items()
        ]
        self._at, self._starts, self._ends, self._paths = 0, [], [], []
        yield from results

    def _container(self, path: str, read: Read, start: int, handle: int | None) -> Iterator[Found]:
        """A container of `PART_BYTES` bytes or more: its members; and its own bytes unless the members are all there is."""
        source = self._held(read, start) if handle is None else FileIO(handle, closefd=False)
        size = source.seek(0, os.SEEK_END)
        if handle is None and size > _HELD:
            self._progress.skipped["container_too_large"] += 1
            return
        inside = self._scanner.scan_container(source, size)
        self._progress.dropped.update(self._scanner.last.dropped)
        if inside is not None and inside.findings:
            head = bytes(self._view[start : start + _HEAD])
            yield Found(_document(path, head), tuple(inside.findings))
        if inside is not None and inside.whole:
            self._progress.files += 1
            self._progress.bytes += size
            return
        source.seek(PART_BYTES)
        yield from self._large(path, lambda room: source.readinto(room) or 0, start)

    def _held(self, read: Read, start: int) -> BytesIO:
        """The rest of a stream, its first part before it; a little over `_HELD` bytes where it is longer."""
        held = BytesIO(self._view[start : start + PART_BYTES])
        held.seek(PART_BYTES)
        room = memoryview(bytearray(_BLOCK))
        while held.tell() <= _HELD and (size := read(room)):
            held.write(room[:size])
        return held

    def _large(self, path: str, read: Read, start: int) -> Iterator[Found]:
        """A file of `PART_BYTES` bytes or more, in parts that overlap; they stand behind the files that wait in the buffer."""
        self._progress.files += 1
        size, kept, offset, line = PART_BYTES, 0, 0, 1
        while size > kept:
            self._progress.bytes += size - kept
            data = bytes(self._view[start : start + size])
            # whether more follows is only known after the next read: it comes into the buffer, `data` is a copy
            following = self._fill_after(read, start, size)
            findings = self._scanner.scan(data)
            self._progress.dropped.update(self._scanner.last.dropped)
            more = following > PART_OVERLAP
            if findings:
                document = _document(path, data, offset=offset, line=line, overlap=kept, more=more)
                yield Found(document, findings)
            begun = size - PART_OVERLAP
            line += data.count(b"\n", 0, begun)
            offset += begun
            size, kept = following, PART_OVERLAP

    def _fill_after(self, read: Read, start: int, size: int) -> int:
        """Move the overlap to the front and read on behind it; how many bytes there are then."""
        if size < PART_BYTES:  # the file ended in the part before
            return 0
        self._buffer[start : start + PART_OVERLAP] = self._buffer[start + size - PART_OVERLAP : start + size]
        return PART_OVERLAP + self._fill(read, start + PART_OVERLAP, PART_BYTES - PART_OVERLAP)

    def _fill(self, read: Read, at: int, most: int) -> int:
        """Read up to `most` bytes into the buffer: usually two calls, the second one says that this was all."""
        end = at
        while end < at + most and (size := read(self._view[end : at + most])):
            end += size
        return end - at


def _document(
    path: str, content: bytes, *, offset: int = 0, line: int = 1, overlap: int = 0, more: bool = False
) -> Document:
    from monitor.contracts import Document, Provenance  # with the first finding

    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return Document(
        source="scan",
        id=text,
        content=content,
        fetched_at=0.0,
        provenance=Provenance(forge="file", path=text),
        offset=offset,
        line=line,
        overlap=overlap,
        more=more,
    )
