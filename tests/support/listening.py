"""Which process of this machine listens on a port, so that a test can make it stand still."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LISTEN = "0A"  # the state column of /proc/net/tcp


@contextmanager
def standing_still(port: int) -> Iterator[None]:
    """Within, the process that listens on `port` is stopped: it keeps its connections and answers nothing. Raises LookupError."""
    pid = _listener(port)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _listener(port: int) -> int:
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(link.readlink()) in sockets:
                return int(link.parts[2])
        except OSError:
            continue  # it ended, or is not ours to look at
    raise LookupError(f"no process of this machine listens on port {port}")


def _inodes(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]
