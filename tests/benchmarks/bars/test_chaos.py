from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bars.chaos import ALERTERS, MATCHERS, plan


@given(st.integers(0, 10_000))
def test_every_plan_has_all_kills_in_order_inside_the_traffic(seed):
    kills = plan(20_000, seed)
    assert Counter(kill.what for kill in kills) == {
        "matcher": 3, "alerter": 3, "alerters_delivering": 1, "scanning_process": 1,
    }  # fmt: skip
    assert all(earlier.documents < later.documents for earlier, later in pairwise(kills))
    assert kills[0].documents > 0
    assert kills[-1].documents < 20_000
    for kill in kills:
        assert set(kill.victims) <= set(ALERTERS if kill.what.startswith("alerter") else MATCHERS)


def test_a_seed_is_one_plan():
    assert plan(20_000, 7) == plan(20_000, 7) != plan(20_000, 8)
