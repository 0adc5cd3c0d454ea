from __future__ import annotations

from collections.abc import Mapping

from detectors.costs import Cost
from monitor.matcher.account import Account, resident_bytes


class Spending:
    def __init__(self) -> None:
        self.asked = 0

    def costs(self) -> Mapping[str, Cost]:
        self.asked += 1
        return {"acme-token": Cost(3, 0.5)}


def test_once_a_second_and_nothing_is_lost_in_between() -> None:
    now, scanner = [10.0], Spending()
    account = Account(scanner, lambda: now[0])
    assert account.due() == {}
    now[0] += 0.9
    assert account.due() == {}
    assert scanner.asked == 0  # it stays in the scanner's account
    now[0] += 0.2
    told = account.due()
    assert told["costs"] == {"acme-token": [3, 0.5]}
    assert told["resident"] > 1024**2
    assert account.due() == {}


def test_resident_is_this_process() -> None:
    before = resident_bytes()
    held = bytearray(64 * 1024**2)
    assert resident_bytes() - before > 32 * 1024**2
    assert held
