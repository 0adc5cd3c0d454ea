"""The frames between the matcher and its scanning process.

A job is two frames: the documents' number, lengths and metadata objects; then their contents one after another, a joint behind each, as
one buffer that the scanner reads where it lies. An answer is one: a JSON object and the bodies of the finding events. All integers are
little-endian unsigned 32 bit; a frame is preceded by its own length. Nothing here knows what is scanned.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import accumulate, chain, pairwise, repeat
from operator import add
from typing import Any, Final, NamedTuple

import orjson

_U32: Final = struct.Struct("<I")
JOINT: Final = b"\n\n"  # behind each content: no rule matches over it
MAX_FRAME: Final = 128 * 1024 * 1024  # the answer to 8 MiB of tokens has 50,000 events, 1 to 2 KiB each
MEMORY_EXIT: Final = 77  # exit status of a scanning process that ran into its memory limit


class JobItem(NamedTuple):
    """One document on its way to the scanner: its metadata object as JSON, its content."""

    meta: bytes
    content: bytes


class Job(NamedTuple):
    """What the scanning process gets: document i has metas[i] and contents[starts[i]:ends[i]]."""

    metas: Sequence[bytes]
    contents: bytes
    starts: Sequence[int]
    ends: Sequence[int]

    def content(self, number: int) -> bytes:
        return self.contents[self.starts[number] : self.ends[number]]


class Answer(NamedTuple):
    """What the scanning process made of a job.

    `events` holds (index of the document in the job, bus key, body of the FindingEvent), `sightings` the same of the Sightings of
    documents that are known; `stats` counts by name; `refused` holds (index, reason) of documents whose metadata breaks the contract:
    they were not scanned.
    """

    events: Sequence[tuple[int, bytes, bytes]]
    stats: dict[str, Any]
    refused: Sequence[tuple[int, str]] = ()
    sightings: Sequence[tuple[int, bytes, bytes]] = ()


class FrameError(Exception):
    """The other side sent something that is no frame."""


def job(items: Sequence[JobItem]) -> list[bytes]:
    """Pieces to write one after another; contents are not copied."""
    metas, contents = [item.meta for item in items], [item.content for item in items]
    lengths = [*map(len, metas), *map(len, contents)]
    about = b"".join((_numbers(len(items), *lengths), *metas))
    size = sum(map(len, contents)) + len(JOINT) * len(contents)
    return [
        _numbers(len(about)),
        about,
        _numbers(size),
        *chain.from_iterable(zip(contents, repeat(JOINT), strict=False)),
    ]


def read_job(about: bytes, contents: bytes) -> Job:
    """Raises FrameError."""
    try:
        (count,) = _U32.unpack_from(about)
        lengths = struct.unpack_from(f"<{2 * count}I", about, 4)
    except struct.error as error:
        raise FrameError("short job") from error
    bounds = list(accumulate(lengths[:count], initial=4 + 8 * count))
    ends = list(accumulate(map(len(JOINT).__add__, lengths[count:]), initial=0))
    if bounds[-1] != len(about) or ends[-1] != len(contents):
        raise FrameError("job lengths do not add up")
    metas = [about[begin:end] for begin, end in pairwise(bounds)]
    starts = ends[:-1]
    return Job(metas, contents, starts, list(map(add, starts, lengths[count:])))


def answer(reply: Answer) -> bytes:
    """One frame with its length."""
    head = orjson.dumps(
        {
            "stats": reply.stats,
            "refused": reply.refused,
            "events": [(i, key.hex(), len(body)) for i, key, body in reply.events],
            "sightings": [(i, key.hex(), len(body)) for i, key, body in reply.sightings],
        }
    )
    body = b"".join(event[2] for event in (*reply.events, *reply.sightings))
    return _numbers(4 + len(head) + len(body), len(head)) + head + body


def read_answer(frame: bytes) -> Answer:
    """Raises FrameError."""
    try:
        (length,) = _U32.unpack_from(frame, 0)
        head = orjson.loads(frame[4 : 4 + length])
        told, at = [], 4 + length
        for index, key, size in (*head["events"], *head["sightings"]):
            told.append((index, bytes.fromhex(key), frame[at : at + size]))
            at += size
        events, sightings = told[: len(head["events"])], told[len(head["events"]) :]
        refused = [(index, reason) for index, reason in head["refused"]]
    except (struct.error, orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise FrameError("malformed answer") from error
    return Answer(events, head["stats"], refused, sightings)


def length(prefix: bytes) -> int:
    """The length of the frame that follows. Raises FrameError above MAX_FRAME."""
    (size,) = _U32.unpack(prefix)
    if size > MAX_FRAME:
        raise FrameError(f"frame of {size} bytes")
    return int(size)


def _numbers(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)
