from __future__ import annotations

from detectors.compiler import Expression, build
from detectors.raw import RawScanner
from detectors.stats import Budget


def raw(**budget: int) -> RawScanner:
    return RawScanner(build([Expression(0, "loud", 0), Expression(1, "rare", 0)]), Budget(**budget))


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
