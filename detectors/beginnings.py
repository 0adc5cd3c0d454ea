"""What a document begins with that is not read as it lies: containers, and text in UTF-16.

Here and not with those who read them, so that a scanner tells a plain document without loading an unpacker.
"""

from __future__ import annotations

from typing import Final

from detectors.buffers import Buffer

SQLITE: Final = b"SQLite format 3\0"
CONTAINERS: Final = (
    (b"\x1f\x8b\x08", "gzip"),
    *((b"BZh%d1AY&SY" % level, "bzip2") for level in range(1, 10)),
    (b"\xfd7zXZ\0", "xz"),
    (b"PK\3\4", "zip"),
    (SQLITE, "sqlite"),
)  # a tar archive is told by its inside
UTF16_LITTLE: Final = b"\xff\xfe"
UTF16_BIG: Final = b"\xfe\xff"
MARKS: Final = frozenset({UTF16_LITTLE, UTF16_BIG, *(magic[:2] for magic, _ in CONTAINERS)})  # two bytes each
FIRSTS: Final = frozenset(mark[0] for mark in MARKS)


def marked(buffer: Buffer, low: int, high: int) -> bool:
    """Whether buffer[low:high] may begin so. Nearly always one look at one byte."""
    return low < high and buffer[low] in FIRSTS and bytes(buffer[low : low + 2]) in MARKS
