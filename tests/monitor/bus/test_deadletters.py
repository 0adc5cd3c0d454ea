from __future__ import annotations

import pytest

from monitor.bus.base import DeadLetter
from monitor.bus.deadletters import DeadLetterFlood, FloodGuard, bury
from scripted_bus import record


def test_a_buried_record_is_as_it_was_and_says_why_and_whence() -> None:
    original = record(b"\x00value", 7, topic="documents.v1", partition=3, headers={"v": b"1.0", "m": b"{}"})
    message = bury(DeadLetter(original, "worker_crash"), "matcher")
    assert (message.topic, message.key, message.value) == ("documents.v1.dlq", original.key, original.value)
    assert message.headers == {
        **original.headers,
        "dlq-reason": b"worker_crash",
        "dlq-stage": b"matcher",
        "dlq-topic": b"documents.v1",
        "dlq-partition": b"3",
        "dlq-offset": b"7",
    }


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_guard_needs_both_the_number_and_the_share() -> None:
    guard = FloodGuard(Clock(), limit=100, share=0.1)
    guard.check(100, 100)  # not above the number
    with pytest.raises(DeadLetterFlood):
        guard.check(101, 101)
    guard.check(1010, 101)  # not above the share
    guard.add(1000, 100)
    guard.check(10, 1)
    with pytest.raises(DeadLetterFlood):
        guard.check(8, 1)


def test_a_check_alone_is_not_remembered() -> None:
    guard = FloodGuard(Clock())
    for _ in range(10):
        guard.check(100, 100)


def test_the_guard_forgets_what_is_over_its_window() -> None:
    clock = Clock()
    guard = FloodGuard(clock, window=60)
    guard.add(100, 100)
    with pytest.raises(DeadLetterFlood):
        guard.check(1, 1)
    clock.now = 60.0
    guard.check(1, 1)
