"""What a process that holds plain text does at its start: no core dump, no tracing, limits on memory and CPU."""

from __future__ import annotations

import ctypes
import os
import resource
from typing import Final

_PR_SET_DUMPABLE: Final = 4
_PR_SET_PDEATHSIG: Final = 1


def no_core_dumps() -> None:
    """Core dumps off and, on Linux, not traceable by other processes of the same user."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(_PR_SET_DUMPABLE, 0)


def limit_memory(extra_bytes: int) -> None:
    """Let the address space of this process grow by at most `extra_bytes` from here; beyond that allocations fail.

    A limit that is lower already stays: nobody may raise it.
    """
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - a pseudo file
        pages = int(file.read().split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + extra_bytes
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def die_with_parent(signal_number: int) -> None:
    """Ask the kernel to send `signal_number` when the parent ends (Linux), so that no scanning process outlives a kill -9."""
    _prctl(_PR_SET_PDEATHSIG, signal_number)


def _prctl(option: int, value: int) -> None:
    try:
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
    except (OSError, AttributeError):  # not Linux: the other limits still hold
        return
