"""What must arrive is made out without the service; the service's own arithmetic says the same."""

from __future__ import annotations

import pytest

from alerting_samples import exposure
from benchmarks.bars.alerters import Leak
from benchmarks.bars.paging_plan import PASSES, key, plan
from benchmarks.bars.stream import OWNER
from monitor.alerting.exposures.states import idempotency_key
from monitor.alerting.notifiers.base import Change


@pytest.mark.parametrize(("change", "opening"), [("opened", 1), ("closed", 1), ("reopened", 2)])
def test_a_key_is_what_the_service_makes_of_it(change: str, opening: int) -> None:
    row = exposure("a", opening=opening)
    assert key(row.id, opening, change) == idempotency_key(row, Change(change))
    assert key(row.id, 1, "escalated", 1246) == idempotency_key(exposure("a", rank=1246), Change.ESCALATED)


def test_every_leak_is_found_and_told_as_its_kind_demands() -> None:
    planned = plan(leaks=200, findings=4000)
    assert len(planned.first) == 4000
    assert {found.leak for found in planned.first} == set(range(200))
    assert not planned.ranked & planned.closing
    wanted = planned.expected()
    counted = planned.counted()
    assert counted["opened"] == 180
    assert counted["closed"] == counted["reopened"] == len(planned.closing) == 8
    assert 0 < counted["escalated"] < len(planned.ranked)
    for number in planned.strangers:
        assert key(Leak(number, OWNER).fingerprint, 1, "opened") not in wanted
    assert len(planned.alerts()) == 188


def test_the_passes_say_the_same_in_another_order_and_the_last_one_has_the_new_places() -> None:
    planned = plan(leaks=50, findings=500)
    passes = list(planned.passes())
    assert len(passes) == PASSES
    assert sorted(passes[0]) == sorted(passes[1]) != passes[1]
    assert {found.leak for found in passes[-1] if found.place == -1} == planned.closing
    assert len(set(passes[0])) < len(passes[0])  # some say the same again


def test_the_same_seed_is_the_same_plan() -> None:
    assert plan(leaks=50, findings=500) == plan(leaks=50, findings=500)
