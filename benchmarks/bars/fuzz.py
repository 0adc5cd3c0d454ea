"""`python -m benchmarks.bars.fuzz`: millions of broken texts through the scanner.

The corpus is every rule's examples, plain and encoded; a text is one of them, or two, with some bytes flipped, inserted, deleted,
doubled, cut or replaced by interesting ones. For each: no exception, no scan beyond its time, every span inside the text, and a value that was not
decoded is what stands in its span. What fails is made smaller and told by its shape, never as it stands. Writes docs/evidence/fuzz.json.
"""

from __future__ import annotations

import argparse
import base64
import multiprocessing
import os
import random
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

from benchmarks import evidence
from detectors import Finding, Part, Scanner, load_rules
from detectors.model import CredentialSet, Rule
from detectors.ruleset import RuleSet
from detectors.synthetic import samples

BATCH: Final = 64  # documents of one call
SECONDS: Final = 0.25  # CPU of one document
LONGEST: Final = 2_000  # bytes of one
_FAILURES: Final = 20  # told in full
_OTHER: Final = "{}: the secret is not what stands in its span"
_SHRINKS: Final = 400  # scans spent on one failure
_INTERESTING: Final = (
    b"\0", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\n", b"\r\n", b"\r", b"\\n", b"\\", b"%", b"%00", b"\\u0000", b"=", b"==", b":", b"@", b"://",
    b"-----BEGIN ", b"-----END ", b"eyJ", b"\x80", b"\xc3", b"'", b'"', b"`", b"{{", b"}}", b"${", b"<", b"+", b"@@ -1,2 +1,2 @@\n",
)  # fmt: skip


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
    slowest: float = 0.0  # CPU seconds of the slowest document that was timed alone
    slowest_batch: float = 0.0
    failures: list[Failure] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.executions += other.executions
        self.findings += other.findings
        self.bytes += other.bytes
        self.slowest = max(self.slowest, other.slowest)
        self.slowest_batch = max(self.slowest_batch, other.slowest_batch)
        self.failures += other.failures


def corpus(rules: RuleSet, *, seed: int) -> list[bytes]:
    """Every example, as it stands and in one of the encodings that the decoders read."""
    rng = random.Random(seed)
    entries: tuple[Rule | CredentialSet, ...] = (*rules.rules, *rules.sets)
    texts = [made.text for entry in entries for made in samples(entry, rules, (seed,))]
    return [*texts, *(rng.choice(_ENCODINGS)(text) for text in texts)]


def _utf16(text: bytes) -> bytes:
    return b"\xff\xfe" + text.decode("latin-1").encode("utf-16-le")


_ENCODINGS: Final[tuple[Callable[[bytes], bytes], ...]] = (
    base64.b64encode,
    lambda text: base64.b64encode(base64.b64encode(text)),
    lambda text: text.hex().encode(),
    lambda text: b"".join(b"%%%02x" % byte for byte in text),
    lambda text: b"".join(b"\\x%02x" % byte for byte in text),
    _utf16,
)


def mutated(texts: Sequence[bytes], rng: random.Random) -> bytes:
    """One text of the corpus, changed in one to six places."""
    data = bytearray(rng.choice(texts)[:LONGEST])
    for _ in range(rng.randint(1, 6)):
        rng.choice(_MUTATIONS)(data, rng, texts)
    return bytes(data[:LONGEST])


def _flip(data: bytearray, rng: random.Random, _texts: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _set(data: bytearray, rng: random.Random, _texts: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.randrange(256)


def _insert(data: bytearray, rng: random.Random, _texts: Sequence[bytes]) -> None:
    at = rng.randint(0, len(data))
    data[at:at] = rng.choice(_INTERESTING) * rng.choice((1, 1, 1, 2, 30))


def _delete(data: bytearray, rng: random.Random, _texts: Sequence[bytes]) -> None:
    at = rng.randint(0, len(data))
    del data[at : at + rng.randint(1, 12)]


def _double(data: bytearray, rng: random.Random, _texts: Sequence[bytes]) -> None:
    at = rng.randint(0, len(data))
    piece = data[at : at + rng.randint(1, 60)]
    data[at:at] = piece * rng.choice((1, 1, 2, 8))


def _cut(data: bytearray, rng: random.Random, _texts: Sequence[bytes]) -> None:
    if rng.random() < 0.5:
        del data[rng.randint(0, len(data)) :]
    else:
        del data[: rng.randint(0, len(data))]


def _splice(data: bytearray, rng: random.Random, texts: Sequence[bytes]) -> None:
    other = rng.choice(texts)[:LONGEST]
    at = rng.randint(0, len(data))
    data[at:] = other[rng.randint(0, len(other)) :] if rng.random() < 0.5 else other


_MUTATIONS: Final = (_flip, _set, _insert, _delete, _double, _cut, _splice)


class Fuzzer:
    """One scanner fed with one stream of texts. For one process."""

    def __init__(self, scanner: Scanner, texts: Sequence[bytes], *, seed: int) -> None:
        self._scanner = scanner
        self._texts = texts
        self._rng = random.Random(seed)
        self.tally = Tally()

    def run(self, executions: int) -> Tally:
        """At least so many texts, in whole batches."""
        while self.tally.executions < executions:
            self.batch([mutated(self._texts, self._rng) for _ in range(BATCH)])
        return self.tally

    def batch(self, documents: Sequence[bytes]) -> None:
        tally = self.tally
        tally.executions += len(documents)
        tally.bytes += sum(map(len, documents))
        began = time.thread_time()
        try:
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
            findings = self._scanner.scan(document)
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
    if not finding.decoded and not all(document[p.start : p.end] == p.secret for p in places):
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


def _process(work: tuple[int, int]) -> Tally:
    executions, seed = work
    rules = load_rules()
    return Fuzzer(Scanner(rules), corpus(rules, seed=seed), seed=seed).run(executions)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bars.fuzz", description=__doc__)
    parser.add_argument("--executions", type=int, default=10_000_000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=None, help="default: fresh texts")
    given = parser.parse_args(arguments)
    first = random.SystemRandom().randrange(1 << 32) if given.seed is None else given.seed
    rules = load_rules()
    Scanner(rules)  # fills the cache for the others
    share = -(-given.executions // (given.jobs * 10))  # ten corpora a process
    whole, began = Tally(), time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
        for tally in pool.imap_unordered(_process, [(share, first + n) for n in range(given.jobs * 10)]):
            whole.add(tally)
            sys.stdout.write(f"{whole.executions} texts, {len(whole.failures)} failures\n")
            sys.stdout.flush()
    seconds = time.perf_counter() - began
    body = {
        "checks": {
            "no_failure": not whole.failures,
            "all_executed": whole.executions >= given.executions,
        },
        "rules": len(rules),
        "seed": first,
        "jobs": given.jobs,
        "seconds": seconds,
        "a_second": whole.executions / seconds,
        "budget_seconds": SECONDS,
        **asdict(whole),
    }
    path = evidence.write("fuzz", body)
    sys.stdout.write(f"{whole.executions / seconds:.0f} a second; {path.relative_to(evidence.ROOT)}\n")
    for failure in whole.failures:
        sys.stdout.write(f"FAIL {failure.what}: {failure.shape!r}\n")
    return 1 if whole.failures else 0


if __name__ == "__main__":
    sys.exit(main())
