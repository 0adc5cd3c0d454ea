import pytest

from ledgers import NOON
from monitor.commands import spans
from monitor.commands.errors import Failure


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5m", 300), ("24h", 86_400), ("7d", 604_800), ("2w", 1_209_600), (" 0s ", 0)],
)
def test_spans(text, seconds):
    assert spans.seconds(text) == seconds
    assert spans.since(text, now=NOON) == NOON - seconds


@pytest.mark.parametrize("text", ["", "5", "m", "-5m", "5 m", "1h30m", "٣m", "5M"])
def test_what_is_no_span(text):
    with pytest.raises(Failure, match="write 90s, 5m, 24h or 7d"):
        spans.seconds(text)


def test_since_a_time():
    assert spans.since("2023-11-15T11:00", now=NOON) == NOON - 3600
    assert spans.since("2023-11-15T12:00+02:00", now=NOON) == NOON - 7200
    assert spans.since("36500d", now=NOON) == 0.0
    with pytest.raises(Failure, match="lies ahead"):
        spans.since("2023-11-15T12:00", now=NOON)
    with pytest.raises(Failure, match="is no time"):
        spans.since("yesterday", now=NOON)


@pytest.mark.parametrize(
    ("at", "date", "before", "span"),
    [
        ("11:59", "", 60, 60.0),
        ("11:59:30", "", 30, 1.0),
        ("12:00", "2023-11-14", 86_400, 60.0),
        ("2023-11-15T11:58", "", 120, 60.0),
        ("2023-11-15T11:58:01Z", "", 119, 1.0),
    ],
)
def test_a_moment_is_a_minute_or_a_second(at, date, before, span):
    assert spans.moment(at, date, now=NOON) == (NOON - before, span)


@pytest.mark.parametrize(
    ("at", "date", "said"),
    [
        ("12:01", "", "lies ahead .2023-11-15 12:01:00 UTC.: name another day"),
        ("25:00", "", "there is no such time"),
        ("14:61", "", "there is no such time"),
        ("noon", "", "is no time"),
        ("12:00", "15.11.", "a day is written"),
        ("2023-11-15T11:58", "2023-11-14", "with --date it is a time of day"),
    ],
)
def test_what_is_no_moment(at, date, said):
    with pytest.raises(Failure, match=said):
        spans.moment(at, date, now=NOON)


def test_keys_and_what_is_shown():
    assert spans.public_key(" " + "AB" * 32) == "ab" * 32
    for text in ("", "ab" * 31, "xy" * 32):
        with pytest.raises(Failure, match="64 hex digits"):
            spans.public_key(text)
    assert spans.shown(NOON + 0.9) == "2023-11-15 12:00:00"
    assert (spans.length(90.4), spans.length(0.0)) == ("0:01:30", "")
    assert spans.shown(1e18) == "1000000000000000000 s"
    assert "days" in spans.length(1e300)
