"""What a measuring process tells the benchmark about itself, and how the benchmark runs one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Final

import orjson

from benchmarks.bars.fleet import peak_bytes
from benchmarks.cpuclock import gigahertz
from benchmarks.evidence import ROOT
from benchmarks.pipeline.steady import Rate

_PATIENCE_SECONDS: Final = 600.0


def figures(rate: Rate, size: int) -> dict[str, Any]:
    """A rate of documents (or findings) of `size` bytes, ready for JSON, with the clock of just now: see `at_2_4_ghz`."""
    return {
        "gigahertz": gigahertz(),
        "records": rate.records,
        "cpu_s": round(rate.cpu_seconds, 3),
        "cpu_s_of": {name: round(seconds, 3) for name, seconds in rate.cpu.items()},
        "wall_s": round(rate.wall, 3),
        "per_cpu_s": round(rate.per_cpu_second),
        "mb_per_cpu_s": round(rate.per_cpu_second * size / 1e6, 1),
        "per_s": round(rate.per_second),
    }


def at_2_4_ghz(figure: float, clock: float | None) -> float | None:
    """What a figure of a CPU second would be at the clock that the targets are stated for."""
    return figure * 2.4 / clock if clock else None


def tell(rate: Rate, size: int) -> None:
    """Print the figures of this process, with its peak of memory, for `asked`."""
    print(orjson.dumps({**figures(rate, size), "peak_mb": round(peak_bytes(os.getpid()) / 1e6, 1)}).decode())


def asked(module: str, *arguments: object) -> dict[str, Any]:
    """What `python -m module arguments` tells. Blocks. Raises CalledProcessError, TimeoutExpired."""
    command: Sequence[str] = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=_PATIENCE_SECONDS)
    told: dict[str, Any] = orjson.loads(done.stdout.splitlines()[-1])
    return told
