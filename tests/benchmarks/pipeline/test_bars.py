"""What the pipeline's figures are held against."""

import pytest

from benchmarks.pipeline.bars import judged, speedup


def case(**changes):
    match = {"per_cpu_s": 40_000, "mb_per_cpu_s": 80.0, "per_s": 30_000, "gigahertz": 3.0}
    peaks = {"match-1": 140.0, "match-1 scanning": 40.0, "alert-1": 900.0}
    return {"bus": "kafka", "bytes": 2048, "matchers": 1, "match": match, "peak_mb": peaks} | changes


def latency(**changes):
    return {"bus": "kafka", "p99_s": 0.2, "pages": 180, "expected": 180} | changes


def oks(*stages, rows=()):
    return [check["ok"] for check in judged(stages, rows).values()]


@pytest.mark.parametrize(("clock", "ok"), [(2.4, True), (3.8, True), (3.9, False), (None, True)])
def test_a_fast_clock_helps_nobody_over_the_bar(clock, ok):
    match = {"per_cpu_s": 40_000, "mb_per_cpu_s": 80.0, "per_s": 1, "gigahertz": clock}
    assert oks(case(match=match)) == [ok, True]


@pytest.mark.parametrize(("megabytes", "ok"), [(90.0, False), (113.0, True)])
def test_large_documents_are_counted_in_megabytes(megabytes, ok):
    match = {"per_cpu_s": 1, "mb_per_cpu_s": megabytes, "per_s": 1, "gigahertz": 3.0}
    assert oks(case(bytes=20480, match=match)) == [ok, True]


def test_any_process_of_the_matcher_may_be_too_large():
    assert oks(case(peak_mb={"match-1": 140.0, "match-2 scanning": 401.0})) == [True, False]


def test_a_page_that_never_came_is_no_good_latency():
    assert oks(rows=[latency()]) == [True]
    assert oks(rows=[latency(p99_s=2.5)]) == [False]
    assert oks(rows=[latency(pages=179)]) == [False]


def test_several_matchers_are_compared_with_one_on_the_same_bus():
    two = {"per_cpu_s": 1, "mb_per_cpu_s": 1, "per_s": 54_000, "gigahertz": 3.0}
    told = speedup([case(), case(bus="embedded"), case(matchers=2, match=two)])
    assert told == {"2 matchers on kafka, 2048 bytes": 1.8}
