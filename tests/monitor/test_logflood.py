import io
import logging

import pytest
import structlog

from monitor.logflood import Calm, Flood, Quota


class Log:
    """`say(text, *arguments)` as a library does, `event(name, level)` as we do; the lines so far, a clock to move, what was left out."""

    def __init__(self):
        self.now = 100.0
        self.left_out = 0
        self._stream = io.StringIO()
        quota = Quota(lambda: self.now, self._count)
        handler = logging.StreamHandler(self._stream)
        handler.addFilter(Calm(quota))
        logger = logging.Logger("library")  # noqa: LOG001 - nobody else shall have it
        logger.addHandler(handler)
        self.say = logger.warning
        self._flood = Flood(quota)

    def _count(self):
        self.left_out += 1

    def event(self, name, level="info"):
        try:
            return self._flood(None, level, {"event": name})
        except structlog.DropEvent:
            return None

    def lines(self):
        return self._stream.getvalue().splitlines()


@pytest.fixture
def log():
    return Log()


def test_a_flood_is_cut_and_the_rest_is_counted(log):
    for number in range(100):
        log.say("node %d is away", number)
    assert log.lines() == [f"node {number} is away" for number in range(5)]
    assert log.left_out == 95
    log.now += 10.0
    log.say("node %d is away", 100)
    log.say("node %d is away", 101)
    assert log.lines()[5:] == ["node 100 is away (95 like it were left out)", "node 101 is away"]


def test_other_messages_pass_beside_it(log):
    for _ in range(100):
        log.say("the same")
    log.say("another, 100% of it")
    assert log.lines()[-1] == "another, 100% of it"


@pytest.mark.parametrize(
    ("level", "pass_"), [("debug", 500), ("info", 100), ("warning", 20), ("exception", 20)]
)
def test_of_each_event_of_ours_so_many_pass_by_its_level(log, level, pass_):
    passed = [event for _ in range(1000) if (event := log.event("found", level))]
    assert len(passed) == pass_
    assert log.left_out == 1000 - pass_
    assert log.event("told", level) is not None
    log.now += 10.0
    assert log.event("found", level) == {"event": "found", "left_out": 1000 - pass_}
    assert log.event("found", level) == {"event": "found"}


def test_a_flood_of_ever_other_texts_is_bounded_and_errors_still_pass(log):
    for number in range(20_000):
        log.say(f"text {number}")
    assert len(log.lines()) == 2000
    assert log.left_out == 18_000
    assert log.event("broken", "error") is not None
    passed = [event for number in range(1000) if (event := log.event(f"broken {number}", "error"))]
    assert len(passed) == 499
    log.now += 10.0
    log.say("text again")
    assert log.lines()[-1] == "text again"


def test_a_page_by_the_log_is_never_left_out(log):
    lines = [log._flood(None, "warning", {"event": "exposure", "delivery": True}) for _ in range(5000)]
    assert lines == [{"event": "exposure"}] * 5000
    assert log.left_out == 0
