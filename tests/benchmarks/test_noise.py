"""What the noise record says of a scan's findings."""

from __future__ import annotations

from pathlib import Path

from benchmarks.noise import summary


def test_by_rule_with_a_few_places_each() -> None:
    hits = [{"rule": "a", "path": f"/t/x{n}", "line": n, "preview": "p"} for n in range(9)]
    hits.append({"rule": "b", "path": "/t/y", "line": 1, "preview": "q"})
    told = summary(hits, 50.0, Path("/t"))
    assert told["findings_per_100_mb"] == 20.0
    assert {rule: seen["findings"] for rule, seen in told["rules"].items()} == {"a": 9, "b": 1}
    assert [place["path"] for place in told["rules"]["a"]["places"]] == ["x0", "x1", "x2", "x3", "x4"]
    assert summary([], 0.0, Path("/t"))["findings_per_100_mb"] == 0.0
