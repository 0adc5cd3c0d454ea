from dataclasses import replace

from monitor.console.coverage import Lane, Seen
from monitor.console.coverage_picture import HEIGHT, WIDTH, lanes, ticks
from monitor.coverage.blind import Interval
from monitor.coverage.summary import Row

NOON = 1_700_049_600.0
ROW = Row("git", "", NOON, 100.0, 80.0, 125.0, 50.0, 50.0, 50.0, {}, 0.0, 0.0, 0.5, 0.4, 0.625)


def seen(*found, since=NOON - 3600, width=300.0):
    return Seen(since, NOON, width, found, (), 0, 1)


def test_a_bar_has_its_share_and_its_interval():
    (lane,) = lanes(seen(Lane("git", ROW, [ROW, None, replace(ROW, capture=1.0, capture_low=1.0)], [])))
    assert lane.top == "100 %"
    first, full = lane.bars
    assert (first.x, first.y, first.height) == (0.0, HEIGHT / 2, HEIGHT / 2)
    assert (first.high, first.band) == (16.5, 9.9)
    assert (full.y, full.height) == (0.0, HEIGHT)
    assert full.x == WIDTH / 6
    assert lane.says == "git: 50.0 % seen, between 40.0 % and 62.5 %; never blind"
    assert "50.0 % seen (40.0 % to 62.5 %), 50 listed" in first.words


def test_a_firehose_has_a_scale_of_its_own():
    small = replace(ROW, capture=0.031, capture_low=0.029, capture_high=0.033)
    (lane,) = lanes(seen(Lane("git", small, [small], [])))
    assert lane.top == "5 %"
    assert lane.bars[0].height > HEIGHT / 2


def test_a_blind_second_is_seen():
    dark = [
        Interval("git", "", NOON - 1800, NOON - 1799, "outage"),
        Interval("git", "", NOON - 900, NOON, "limit", "archive"),
    ]
    (lane,) = lanes(seen(Lane("git", replace(ROW, blind_seconds=901.0), [ROW], dark)))
    assert [(each.width, each.filled, each.words) for each in lane.dark] == [
        (2.0, False, "blind for 1 s: outage"),
        (WIDTH / 4, True, "blind for 15 min: limit"),
    ]
    assert lane.says.endswith("blind for 15 min 1 s")


def test_what_says_nothing_has_no_lane():
    nothing = replace(ROW, capture=None, capture_low=None, capture_high=None, expected=None)
    assert lanes(seen(Lane("archive", nothing, [nothing], []))) == []
    assert lanes(seen(Lane("archive", nothing, [nothing], [Interval("archive", "", NOON - 60, NOON, "x")])))


def test_times_at_whole_hours():
    assert [tick.label for tick in ticks(seen(since=NOON - 6 * 3600))] == [
        "07:00",
        "08:00",
        "09:00",
        "10:00",
        "11:00",
    ]
    assert ticks(seen(since=NOON - 7 * 86_400))[0].label == "09 Nov"
