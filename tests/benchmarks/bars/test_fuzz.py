"""The fuzz loop finds what is wrong, and the scanner has nothing of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from acme_rules import scanner
from benchmarks import evidence
from benchmarks.bars import fuzz
from detectors import Finding, Scanner, load_rules

EXECUTIONS = 200_000  # `python -m benchmarks.bars.fuzz` does 10 million
SECONDS = 40.0  # on a machine that is slower or has other work, as many as this allows


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


@pytest.mark.timeout(300)  # of which a machine with other work takes most to compile and to render
def test_the_shipped_rules_stand_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(evidence.ROOT))  # its processes find `benchmarks` by the path alone
    seed = random.SystemRandom().getrandbits(32)
    whole = fuzz.Tally()
    Scanner(load_rules())
    for tally in fuzz.campaign(EXECUTIONS, seed=seed, jobs=2, chunk=10_000, seconds=SECONDS):
        whole.add(tally)
    assert whole.failures == [], seed
    assert whole.executions >= 10_000
    assert whole.findings > whole.executions / 100  # the texts are not broken beyond all rules


@pytest.mark.parametrize(("raises", "what"), [(True, "raises ValueError"), (False, "acme-token: the secret")])
def test_a_fault_is_found_and_told_small_and_without_plain_text(raises: bool, what: str) -> None:
    token = b"acme_" + bytes(random.Random(1).choices(b"abcdefghijklmnopqrstuvwxyz0123456789", k=30))
    fuzzer = fuzz.Fuzzer(Broken(raises=raises), [], seed=1)  # type: ignore[arg-type]
    fuzzer.batch([b"a" * 500, b"left XY = " + token + b" right\n" * 30, b"b"])
    (failure,) = fuzzer.tally.failures
    assert failure.what.startswith(what)
    assert len(failure.shape) < 60
    assert token.decode() not in failure.shape


def test_a_run_that_was_ended_goes_on_with_the_texts_that_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "FOLDER", tmp_path)
    assert fuzz.Progress.kept("ab") is None
    failure = fuzz.Failure("raises ValueError", "aa 0")
    ended = fuzz.Progress("ab", 7, 3, 1.5, fuzz.Tally(300, 20, 9_000, 1.4, 0.1, 0.2, [failure]))
    ended.write(1_000, 2)
    assert fuzz.Progress.kept("ab") == ended
    assert fuzz.Progress.kept("cd") is None
    ended.write(300, 2)
    assert fuzz.Progress.kept("ab") is None  # it is finished: the next one begins anew
