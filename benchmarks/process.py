"""Run one command and account for it: CPU as the kernel charged it, and wall time.

Not its peak memory: the kernel counts what the parent had before the exec as well.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """Of a process and the children it waited for. Seconds."""

    status: int
    user: float
    system: float
    wall: float

    @property
    def cpu(self) -> float:
        return self.user + self.system


def run(
    command: Sequence[str],
    *,
    output: Path,
    cpu: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Usage:
    """Blocks until the command ended; its standard output goes to `output`, standard error is dropped.

    `cpu` pins it to one processor, so that two commands are measured alike.
    """
    started = time.perf_counter()
    with output.open("wb") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )
        if cpu is not None:
            os.sched_setaffinity(process.pid, {cpu})
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Usage(process.returncode, usage.ru_utime, usage.ru_stime, time.perf_counter() - started)
