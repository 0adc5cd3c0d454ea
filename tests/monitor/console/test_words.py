import pytest

from monitor.console.words import ago, clock, seconds_of, share, span, written

NOON = 1_700_049_600.0


def test_a_time_there_and_back():
    assert written(NOON) == "2023-11-15T12:00:00Z"
    assert seconds_of("2023-11-15T12:00:00Z") == NOON
    assert seconds_of("2023-11-15") == NOON - 43_200
    assert clock("2023-11-15T12:00:00Z") == "2023-11-15 12:00:00"
    assert clock("2023-11-15") == "2023-11-15"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (0.4, "0 s"), (59.6, "1 min"), (61, "1 min 1 s"), (3600, "1 h"), (3601, "1 h"), (8700, "2 h 25 min"), (90_000, "1 d 1 h"), (-5, "0 s")],
)  # fmt: skip
def test_a_span_in_its_two_largest_units(seconds, words):
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [("11:59:30", "30 s ago"), ("12:00:00", "now"), ("10:20:00", "1 h ago"), ("12:05:00", "in 5 min")],
)
def test_how_long_ago(at, words):
    assert ago(f"2023-11-15T{at}Z", NOON) == words


def test_a_share():
    assert (share(0.9731), share(None), share(0.0)) == ("97.3 %", "?", "0.0 %")
