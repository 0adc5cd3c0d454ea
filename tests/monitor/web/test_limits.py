import pytest

from monitor.web import limits
from monitor.web.limits import Guesses, Rate
from web_samples import Clock


def test_a_quarter_of_a_minutes_requests_at_once_then_by_the_clock():
    clock = Clock()
    rate = Rate(60, clock)
    assert [rate.take("ann") for _ in range(15)] == [0.0] * 15
    assert rate.take("ann") == pytest.approx(1.0)
    assert rate.take("bob") == 0.0
    clock.now += 1
    assert rate.take("ann") == 0.0
    assert rate.take("ann") > 0
    clock.now -= 1000  # a clock that was set back gives nothing and takes nothing
    assert rate.take("ann") > 0


def test_guessing_gets_slower_and_slower():
    clock = Clock()
    guesses = Guesses(clock)
    waits = []
    for n in range(20):
        guesses.wrong("192.0.2.7", f"guess {n}")
        waits.append(guesses.wait("192.0.2.7"))
    assert waits[:8] == [0, 0, 0, 0, 0, 2, 4, 8]
    assert waits[-1] == 900
    assert guesses.wait("192.0.2.8") == 0
    clock.now += 900
    assert guesses.wait("192.0.2.7") == 0
    guesses.wrong("192.0.2.7", "one more")
    assert guesses.wait("192.0.2.7") == 900
    clock.now += 3601
    guesses.wrong("192.0.2.7", "much later")
    assert guesses.wait("192.0.2.7") == 0


def test_a_forgotten_program_does_not_lock_its_host_out():
    guesses = Guesses(Clock())
    for _ in range(50):
        guesses.wrong("192.0.2.7", "the token of last year")
    assert guesses.wait("192.0.2.7") == 0


def test_who_has_a_whole_network_guesses_as_one():
    guesses = Guesses(Clock())
    for n in range(8):
        guesses.wrong(f"2001:db8:1:2::{n}", f"guess {n}")
    assert guesses.wait("2001:db8:1:2:ffff::1") == 8
    assert guesses.wait("2001:db8:1:3::1") == 0
    guesses.wrong("no address", "a socket")
    assert guesses.wait("no address") == 0


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(limits, "_MOST", 2)
    clock = Clock()
    rate, guesses = Rate(4, clock), Guesses(clock)
    for name in ("a", "b", "c"):
        assert rate.take(name) == 0.0
    assert rate.take("c") > 0
    assert rate.take("a") == 0.0  # forgotten, and new again
    for n in range(10):
        guesses.wrong("a", f"{n}")
    for name in ("b", "c"):
        guesses.wrong(name, "x")
    assert guesses.wait("a") == 0
