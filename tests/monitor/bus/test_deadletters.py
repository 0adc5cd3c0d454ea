from __future__ import annotations

import pytest

from monitor.bus.base import DeadLetter, Record, TopicPartition
from monitor.bus.deadletters import DeadLetterFlood, FloodGuard, bury, exhume
from scripted_bus import record


def test_a_buried_record_comes_back_as_it_was() -> None:
    original = record(b"\x00value", 7, topic="documents.v1", partition=3, headers={"v": b"1.0", "m": b"{}"})
    message = bury(DeadLetter(original, "worker_killed"), "matcher")
    assert message.topic == "documents.v1.dlq"
    buried = exhume(Record(message.topic, 0, 0, message.key, message.value, message.headers, 1.0))
    assert (buried.reason, buried.stage) == ("worker_killed", "matcher")
    assert (buried.place, buried.offset) == (TopicPartition("documents.v1", 3), 7)
    sent = buried.message
    assert (sent.topic, sent.key, sent.value, sent.headers) == (
        "documents.v1",
        original.key,
        original.value,
        original.headers,
    )


def test_other_records_are_no_dead_letters() -> None:
    with pytest.raises(ValueError, match="no dead letter"):
        exhume(record(b"x", 0))


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
