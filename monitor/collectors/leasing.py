"""Who runs which source, when several collectors share one state folder: a lock file for each source, held as long as it runs.

The locks are the kernel's (flock): a process that dies, however it dies, holds nothing a moment later. Collectors on other hosts have
other state folders and other memories; what they share is not a source.
"""

from __future__ import annotations

import fcntl
import math
import os
import secrets
from pathlib import Path
from typing import Final

_MEMBER: Final = "member-"


class Leases:
    """For one process. All but the constructor are quick: nothing waits for a lock. Raises OSError as files do."""

    def __init__(self, folder: Path) -> None:
        """Make the folder (0700) and be a member of those who share it, until `close`."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._held: dict[str, int] = {}
        self._name = f"{_MEMBER}{os.getpid()}-{secrets.token_hex(4)}"
        self.take(self._name)

    def take(self, name: str) -> bool:
        """Whether it is ours now (or was)."""
        if name in self._held:
            return True
        handle = os.open(self._path(name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._held[name] = handle
        return True

    def release(self, name: str) -> None:
        """Let the next one have it. Nothing happens when it is not ours."""
        handle = self._held.pop(name, None)
        if handle is not None:
            os.close(handle)

    def fair_share(self, count: int) -> int:
        """How many of `count` sources one member should run. Removes what dead members left."""
        members = 0
        for path in self._folder.glob(f"{_MEMBER}*.lock"):
            name = path.name.removesuffix(".lock")
            if name not in self._held and self.take(name):
                path.unlink(missing_ok=True)
                self.release(name)
            else:
                members += 1
        return math.ceil(count / max(1, members))

    def close(self) -> None:
        """Idempotent."""
        self._path(self._name).unlink(missing_ok=True)
        for name in list(self._held):
            self.release(name)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.lock"
