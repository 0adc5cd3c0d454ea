"""Own secrets at stream speed: 1,000,000 fingerprints, 10,000 of them with selectors, 500 planted in three encodings among ordinary documents.

python -m benchmarks.bars.own_secrets [--seed N] [--rounds N]

Two scanning processes get the same jobs in turn, as the matcher gives them: one with the file of own secrets, one without. Each plant must
be told with its own name and nothing else as own; strangers' secrets that begin alike are planted, too. Judged: the CPU time that each process takes
for a round, as the median of the rounds' own ratios, and how much more memory the one with the secrets holds. Also: no plain text in the
file, the cache or an answer.
Two minutes. Prints its progress, writes docs/evidence/own-secrets.json; exit status 0 when every check holds, else 1.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import hyperscan
import orjson

from benchmarks import evidence
from benchmarks.bars.judging import Checks
from benchmarks.bars.ownplants import (
    DOCUMENTS,
    FINGERPRINTS,
    SELECTORS,
    Plant,
    documents,
    fingerprinted,
    strangers,
)
from detectors import load_rules
from monitor.contracts import Document
from monitor.identity import KeyRing
from monitor.matcher.frames import Answer, JobItem
from monitor.matcher.owntable import OwnTable
from monitor.matcher.pool import PoolSettings, ScanPool
from monitor.metrics import Metrics

FOLDER: Final = evidence.WORK / "own-secrets"
SHARE: Final = 0.85
MEMORY_BYTES: Final = 200 * 10**6
_JOB: Final = 128
_WINDOW: Final = 12  # characters of a plant that may stand nowhere


@dataclass(slots=True)
class Process:
    """One scanning process, by what it took."""

    pool: ScanPool
    pid: int
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def used(self) -> float:
        """CPU seconds so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, name: str) -> int:
        """Bytes: VmRSS, VmHWM."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":"))


async def _round(jobs: Sequence[Sequence[JobItem]], processes: Sequence[Process]) -> None:
    """Each job by each process in turn: what else the machine does strikes all alike."""
    before = [process.used() for process in processes]
    spent = [0.0] * len(processes)
    for number, job in enumerate(jobs):
        for index in sorted(range(len(processes)), key=lambda n: (n + number) % len(processes)):
            began = time.perf_counter()
            await processes[index].pool.scan(job, patience=100.0)
            spent[index] += time.perf_counter() - began
    for process, used, seconds in zip(processes, before, spent, strict=True):
        process.cpu.append(process.used() - used)
        process.wall.append(seconds)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status. Blocks for minutes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bars.own_secrets")
    parser.add_argument("--seed", type=int, default=1, help="of secrets and documents")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved passes over the documents")
    given = parser.parse_args(arguments)
    checks = Checks()
    figures = asyncio.run(_bar(random.Random(given.seed), given.rounds, checks))
    for name, result in checks.results.items():
        print(f"{'ok  ' if result['ok'] else 'FAIL'} {name}")
    body = {"passed": checks.passed, "checks": checks.results, "seed": given.seed, **figures}
    print(evidence.write("own-secrets", body))
    return 0 if checks.passed else 1


async def _bar(rng: random.Random, rounds: int, checks: Checks) -> dict[str, Any]:
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "cache").mkdir(parents=True)
    keys = KeyRing.of(rng.randbytes(32))
    rules = await asyncio.to_thread(load_rules)
    path = FOLDER / "own.txt"
    plants, made = await asyncio.to_thread(fingerprinted, rng, keys, rules, path)
    began = time.perf_counter()
    table = await asyncio.to_thread(OwnTable.open, [path], FOLDER / "cache")
    packed = time.perf_counter() - began
    checks.add(
        "a million fingerprints, ten thousand with selectors",
        len(table) == FINGERPRINTS and made["selectors"] == SELECTORS,
        **made,
    )
    others = strangers(rng, plants, rules)
    jobs = _jobs(documents(rng, [*plants, *others]))
    size = sum(len(item.content) for job in jobs for item in job)
    print(f"{DOCUMENTS} documents, {size / 1e6:.0f} MB, {len(plants)} plants, {len(others)} strangers'")
    settings = PoolSettings(cache_dir=FOLDER / "cache", memory_bytes=1 << 31)
    async with ScanPool(replace(settings, own=[path]), keys, Metrics()):
        pass  # the databases are made once, and not by one of the two
    async with (
        ScanPool(settings, keys, Metrics()) as bare,
        ScanPool(replace(settings, own=[path]), keys, Metrics()) as full,
    ):
        without, with_own = (Process(pool, pid) for pool, pid in zip((bare, full), _children(), strict=True))
        answers = [await full.scan(job, patience=100.0) for job in jobs]
        _judge_plants(checks, answers, plants)
        for job in jobs:
            await bare.scan(job, patience=100.0)
        for number in range(rounds):
            await _round(jobs, (without, with_own))
            print(f"round {number + 1}: {without.cpu[-1]:.2f} s without, {with_own.cpu[-1]:.2f} s with")
        more = {name: with_own.memory(name) - without.memory(name) for name in ("VmRSS", "VmHWM")}
    shares = [a / b for a, b in zip(without.cpu, with_own.cpu, strict=True)]
    share = statistics.median(shares)
    checks.add(
        "throughput at least 0.85 of without",
        share >= SHARE,
        median=round(share, 3),
        rounds=[round(s, 3) for s in shares],
    )
    checks.add("less than 200 MB more memory", max(more.values()) < MEMORY_BYTES, bytes_more=more)
    _judge_plain_text(checks, plants, [event for answer in answers for _, _, event in answer.events])
    return {
        "documents": DOCUMENTS,
        "megabytes": round(size / 1e6, 1),
        "megabytes_a_cpu_second": {
            "without": round(size / 1e6 / statistics.median(without.cpu), 1),
            "with": round(size / 1e6 / statistics.median(with_own.cpu), 1),
        },
        "wall_share": round(
            statistics.median(a / b for a, b in zip(without.wall, with_own.wall, strict=True)), 3
        ),
        "file_bytes": path.stat().st_size,
        "seconds_to_pack_once": round(packed, 1),
    }


def _jobs(documents: Sequence[tuple[str, bytes]]) -> list[list[JobItem]]:
    items = []
    for name, content in documents:
        message = Document(source="bar", id=name, content=content, fetched_at=0.0).message()
        items.append(JobItem(message.headers["m"], content))
    return [items[at : at + _JOB] for at in range(0, len(items), _JOB)]


def _judge_plants(checks: Checks, answers: Sequence[Answer], plants: Sequence[Plant]) -> None:
    told: dict[str, set[str]] = {}
    wrong = []
    for answer in answers:
        for _, _, body in answer.events:
            event = orjson.loads(body)
            if event.get("own"):
                told.setdefault(event["document_id"], set()).update(event["own"])
            elif event["rule"] == "own-secret":
                wrong.append(event["document_id"])
    expected = {f"plant-{number}": {plant.name} for number, plant in enumerate(plants)}
    missed = [plants[int(name.rpartition("-")[2])] for name in expected if told.get(name) != expected[name]]
    checks.add(
        "all plants are found, in each encoding, by their names",
        not missed,
        found=len(expected) - len(missed),
        missed=[f"{plant.name} {plant.encoding}" for plant in missed],
    )
    others = sorted(told.keys() - expected.keys())
    checks.add("nothing else is told as own", not others and not wrong, others=others, wrong=wrong)


def _judge_plain_text(checks: Checks, plants: Sequence[Plant], events: Sequence[bytes]) -> None:
    """Not in the file, the cache or what the process answered. Of a plant the selector is in the file, in hexadecimal."""
    places = {
        str(path.relative_to(FOLDER)): path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()
    }
    places["answers"] = b"\n".join(events)
    windows = {
        plant.value[at : at + _WINDOW] for plant in plants for at in range(len(plant.value) - _WINDOW + 1)
    }
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(expressions=list(windows), ids=list(range(len(windows))), flags=0, literal=True)
    shown = [name for name, content in places.items() if _has(database, content)]
    checks.add("no plain text in file, cache and answers", not shown, places=sorted(places), shown=shown)


def _has(database: hyperscan.Database, content: bytes) -> bool:
    found: list[int] = []
    database.scan(content, lambda identity, *_: found.append(identity))
    return bool(found)


def _children() -> list[int]:
    """The processes that this one started, in order."""
    text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return sorted(map(int, text.split()))


if __name__ == "__main__":
    sys.exit(main())
