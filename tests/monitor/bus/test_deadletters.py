from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.bus.base import DeadLetter, Message, Record
from monitor.bus.deadletters import Burial, DeadLetterFlood, FloodGuard, burial, bury, exhume, was_retried
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


def on_the_bus(message: Message, offset: int = 0) -> Record:
    return Record(message.topic, 0, offset, message.key, message.value, message.headers, 1000.0)


def test_what_is_dug_out_is_the_record_that_was_buried_and_counts_how_often() -> None:
    original = record(b"\x00value", 7, topic="documents.v1", partition=3, headers={"v": b"1.0", "m": b"{}"})
    assert not was_retried(original)
    for times in (1, 2):
        letter = on_the_bus(bury(DeadLetter(original, "worker_crash"), "match"))
        assert burial(letter) == Burial(
            "worker_crash", "match", original.partition, original.offset, times - 1
        )
        message = exhume(letter)
        assert (message.topic, message.key, message.value) == ("documents.v1", b"key", b"\x00value")
        assert message.headers == {"v": b"1.0", "m": b"{}", "dlq-retries": str(times).encode()}
        original = on_the_bus(message, 11)
        assert was_retried(original)


@given(
    st.dictionaries(
        st.sampled_from(
            ["dlq-reason", "dlq-stage", "dlq-topic", "dlq-partition", "dlq-offset", "dlq-retries"]
        ),
        st.binary(max_size=100) | st.integers().map(lambda n: str(n).encode()),
    )
)
def test_strange_headers_break_nothing_and_lead_nowhere_else(headers: dict[str, bytes]) -> None:
    letter = record(b"v", 1, topic="findings.v1.dlq", headers={**headers, "v": b"1.0"})
    told = burial(letter)
    assert len(told.reason) <= 64
    assert told.retries >= 0
    message = exhume(letter)
    assert message.topic == "findings.v1"
    assert message.headers == {"v": b"1.0", "dlq-retries": str(told.retries + 1).encode()}


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
