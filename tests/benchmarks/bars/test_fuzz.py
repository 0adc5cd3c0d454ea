"""The fuzz loop finds what is wrong, and the scanner has nothing of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from acme_rules import ruleset, scanner
from benchmarks.bars import fuzz
from detectors import Finding, Scanner, load_rules

EXECUTIONS = 20_000  # `python -m benchmarks.bars.fuzz` does 10 million


class Broken:
    """A scanner with a fault: it raises, or tells a wrong place, where the text holds `XY`."""

    def __init__(self, *, raises: bool) -> None:
        self._raises = raises

    def scan(self, data: bytes) -> tuple[Finding, ...]:
        found = scanner().scan(data)
        if b"XY" not in data:
            return found
        if self._raises:
            raise ValueError
        return tuple(replace(f, end=f.end + 1) for f in found)

    def scan_many(self, datas: Sequence[bytes]) -> list[tuple[Finding, ...]]:
        return [self.scan(data) for data in datas]


def test_the_shipped_rules_stand_it() -> None:
    rules = load_rules()
    fuzzer = fuzz.Fuzzer(
        Scanner(rules), fuzz.corpus(rules, seed=1), seed=random.SystemRandom().getrandbits(32)
    )
    tally = fuzzer.run(EXECUTIONS)
    assert tally.executions >= EXECUTIONS
    assert tally.findings > EXECUTIONS / 100  # the texts are not broken beyond all rules
    assert tally.failures == []


@pytest.mark.parametrize(("raises", "what"), [(True, "raises ValueError"), (False, "acme-token: the secret")])
def test_a_fault_is_found_and_told_small_and_without_plain_text(raises: bool, what: str) -> None:
    token = b"acme_" + bytes(random.Random(1).choices(b"abcdefghijklmnopqrstuvwxyz0123456789", k=30))
    fuzzer = fuzz.Fuzzer(Broken(raises=raises), [], seed=1)  # type: ignore[arg-type]
    fuzzer.batch([b"a" * 500, b"left XY = " + token + b" right\n" * 30, b"b"])
    (failure,) = fuzzer.tally.failures
    assert failure.what.startswith(what)
    assert len(failure.shape) < 60
    assert token.decode() not in failure.shape


def test_a_corpus_has_every_example_twice_and_mutations_stay_in_bounds() -> None:
    texts = fuzz.corpus(ruleset(), seed=1)
    assert len(texts) == 2 * sum(len(entry.examples) for entry in (*ruleset().rules, *ruleset().sets))
    rng = random.Random(3)
    made = [fuzz.mutated(texts, rng) for _ in range(500)]
    assert max(map(len, made)) <= fuzz.LONGEST
    assert len(set(made)) > 400
