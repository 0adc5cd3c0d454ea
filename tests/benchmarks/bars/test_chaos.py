from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bars import kafka_chaos, pipeline
from benchmarks.bars.chaos import Kind, plan


@given(st.integers(0, 10_000), st.sampled_from([pipeline.KINDS, kafka_chaos.KINDS]))
def test_every_plan_has_all_faults_in_order_inside_the_traffic(seed, kinds):
    faults = plan(kinds, 20_000, seed)
    assert Counter(fault.what for fault in faults) == {kind.what: kind.count for kind in kinds}
    assert all(earlier.documents < later.documents for earlier, later in pairwise(faults))
    assert faults[0].documents > 0
    assert faults[-1].documents < 20_000
    choices = {kind.what: kind.choices for kind in kinds}
    assert all(fault.victims in choices[fault.what] for fault in faults)


@given(st.integers(0, 10_000), st.integers(1, 20))
def test_nobody_suffers_twice_before_everybody_has_once(seed, count):
    choices = [("a",), ("b",), ("c", "d")]
    suffered = Counter(fault.victims for fault in plan([Kind("kill", count, choices)], 100_000, seed))
    each = [suffered[victims] for victims in choices]
    assert sum(each) == count
    assert max(each) - min(each) <= 1


def test_a_seed_is_one_plan():
    kinds = pipeline.KINDS
    assert plan(kinds, 20_000, 7) == plan(kinds, 20_000, 7) != plan(kinds, 20_000, 8)
