"""Percentiles of the way from arrival to page."""

import pytest

from benchmarks.pipeline.latency import judged


def test_the_first_seconds_are_left_out_and_a_missing_page_shows():
    arrivals = {f"{number}.py": number / 10 for number in range(101)}
    came = {path: at + (9.0 if at < 2 else 0.5) for path, at in arrivals.items()}
    del came["50.py"]
    came["100.py"] += 2
    told = judged(arrivals, came)
    assert (told["expected"], told["pages"]) == (101, 100)
    assert told["p50_s"] == 0.5
    assert told["max_s"] == pytest.approx(2.5)
    assert 0.5 < told["p99_s"] < 2.5
