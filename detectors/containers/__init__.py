"""Containers: documents of documents. Told by their first bytes, unpacked in memory and within a budget, never on disk.

Pure and synchronous. A member's name is only told in findings: nothing is ever opened by it. Compressed streams and archives are read
by the standard library's unpackers, a piece at a time; everything with a structure of its own (tar, zip, SQLite, office XML)
by the modules here, which check each length before they trust it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from detectors.beginnings import CONTAINERS
from detectors.containers import notebooks, office, sqlite, tars, zips
from detectors.containers.base import (
    PART,
    BrokenContainer,
    Member,
    Meter,
    OverBudget,
    Read,
    Source,
    exactly,
    in_parts,
)
from detectors.containers.streams import Unpacked

__all__ = [
    "HEAD",
    "NOTEBOOK",
    "WHOLE",
    "BrokenContainer",
    "Member",
    "Meter",
    "OverBudget",
    "Source",
    "kind_of",
    "members",
]

HEAD: Final = 512  # bytes that say what a container is
NOTEBOOK: Final = "notebook"
WHOLE: Final = frozenset(
    {"gzip", "bzip2", "xz", "zip", "tar"}
)  # kinds whose members are all that can be read in them


def kind_of(head: bytes) -> str:
    """Which container begins so, "" if none. `head` is the first HEAD bytes."""
    for magic, kind in CONTAINERS:
        if head.startswith(magic):
            return kind
    return "tar" if tars.is_tar(head) else ""


def members(kind: str, file: Source, meter: Meter) -> Iterator[Member]:
    """What is in it, in order. Raises BrokenContainer and OverBudget, behind the members that came before; nothing else on any bytes."""
    match kind:
        case "zip":
            yield from _of_zip(file, meter)
        case "sqlite":
            yield from sqlite.members(file, meter)
        case "tar":
            file.seek(0)
            yield from tars.members(partial(_paid, file.read, meter), meter)
        case "notebook":
            file.seek(0)
            yield from notebooks.members(exactly(file.read, PART), meter)
        case _:
            file.seek(0)
            yield from _of_stream(Unpacked(kind, file.read, meter).read, meter)


def _of_stream(read: Read, meter: Meter) -> Iterator[Member]:
    """The stream's text, or the members of the tar archive in it."""
    ahead = _Ahead(read)
    if not tars.is_tar(ahead.peek(HEAD)):
        yield from in_parts("", ahead.read)
        return
    for member in tars.members(ahead.read, meter):
        yield Member(f"tar:{member.name}", member.data)


def _of_zip(file: Source, meter: Meter) -> Iterator[Member]:
    """A member that cannot be read does not hide the others; the first such reason is raised at the end."""
    listed, stopped = _listed(file, meter)
    document = any(entry.name == office.CONTENT_TYPES for entry in listed)
    shared: list[bytes] = []
    for entry in sorted(listed, key=lambda entry: entry.name != office.SHARED) if document else listed:
        try:
            for member in zips.members(file, entry, meter):
                if document and entry.name == office.SHARED:
                    shared = office.strings(member.data)
                elif document and office.is_sheet(entry.name):
                    yield Member(member.name, office.sheet(member.data, shared))
                elif document and office.is_text(entry.name):
                    yield Member(member.name, office.text(member.data))
                else:
                    yield member
        except BrokenContainer as error:
            stopped = stopped or error
    if stopped is not None:
        raise stopped


def _listed(file: Source, meter: Meter) -> tuple[list[zips.Entry], BrokenContainer | OverBudget | None]:
    """The members of an archive that are within the budget, and why not all."""
    listed: list[zips.Entry] = []
    try:
        listed.extend(zips.entries(file, meter))
    except (BrokenContainer, OverBudget) as error:
        return listed, error
    return listed, None


def _paid(read: Read, meter: Meter, size: int) -> bytes:
    data = read(size)
    meter.pay(len(data))
    return data


class _Ahead:
    """A stream whose first bytes may be looked at before they are read."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._held = b""

    def peek(self, size: int) -> bytes:
        """Fewer where the stream ends or breaks: reading on says why."""
        while len(self._held) < size:
            try:
                data = self._read(size - len(self._held))
            except (BrokenContainer, OverBudget):
                break
            if not data:
                break
            self._held += data
        return self._held[:size]

    def read(self, size: int) -> bytes:
        if self._held:
            data, self._held = self._held[:size], self._held[size:]
            return data
        return self._read(size)
