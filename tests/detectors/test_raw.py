from __future__ import annotations

from dataclasses import dataclass

import hyperscan

from detectors.compiler import Expression, build
from detectors.raw import RawScanner
from detectors.secondlook import BEHIND, GATE
from detectors.stats import Budget


@dataclass(frozen=True)
class Built:
    first: hyperscan.Database
    second: hyperscan.Database


def raw(**budget: int) -> RawScanner:
    first = [Expression(0, "loud", 0), Expression(1, "rare", 0), Expression(GATE, "gate", 0)]
    second = [Expression(0, "loud", 0), Expression(2, "waiting", 0)]
    return RawScanner(Built(build(first), build(second)), Budget(**budget))


def test_hits_are_expression_and_end() -> None:
    scanner = raw()

    assert sorted(scanner.scan(b"rare loud")) == [(0, 9), (1, 4)]
    assert not scanner.overflowed()
    assert scanner.scan(b"") == []


def test_a_scan_stops_beyond_its_budget_and_the_quiet_one_shares_out() -> None:
    scanner = raw(hits=5)
    text = b"loud " * 50 + b"rare"

    assert len(scanner.scan(text)) == 6
    assert scanner.overflowed()
    kept, left_out = scanner.scan_quietly(text, lambda _: 3)
    assert kept == [(0, 4), (0, 9), (0, 14), (1, 254)]
    assert left_out == {0: 47}
    assert scanner.scan(b"rare") == [(1, 4)]
    assert not scanner.overflowed()


def test_around_a_gate_the_second_database_looks_and_a_hit_of_both_is_one() -> None:
    scanner = raw()
    far = b" " * 2 * BEHIND
    text = b"waiting" + far + b"loud gate waiting" + far + b"gate" + far + b"waiting"

    assert sorted(scanner.scan(text)) == [(0, 7 + len(far) + 4), (2, 7 + len(far) + 17)]
    assert scanner.scan(b"waiting") == []


def test_the_quiet_scan_looks_twice_too_and_shares_out_what_it_finds() -> None:
    text = b"gate waiting " * 50

    kept, left_out = raw(hits=5).scan_quietly(text, lambda _: 3)

    assert kept == [(2, 12), (2, 25), (2, 38)]
    assert left_out == {2: 47}
