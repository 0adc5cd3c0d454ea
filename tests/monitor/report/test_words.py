"""Times and spans in sentences."""

from __future__ import annotations

import pytest

from alerting_samples import NOON
from monitor.report.words import count, length, moment, share


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"),
        (-5, "0 seconds"),
        (1, "1 second"),
        (59.6, "1 minute"),
        (90, "1 minute 30 seconds"),
        (3600, "1 hour"),
        (3605, "1 hour"),
        (8700, "2 hours 25 minutes"),
        (86_400 * 480 + 60, "480 days"),
        (86_400 + 3600 * 5 + 300, "1 day 5 hours"),
    ],
)
def test_the_two_largest_units_that_touch(seconds: float, said: str) -> None:
    assert length(seconds) == said


def test_moments_and_counts() -> None:
    assert moment(NOON) == "2023-11-15 12:00:00 UTC"
    assert moment(1e300) == f"{1e300:.0f} s"
    assert (count(1, "place"), count(2, "place"), share(0.5)) == ("1 place", "2 places", "50.0%")
