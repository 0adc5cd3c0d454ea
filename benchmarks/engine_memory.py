"""The scanner against its own database, in memory: what everything around Hyperscan costs.

The same documents, the same database, one thread; rounds of the two interleaved, CPU time, best and median. `python -m
benchmarks.engine` prints and stores it.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from detectors import Scanner
from detectors.cost import loudest

SIZES: Final = (20_000, 2_000)


@dataclass(frozen=True, slots=True)
class Speed:
    """MB/s of CPU time over all rounds."""

    best: float
    median: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Scanner and raw Hyperscan on the same documents. `ratio` is the median of the rounds' own ratios (1.0 = no cost)."""

    document_bytes: int
    documents: int
    raw: Speed
    scanner: Speed
    ratio: float
    findings: int


def files_of(tree: Path, total: int, *, seed: int = 1) -> list[bytes]:
    """Whole files of the tree, chosen at random, about `total` bytes of them."""
    paths = sorted(
        os.path.join(folder, name)  # noqa: PTH118 - a hundred thousand paths
        for folder, _, names in os.walk(tree)
        for name in names
    )
    random.Random(seed).shuffle(paths)
    found, size = [], 0
    for path in paths:
        if size >= total:
            break
        if not os.path.islink(path):  # noqa: PTH114
            content = Path(path).read_bytes()
            found.append(content)
            size += len(content)
    return found


def cut(files: Sequence[bytes], size: int) -> list[bytes]:
    """Documents of exactly `size` bytes out of the files, one after another."""
    text = b"\n".join(files)
    return [text[at : at + size] for at in range(0, len(text) - size + 1, size)]


def raw_speed(scanner: Scanner, documents: Sequence[bytes], *, rounds: int = 5) -> Speed:
    """Hyperscan alone, both looks, one call a document."""
    return _speed(documents, [_timed(scanner.hits, documents) for _ in range(rounds)])


def compare(scanner: Scanner, documents: Sequence[bytes], *, rounds: int = 7) -> Comparison:
    """Interleaved, so that a change of the machine's mood strikes both."""
    raw, whole = [], []
    for _ in range(rounds):
        raw.append(_timed(scanner.hits, documents))
        whole.append(_timed(scanner.scan, documents))
    return Comparison(
        document_bytes=len(documents[0]),
        documents=len(documents),
        raw=_speed(documents, raw),
        scanner=_speed(documents, whole),
        ratio=statistics.median(a / b for a, b in zip(raw, whole, strict=True)),
        findings=sum(len(scanner.scan(document)) for document in documents),
    )


def of_tree(scanner: Scanner, tree: Path, *, megabytes: int) -> dict[str, Any]:
    """The database's speed on a tree's files and what is loudest there, ready for JSON."""
    files = files_of(tree, megabytes * 1_000_000)
    speed = raw_speed(scanner, files)
    loud = loudest(scanner, files, count=len(scanner.rules))
    return {
        "megabytes": sum(map(len, files)) / 1e6,
        "raw_mb_s": {"best": speed.best, "median": speed.median},
        "hits_per_mb": sum(one.hits_per_mb for one in loud),
        "loudest": [{"name": one.name, "hits_per_mb": one.hits_per_mb} for one in loud[:10]],
    }


def measure(scanner: Scanner, tree: Path, *, megabytes: int = 60) -> dict[str, Any]:
    """The comparisons over one tree, ready for JSON."""
    comparisons = [compare(scanner, cut(files_of(tree, megabytes * 1_000_000), size)) for size in SIZES]
    return {
        "rules": len(scanner.rules),
        "documents": [
            {
                "bytes": c.document_bytes,
                "raw_mb_s": c.raw.best,
                "scanner_mb_s": c.scanner.best,
                "ratio": c.ratio,
                "findings": c.findings,
            }
            for c in comparisons
        ],
    }


def _timed(call: Callable[[bytes], object], documents: Sequence[bytes]) -> float:
    began = time.thread_time()
    for document in documents:
        call(document)
    return time.thread_time() - began


def _speed(documents: Sequence[bytes], times: Sequence[float]) -> Speed:
    megabytes = sum(map(len, documents)) / 1e6
    return Speed(best=megabytes / min(times), median=megabytes / statistics.median(times))
