import io
import logging

import pytest

from monitor.logflood import Calm


@pytest.fixture
def log():
    """`say(text, *arguments)`, the lines so far, and a clock to move."""
    now = [100.0]
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(Calm(lambda: now[0]))
    logger = logging.Logger("library")  # noqa: LOG001 - nobody else shall have it
    logger.addHandler(handler)
    return logger.warning, lambda: stream.getvalue().splitlines(), now


def test_a_flood_is_cut_and_the_rest_is_counted(log):
    say, lines, now = log
    for number in range(100):
        say("node %d is away", number)
    assert lines() == [f"node {number} is away" for number in range(5)]
    now[0] += 10.0
    say("node %d is away", 100)
    say("node %d is away", 101)
    assert lines()[5:] == ["node 100 is away (95 like it were left out)", "node 101 is away"]


def test_other_messages_pass_beside_it(log):
    say, lines, _ = log
    for _ in range(100):
        say("the same")
    say("another, 100% of it")
    assert lines()[-1] == "another, 100% of it"


def test_the_memory_is_bounded_and_nothing_is_lost_by_that(log):
    say, lines, _ = log
    for number in range(5000):
        say(f"text {number}")
    assert len(lines()) == 5000
