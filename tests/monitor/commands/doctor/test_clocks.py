"""Whose clock is off."""

from __future__ import annotations

import pytest

from doctoring import OFF, failed, warned
from monitor.commands.doctor import Outcome
from monitor.commands.doctor.check import Check, Reading
from monitor.commands.doctor.clocks import judge, reading

DATE = "Mon, 01 Jun 2026 15:00:00 GMT"
AT = 1_780_326_000.0


def judged(*readings: Reading) -> Check:
    (check,) = judge(readings)
    return check


def test_a_date_is_read_with_how_far_it_can_be_trusted() -> None:
    found = reading("GitHub", DATE, asked=AT + OFF - 1, answered=AT + OFF + 1)
    assert found is not None
    assert abs(found.ahead - OFF) < 1
    assert found.within == 1.5
    assert reading("GitHub", "yesterday", asked=AT, answered=AT) is None


def test_nobody_was_asked_and_nothing_is_said() -> None:
    assert list(judge([])) == []


def test_all_agree() -> None:
    check = judged(Reading("GitHub", 0.4, 0.5), Reading("the database", -1.0))
    assert (check.outcome, check.found) == (Outcome.OK, "agrees with GitHub, the database")


@pytest.mark.parametrize(("ahead", "way"), [(OFF, "10 min ahead of"), (-OFF, "10 min behind")])
def test_this_host_is_off_when_all_others_say_the_same(ahead: float, way: str) -> None:
    check = judged(Reading("GitHub", ahead + 0.4, 0.5), Reading("the database", ahead))
    failed(check, f"this host's clock is {way}", "GitHub and the database", "set it", "timedatectl")


def test_a_single_witness_is_believed_with_care() -> None:
    failed(judged(Reading("the database", -OFF)), "this host's clock is 10 min behind the database")


def test_one_server_is_off_when_the_others_agree_with_this_host() -> None:
    check = judged(Reading("GitHub", 0.2, 0.5), Reading("the database", OFF))
    failed(check, "agrees with GitHub", "the clock of the database is the one that is off")


def test_when_all_disagree_each_is_named() -> None:
    checks = list(judge([Reading("GitHub", OFF, 0.5), Reading("the database", -OFF)]))
    for check, who in zip(checks, ("GitHub", "the database"), strict=True):
        failed(check, who, "set the one that is off")


def test_a_few_seconds_are_a_warning_and_a_slow_answer_none() -> None:
    warned(judged(Reading("the database", 12.0)), "12 s ahead of the database")
    assert judged(Reading("GitHub", 12.0, 10.0)).outcome is Outcome.OK


def test_what_was_written_down_a_while_ago_tells_only_of_a_clock_behind_it() -> None:
    assert judged(Reading("the brokers", OFF, at_least=True)).outcome is Outcome.OK
    failed(judged(Reading("the brokers", -OFF, at_least=True)), "at least 10 min behind the brokers")
