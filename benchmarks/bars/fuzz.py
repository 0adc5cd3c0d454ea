"""`python -m benchmarks.bars.fuzz`: millions of broken texts through the scanner.

The corpus is every rule's examples, plain and encoded; a text is one of them, or two, with some bytes flipped, inserted, deleted,
doubled, cut or replaced by interesting ones. For each: no exception, no scan beyond its time, every span inside the text, and a value that was not
decoded is what stands in its span. What fails is made smaller and told by its shape, never as it stands.

Writes docs/evidence/fuzz.json after every chunk of texts; ended (Ctrl-C, SIGTERM, a crash) it goes on with `--resume`.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import random
import re
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Final

import orjson

from benchmarks import evidence
from benchmarks.bars.mutations import corpus, mutated
from detectors import Finding, Part, Scanner, load_rules

BATCH: Final = 128  # documents of one call
CHUNK: Final = 50_000  # texts between two notes of how far it is
_TEXTS_A_CORPUS: Final = 1_000_000  # to make one takes as long as 15,000 of them
SECONDS: Final = 0.25  # CPU of one document
_EVER: Final = 20.0  # seconds, of a batch too
_FAILURES: Final = 20  # told in full
_OTHER: Final = "{}: the secret is not what stands in its span"
_SHRINKS: Final = 400  # scans spent on one failure


@dataclass(frozen=True, slots=True)
class Failure:
    """`shape` is the smallest text that fails, letters as `a`, digits as `0`; what is not printable as `?`."""

    what: str
    shape: str


@dataclass(slots=True)
class Tally:
    executions: int = 0
    findings: int = 0
    bytes: int = 0
    cpu_seconds: float = 0.0  # mutating, scanning and judging, on one core
    slowest: float = 0.0  # CPU seconds of the slowest document that was timed alone
    slowest_batch: float = 0.0
    failures: list[Failure] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.executions += other.executions
        self.findings += other.findings
        self.bytes += other.bytes
        self.cpu_seconds += other.cpu_seconds
        self.slowest = max(self.slowest, other.slowest)
        self.slowest_batch = max(self.slowest_batch, other.slowest_batch)
        self.failures += other.failures


class Fuzzer:
    """One scanner fed with one stream of texts. For one process."""

    def __init__(self, scanner: Scanner, texts: Sequence[bytes], *, seed: int) -> None:
        self._scanner = scanner
        self._texts = texts
        self._rng = random.Random(seed)
        self.tally = Tally()

    def run(self, executions: int) -> Tally:
        """At least so many texts, in whole batches."""
        began = time.thread_time()
        while self.tally.executions < executions:
            self.batch([mutated(self._texts, self._rng) for _ in range(BATCH)])
        self.tally.cpu_seconds += time.thread_time() - began
        return self.tally

    def batch(self, documents: Sequence[bytes]) -> None:
        tally = self.tally
        tally.executions += len(documents)
        tally.bytes += sum(map(len, documents))
        began = time.thread_time()
        try:
            with _awake():
                found = self._scanner.scan_many(documents)
        except Exception:  # noqa: BLE001 - which one and why is found out one by one
            self._one_by_one(documents)
            return
        took = time.thread_time() - began
        tally.slowest_batch = max(tally.slowest_batch, took)
        if took > SECONDS:
            self._one_by_one(documents)
        for document, findings in zip(documents, found, strict=True):
            tally.findings += len(findings)
            if what := next(filter(None, (wrong(document, finding) for finding in findings)), ""):
                self._fail(document, what)

    def _one_by_one(self, documents: Sequence[bytes]) -> None:
        for document in documents:
            if what := self._judged(document):
                self._fail(document, what)

    def _judged(self, document: bytes) -> str:
        """What is wrong with the scan of one text, "" if nothing."""
        began = time.thread_time()
        try:
            with _awake():
                findings = self._scanner.scan(document)
        except TimeoutError:
            return "takes for ever"
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            return f"raises {type(error).__name__}"
        took = time.thread_time() - began
        self.tally.slowest = max(self.tally.slowest, took)
        if took > SECONDS:
            return "takes too long"
        return next(filter(None, (wrong(document, finding) for finding in findings)), "")

    def _fail(self, document: bytes, what: str) -> None:
        if len(self.tally.failures) < _FAILURES:
            smallest = shrunk(document, lambda text: self._judged(text) == what)
            self.tally.failures.append(Failure(what, shape(smallest)))


@contextmanager
def _awake() -> Iterator[None]:
    """Raises TimeoutError inside what takes for ever: one hanging text must not end the campaign in silence."""

    def ring(_: int, __: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, _EVER)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def wrong(document: bytes, finding: Finding) -> str:
    """What is wrong with a finding of this text, "" if nothing."""
    places: list[Finding | Part] = [finding, *finding.parts]
    if not all(0 <= place.start < place.end <= len(document) for place in places):
        return f"{finding.rule.id}: a span is not inside the text"
    if finding.records:  # its identity is its lines, in an order of its own
        lines = document[finding.start : finding.end]
        return (
            ""
            if finding.decoded or all(line in lines for line in finding.secret.split(b"\n"))
            else _OTHER.format(finding.rule.id)
        )
    plain = [] if finding.decoded else [place for place in places if not place.decoded]
    if not all(document[place.start : place.end] == place.secret for place in plain):
        return _OTHER.format(finding.rule.id)
    return ""


def shrunk(document: bytes, fails: Callable[[bytes], bool]) -> bytes:
    """The text without pieces that it needs not to fail: halves first, then smaller ones."""
    if not fails(document):
        return document  # it needs its batch: told as it is
    size, left = len(document) // 2, _SHRINKS
    while size and left > 0:
        at = 0
        while at < len(document) and left > 0:
            left -= 1
            shorter = document[:at] + document[at + size :]
            if fails(shorter):
                document = shorter
            else:
                at += size
        size //= 2
    return document


def shape(text: bytes) -> str:
    shown = re.sub(rb"[^ -~\n]", b"?", re.sub(rb"[0-9]", b"0", re.sub(rb"[A-Za-z]", b"a", text)))
    return shown.decode("ascii")


class _Worker:
    """What a process keeps from chunk to chunk."""

    def __init__(self) -> None:
        self._rules = load_rules()
        self._scanner = Scanner(self._rules)
        self._texts: tuple[int, Sequence[bytes]] = (-1, ())

    def chunk(self, seed: int, number: int, executions: int) -> Tally:
        made = number * executions // _TEXTS_A_CORPUS
        if self._texts[0] != made:
            self._texts = made, corpus(self._rules, seed=seed + made)
        return Fuzzer(self._scanner, self._texts[1], seed=(seed << 32) + number).run(executions)


_worker: _Worker | None = None


def _prepare() -> None:
    global _worker  # noqa: PLW0603 - a process of a pool has nowhere else to keep things
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    _worker = _Worker()


def _chunk(work: tuple[int, int, int]) -> Tally:
    assert _worker is not None
    return _worker.chunk(*work)


def campaign(
    executions: int, *, seed: int, jobs: int, first: int = 0, chunk: int = CHUNK, seconds: float = math.inf
) -> Generator[Tally, None, None]:
    """The tally of each chunk from number `first` on, in order, until there are `executions` texts in all or `seconds` of wall clock are
    over. The same seed gives the same texts. Ended early (`close`), it ends its processes. Before it a scanner
    must have been made, which fills the cache: else each process compiles the rules for itself.
    """
    stop = time.monotonic() + seconds
    work = [(seed, number, chunk) for number in range(first, -(-executions // chunk))]
    with multiprocessing.get_context("spawn").Pool(jobs, _prepare) as pool:
        for tally in pool.imap(_chunk, work):
            yield tally
            if time.monotonic() > stop:
                return


@dataclass(slots=True)
class Progress:
    """What docs/evidence/fuzz.json keeps, so that a run that was ended goes on."""

    rules: str  # digest: of other rules nothing is taken over
    seed: int
    chunks: int = 0
    seconds: float = 0.0
    tally: Tally = field(default_factory=Tally)

    @classmethod
    def kept(cls, rules: str) -> Progress | None:
        """That of a run with these rules that was ended, None where there is none."""
        path = evidence.FOLDER / "fuzz.json"
        body = orjson.loads(path.read_bytes()) if path.exists() else {}
        if body.get("rules_digest") != rules or body["checks"]["all_executed"]:
            return None
        tally = Tally(**{f.name: body[f.name] for f in fields(Tally)})
        tally.failures = [Failure(**failure) for failure in body["failures"]]
        return cls(rules, body["seed"], body["chunks"], body["seconds"], tally)

    def write(self, wanted: int, jobs: int) -> Path:
        return evidence.write(
            "fuzz",
            {
                "checks": {
                    "no_failure": not self.tally.failures,
                    "all_executed": self.tally.executions >= wanted,
                },
                "rules_digest": self.rules,
                "seed": self.seed,
                "chunks": self.chunks,
                "jobs": jobs,
                "seconds": self.seconds,
                "a_second": self.tally.executions / max(self.seconds, 1e-9),
                "a_cpu_second": self.tally.executions / max(self.tally.cpu_seconds, 1e-9),
                "budget_seconds": SECONDS,
                **asdict(self.tally),
            },
        )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bars.fuzz", description=__doc__)
    parser.add_argument("--executions", type=int, default=10_000_000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=None, help="default: fresh texts")
    parser.add_argument("--resume", action="store_true", help="go on where a run with these rules was ended")
    given = parser.parse_args(arguments)
    shipped = load_rules()
    Scanner(shipped)
    rules = shipped.digest
    seed = random.SystemRandom().randrange(1 << 32) if given.seed is None else given.seed
    progress = (Progress.kept(rules) if given.resume else None) or Progress(rules, seed)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.perf_counter() - progress.seconds
    chunks = campaign(given.executions, seed=progress.seed, jobs=given.jobs, first=progress.chunks)
    try:
        for tally in chunks:
            progress.tally.add(tally)
            progress.chunks += 1
            progress.seconds = time.perf_counter() - began
            done = progress.tally
            progress.write(given.executions, given.jobs)
            sys.stdout.write(
                f"{done.executions:,} texts, {done.executions / progress.seconds:,.0f} a second, {done.executions / done.cpu_seconds:,.0f} a CPU second, {done.findings:,} findings checked, "
                f"{len(done.failures)} failures, slowest {BATCH} {done.slowest_batch:.3f} s\n"
            )
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stdout.write("ended; --resume goes on\n")
    finally:
        chunks.close()
    for failure in progress.tally.failures:
        sys.stdout.write(f"FAIL {failure.what}: {failure.shape!r}\n")
    return 1 if progress.tally.failures or progress.tally.executions < given.executions else 0


if __name__ == "__main__":
    sys.exit(main())
