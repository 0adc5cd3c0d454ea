"""Versions of files: what one looks like from outside, its git blob id, its content in bounded windows.

Blocking; everything raises OSError when the file cannot be read any more. Only the bytes that the version had are read: what is
appended meanwhile belongs to the next version.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

from monitor.sizes import PART_BYTES, PART_OVERLAP
from monitor.walking import open_regular


@dataclass(frozen=True, slots=True)
class Version:
    """A file as a look found it. `key` (20 bytes) changes with path, inode, size and time of change."""

    path: str
    size: int
    changed: float  # epoch seconds
    key: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """`data` begins at `offset` of the file, in its line `line` (from 1)."""

    data: bytes
    offset: int
    line: int


def version(path: str, info: os.stat_result) -> Version:
    text = f"{info.st_ino}\0{info.st_size}\0{info.st_mtime_ns}\0".encode() + os.fsencode(path)
    return Version(path, info.st_size, info.st_mtime, hashlib.blake2b(text, digest_size=20).digest())


def blob_id(of: Version) -> str:
    """The git blob id of its content (40 hex), read in windows."""
    digest = hashlib.sha1(b"blob %d\0" % of.size, usedforsecurity=False)
    left = of.size
    for data in _windows(of, PART_BYTES, PART_BYTES):
        digest.update(data)
        left -= len(data)
    if left:
        raise OSError("the file has become shorter")
    return digest.hexdigest()


def parts(of: Version) -> Iterator[Part]:
    """The content in windows of at most PART_BYTES; each begins PART_OVERLAP before the end of the one before."""
    kept, offset, line = b"", 0, 1
    for fresh in _windows(of, PART_BYTES, PART_BYTES - PART_OVERLAP):
        data = kept + fresh
        yield Part(data, offset, line)
        kept = data[-PART_OVERLAP:]
        begun = len(data) - len(kept)
        line += data.count(b"\n", 0, begun)
        offset += begun


def _windows(of: Version, first: int, size: int) -> Iterator[bytes]:
    """One of at most `first` bytes, then those of at most `size`."""
    with os.fdopen(open_regular(of.path), "rb", buffering=0) as file:
        left, most = of.size, first
        while left and (data := file.read(min(most, left))):
            left, most = left - len(data), size
            yield data
