"""The steady part of a stage's work."""

import pytest

from benchmarks.pipeline.steady import Sample, steady


def looks(*done, cpu=lambda done: done / 100, every=1.0):
    return [Sample(at * every, count, {"parent": cpu(count)}) for at, count in enumerate(done)]


def test_a_slow_start_and_a_slow_end_do_not_count():
    samples = [
        Sample(0.0, 0, {"parent": 5.0}),
        Sample(1.0, 10, {"parent": 9.0}),
        Sample(2.0, 20, {"parent": 10.0}),
        Sample(3.0, 60, {"parent": 12.0}),
        Sample(4.0, 90, {"parent": 13.5}),
        Sample(9.0, 100, {"parent": 20.0}),
        Sample(10.0, 100, {"parent": 21.0}),
    ]
    rate = steady(samples)
    assert (rate.records, rate.wall, rate.cpu_seconds) == (70, 2.0, 3.5)
    assert rate.per_cpu_second == 20
    assert rate.per_second == 35


def test_each_process_is_told_apart():
    samples = [Sample(at, at * 10, {"parent": at * 1.0, "scanning": at * 3.0}) for at in range(10)]
    rate = steady(samples)
    assert rate.cpu["scanning"] == 3 * rate.cpu["parent"]


@pytest.mark.parametrize("done", [(), (5,), (0, 100), (0, 0, 100, 100)])
def test_too_few_looks_are_no_figure(done):
    with pytest.raises(ValueError, match="too quickly"):
        steady(looks(*done))
