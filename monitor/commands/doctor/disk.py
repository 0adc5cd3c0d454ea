"""Room for what the service writes: bus, store, ledger, all in the state folder."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from monitor import app
from monitor.commands.doctor.check import Check, Found, Patient, fail, ok, warn
from monitor.config import Config

_MIB: Final = 1024**2
_GIB: Final = 1024**3
_STORE: Final = 1 * _GIB  # that a busy store may grow to
_LEAST: Final = 512 * _MIB  # below it a burst of documents ends the collecting within minutes
_TRIED: Final = 1 * _MIB  # what is written to see whether writing works
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def look(patient: Patient) -> Found:
    folder = _existing(patient.config.state)
    room = patient.room(folder)
    free = room.f_bavail * room.f_frsize
    wanted, what = _wanted(patient.config)
    if room.f_files and not room.f_favail:
        found = f"disk full: {folder} can take no further file, all {room.f_files} inodes are in use"
        yield fail("disk", found, "delete what is not needed there, or move `state` to another file system")
    elif free < _LEAST:
        found = f"disk full: {_size(free)} free at {folder}, {_size(_LEAST)} is the least, {_size(wanted)} may be used ({what})"
        yield fail(
            "disk", found, f"free {_size(max(wanted, _LEAST) - free)} there, or move `state` to a larger disk"
        )
    elif refused := _refused(folder):
        yield refused
    elif free < wanted:
        found = f"{_size(free)} free at {folder}, {_size(wanted)} more may be used ({what})"
        yield warn("disk", found, f"free {_size(wanted - free)} there, or lower bus.documents_gib")
    else:
        yield ok("disk", f"{_size(free)} free at {folder}, {_size(wanted)} more may be used ({what})")


def _wanted(config: Config) -> tuple[int, str]:
    """What may still be written, and of what."""
    wanted, what = _STORE, "the store"
    if config.bus.kind == "embedded":
        wanted += sum(topic.retention_bytes for topic in app.topics(config))
        what = "the topics of the bus, bus.documents_gib the largest, and the store"
    used = sum(size for size in _sizes(config.state))
    return max(0, wanted - used), what


def _sizes(folder: Path) -> Iterator[int]:
    """Of every file below; what vanishes meanwhile, or may not be looked into, takes none."""
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                yield os.lstat(Path(root) / name).st_size
            except OSError:
                continue


def _refused(folder: Path) -> Check | None:
    """A quota or a limit of the process shows only when one writes. The file has no name and is gone when it is closed."""
    if not os.access(folder, os.W_OK):
        return None  # another check says so
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            os.posix_fallocate(file.fileno(), 0, _TRIED)
    except OSError as error:
        if error.errno in _FULL:
            found = f"disk full: {folder} takes no MiB more ({os.strerror(error.errno or 0).lower()})"
            advice = f"raise the quota or limit (`quota`, `ulimit -f`), or free {_size(_STORE)} there"
            return fail("disk", found, advice)
        found = f"{folder} cannot be written ({(error.strerror or 'an error').lower()})"
        return fail("disk", found, "see `dmesg` and how that file system is mounted (`findmnt`)")
    return None


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _size(count: float) -> str:
    return f"{count / _GIB:.1f} GiB" if count >= _GIB else f"{count / _MIB:.0f} MiB"
