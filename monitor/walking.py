"""Walking foreign folders: never through a symbolic link, never into a device or FIFO, and saying what was left out."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from typing import Final

Skipped = Callable[[str, str], None]  # reason, path

_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def walk(
    root: str, skipped: Skipped, *, enter: Callable[[os.DirEntry[str]], bool] = lambda _: True
) -> Iterator[os.DirEntry[str]]:
    """Every regular file below the folder `root`, the names of a folder in order. Blocking.

    Folders that `enter` refuses are passed over in silence; what cannot be read or is no file is told to `skipped`
    (unreadable_folder, unreadable_file, symlink, special_file).
    """
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=_name)
        except OSError:
            skipped("unreadable_folder", folder)
            continue
        inner = []
        for entry in entries:
            try:
                if entry.is_file(follow_symlinks=False):
                    yield entry
                elif entry.is_dir(follow_symlinks=False):
                    if enter(entry):
                        inner.append(entry.path)
                else:
                    skipped("symlink" if entry.is_symlink() else "special_file", entry.path)
            except OSError:
                skipped("unreadable_file", entry.path)
        folders.extend(reversed(inner))


def open_regular(path: str) -> int:
    """A descriptor for reading. Blocking, but never waits for a FIFO. Raises OSError, also when it is no regular file."""
    handle = os.open(path, _FLAGS)
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    raise OSError("not a regular file")


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name
