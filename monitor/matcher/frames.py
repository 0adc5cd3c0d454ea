"""The two frames between the matcher and its scanning process.

A job carries documents as they lie: their number and lengths first, then each document's metadata object and content. An answer
carries one JSON object and the bodies of the finding events. All integers are little-endian unsigned 32 bit; a frame is preceded by
its own length. Nothing here knows what is scanned.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import accumulate, chain, pairwise
from typing import Any, Final, NamedTuple

import orjson

_U32: Final = struct.Struct("<I")
MAX_FRAME: Final = 128 * 1024 * 1024  # the answer to 8 MiB of tokens has 50,000 events, 1 to 2 KiB each
MEMORY_EXIT: Final = 77  # exit status of a scanning process that ran into its memory limit


class JobItem(NamedTuple):
    """One document on its way to the scanner: its metadata object as JSON, its content."""

    meta: bytes
    content: bytes


class Answer(NamedTuple):
    """What the scanning process made of a job.

    `events` holds (index of the document in the job, bus key, body of the FindingEvent); `stats` counts by name; `refused` holds
    (index, reason) of documents whose metadata breaks the contract: they were not scanned.
    """

    events: Sequence[tuple[int, bytes, bytes]]
    stats: dict[str, Any]
    refused: Sequence[tuple[int, str]] = ()


class FrameError(Exception):
    """The other side sent something that is no frame."""


def job(items: Sequence[JobItem]) -> list[bytes]:
    """Pieces to write one after another; contents are not copied."""
    lengths = [len(piece) for item in items for piece in item]
    head = struct.pack(f"<{2 + len(lengths)}I", 4 + 4 * len(lengths) + sum(lengths), len(items), *lengths)
    return [head, *chain.from_iterable(items)]


def read_job(frame: bytes) -> list[JobItem]:
    """Raises FrameError."""
    try:
        (count,) = _U32.unpack_from(frame)
        lengths = struct.unpack_from(f"<{2 * count}I", frame, 4)
    except struct.error as error:
        raise FrameError("short job") from error
    bounds = list(accumulate(lengths, initial=4 + 8 * count))
    if bounds[-1] != len(frame):
        raise FrameError("job lengths do not add up")
    pieces = [frame[begin:end] for begin, end in pairwise(bounds)]
    return list(map(JobItem, pieces[::2], pieces[1::2]))


def answer(reply: Answer) -> bytes:
    """One frame with its length."""
    head = orjson.dumps(
        {
            "stats": reply.stats,
            "refused": reply.refused,
            "events": [(i, key.hex(), len(body)) for i, key, body in reply.events],
        }
    )
    body = b"".join(event[2] for event in reply.events)
    return _U32.pack(4 + len(head) + len(body)) + _U32.pack(len(head)) + head + body


def read_answer(frame: bytes) -> Answer:
    """Raises FrameError."""
    try:
        (length,) = _U32.unpack_from(frame, 0)
        head = orjson.loads(frame[4 : 4 + length])
        events, at = [], 4 + length
        for index, key, size in head["events"]:
            events.append((index, bytes.fromhex(key), frame[at : at + size]))
            at += size
        refused = [(index, reason) for index, reason in head["refused"]]
    except (struct.error, orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise FrameError("malformed answer") from error
    return Answer(events, head["stats"], refused)


def length(prefix: bytes) -> int:
    """The length of the frame that follows. Raises FrameError above MAX_FRAME."""
    (size,) = _U32.unpack(prefix)
    if size > MAX_FRAME:
        raise FrameError(f"frame of {size} bytes")
    return int(size)
