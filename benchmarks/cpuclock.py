"""How fast the processor really ticks: figures of a CPU second say something only beside its clock.

A virtual machine tells a nominal frequency, or none. So a loop of known cycles is timed: each multiplication waits for the one
before, which takes 3 cycles on every x86-64 of the last fifteen years (Intel since Nehalem, AMD since Zen; Agner Fog's tables).
"""

from __future__ import annotations

import ctypes
import mmap
import platform
import time
from collections.abc import Callable
from typing import Final

_MULTIPLICATIONS: Final = 16  # a round; the loop's own two instructions run beside them
_CYCLES: Final = 3 * _MULTIPLICATIONS
_ROUNDS: Final = 400_000  # about 8 ms
_CODE: Final = (
    b"\x48\x89\xf9"  # mov rcx, rdi (the argument)
    b"\xb8\x03\x00\x00\x00"  # mov eax, 3
    + b"\x48\x0f\xaf\xc0" * _MULTIPLICATIONS  # imul rax, rax
    + b"\x48\xff\xc9"  # dec rcx
    + b"\x75"  # jnz, back to the first multiplication
    + (256 - 4 * _MULTIPLICATIONS - 5).to_bytes(1, "little")
    + b"\xc3"  # ret
)


def gigahertz(*, tries: int = 5) -> float | None:
    """Cycles of a CPU second as the kernel charges it just now: the best of `tries`, since other work can only take cycles away. None
    where it cannot be told: not an x86-64 with System V calls, or memory may not be made executable.
    """
    if platform.machine() != "x86_64" or platform.system() == "Windows":
        return None
    try:
        memory = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    except OSError:
        return None
    memory.write(_CODE)
    start = ctypes.c_char.from_buffer(memory)
    loop = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long)(ctypes.addressof(start))
    seconds = min(_timed(loop) for _ in range(tries))
    del start, loop
    memory.close()
    return round(_CYCLES * _ROUNDS / seconds / 1e9, 3)


def _timed(loop: Callable[[int], int]) -> float:
    began = time.thread_time()
    loop(_ROUNDS)
    return time.thread_time() - began
