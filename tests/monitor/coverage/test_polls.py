from __future__ import annotations

import pytest

from monitor.contracts import CoverageEvent
from monitor.coverage.polls import Polls, fresh, is_poll, met, polls_of


def poll(
    until: float, overlap: int | None, *, full: bool = True, listed: int = 300, since: float | None = None
) -> CoverageEvent:
    begin = until - 60.0 if since is None else since
    return CoverageEvent(
        "s", begin, until, listed=listed, overlap=overlap, feed="f", full=full, oldest=until - 2, newest=until
    )


@pytest.mark.parametrize(
    ("events", "sampled"),
    [
        ([poll(0, None), poll(60, 0), poll(120, 0), poll(180, 5)], True),
        ([poll(0, None), poll(60, 200), poll(120, 0), poll(180, 5)], False),
        ([poll(0, None), poll(60, 0, full=False)], False),  # all it has was shown
        ([poll(0, None)], True),  # two seconds fill it: no poll a minute later meets that
        ([poll(0, None, full=False)], False),
        ([poll(0, None), poll(60, 0, listed=0)], True),  # an empty answer tells nothing
        ([], False),
    ],
)
def test_a_feed_is_sampled_when_its_polls_usually_do_not_meet(
    events: list[CoverageEvent], sampled: bool
) -> None:
    assert Polls(events).sampled is sampled


def test_the_usual_step_is_the_middle_one_of_enough() -> None:
    steps = [poll(60.0 * i, 1) for i in range(4)]
    assert Polls(steps).step is None
    assert Polls([*steps, poll(5000, 1, since=180)]).step == 60.0


def test_what_meets_and_what_is_new() -> None:
    assert [met(e) for e in (poll(0, None), poll(0, 0), poll(0, 3), poll(0, 0, full=False))] == [
        False,
        False,
        True,
        True,
    ]
    assert [fresh(e) for e in (poll(0, None), poll(0, 100), poll(0, 400))] == [300, 200, 0]


def test_only_polls_are_polls_and_each_feed_has_its_own_in_order() -> None:
    others = [
        CoverageEvent("s", 0.0, 1.0, fetched=3),
        CoverageEvent("s", 0.0, 1.0, blind="gap", feed="f"),
        CoverageEvent("a", 0.0, 1.0, listed=5, oldest=0.0, newest=1.0, repairs="s"),
    ]
    assert not any(map(is_poll, others))
    elsewhere = CoverageEvent("a", 0.0, 9.0, listed=1, overlap=0)
    found = polls_of([poll(120, 1), *others, poll(60, 1), elsewhere])
    assert list(found) == [("a", ""), ("s", "f")]
    assert [event.until for event in found["s", "f"].events] == [60, 120]


def test_windows_of_one_poll_are_no_steps() -> None:
    """A feed that moves on while it is asked is told as several windows, a second apart."""
    told = [poll(60.0 * i, 0) for i in range(1, 9)]
    told += [poll(60.0 * i + 1, 0, since=60.0 * i) for i in range(1, 9)]
    assert Polls(sorted(told, key=lambda event: event.until)).step == 60.0
