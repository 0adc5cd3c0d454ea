from __future__ import annotations

import pytest

from monitor.collectors.tally import Tally, estimate_lost


@pytest.mark.parametrize(
    ("times", "before", "expected"),
    [
        ([], 100.0, 0),
        ([200.0], None, 0),
        ([100.0, 101.0], 100.0, 0),
        ([99.0], 100.0, 0),
        ([160.0] * 300, 100.0, 59 * 300),  # 300 within a second, 59 whole seconds between
        ([160.0, 162.0], 100.0, 39),
    ],
)
def test_estimate(times: list[float], before: float | None, expected: int) -> None:
    assert estimate_lost(times, before) == expected


def test_the_event_says_what_was_expected() -> None:
    tally = Tally(since=100.0, listed=10, fetched=5, known=3, lost=20, overlap=3)
    tally.skipped["budget"] += 2
    event = tally.event("s", 90.0)
    assert (event.since, event.until) == (100.0, 100.0)  # a clock that was set back makes no negative span
    assert (event.expected, event.listed, event.fetched, event.lost, event.overlap) == (27, 10, 5, 20, 3)
    assert event.skipped == {"budget": 2}
