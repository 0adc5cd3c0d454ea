"""The one loop, as dialogues with a scripted bus."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from monitor.aio import spawn
from monitor.bus.base import (
    Backpressure,
    Batch,
    DeadLetter,
    Fenced,
    Handled,
    Handler,
    Lag,
    Lost,
    Message,
    Record,
    RetryableError,
    TopicPartition,
    UpgradeNeeded,
)
from monitor.bus.deadletters import DeadLetterFlood
from monitor.bus.runner import Pace, Runner
from monitor.contracts import CoverageEvent, Gap
from monitor.metrics import Metrics
from scripted_bus import ScriptedBus, record

P0, P1 = TopicPartition("in", 0), TopicPartition("in", 1)


class Stage:
    """A runner with a handler that answers as told: a Handled, an exception, or an echo of its records."""

    def __init__(
        self, bus: ScriptedBus, *answers: Handled | BaseException, handler: Handler | None = None
    ) -> None:
        self.bus = bus
        self.answers = list(answers)
        self.seen: list[list[bytes]] = []
        self.slept: list[float] = []
        self.problems: list[Sequence[str]] = []
        self.metrics = Metrics()
        self.runner = Runner(
            bus,
            handler or self.handle,
            stage="test",
            group="g",
            topics=["in"],
            metrics=self.metrics,
            content_reasons=frozenset({"worker_killed"}),
            pace=Pace(finish=0.2),
            clock=lambda: 5000.0,
            sleep=self.sleep,
        )

    async def handle(self, records: Sequence[Record]) -> Handled:
        self.seen.append([r.value for r in records])
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, BaseException):
            raise answer
        return answer or Handled([Message("out", r.key, r.value) for r in records])

    async def sleep(self, stop: asyncio.Event, seconds: float) -> bool:
        self.slept.append(seconds)
        self.problems.append(self.runner.problems)
        await asyncio.sleep(0)
        return stop.is_set()

    async def run(self) -> None:
        await self.runner.run(self.bus.stop)

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"leakstream_{name}", labels) or 0.0


def sent(bus: ScriptedBus) -> list[Message]:
    return [message for call in bus.all("send") for message in call]


async def test_produces_before_it_commits_and_closes_last() -> None:
    stage = Stage(
        bus := ScriptedBus([Batch([record(b"a", 4), record(b"b", 5), record(b"c", 9, partition=1)])])
    )
    await stage.run()
    assert bus.verbs[:3] == ["join", "send", "commit"]
    assert bus.verbs[3:] == ["close", "close"]  # producer and consumer
    assert [m.value for m in sent(bus)] == [b"a", b"b", b"c"]
    assert bus.all("commit") == [{P0: 6, P1: 10}]
    assert stage.metric("bus_records_total", group="g", topic="in") == 3


async def test_records_without_a_result_move_the_offset() -> None:
    stage = Stage(bus := ScriptedBus([Batch([record(b"a", 0)])]), Handled())
    await stage.run()
    assert bus.verbs == ["join", "commit", "close", "close"]


async def test_an_empty_poll_says_nothing() -> None:
    stage = Stage(bus := ScriptedBus([Batch(), Batch()]))
    await stage.run()
    assert stage.seen == []
    assert bus.verbs == ["join", "close", "close"]


async def test_a_retryable_error_puts_the_batch_back() -> None:
    batch = Batch([record(b"a", 0)])
    stage = Stage(bus := ScriptedBus([batch, batch]), RetryableError("the store is locked"))
    await stage.run()
    assert bus.verbs == ["join", "rewind", "send", "commit", "close", "close"]
    assert bus.all("rewind") == [[P0]]
    assert stage.problems == [["waiting: the store is locked"]]
    assert stage.runner.problems == []
    assert stage.metric("batch_retries_total", stage="test") == 1


async def test_waits_grow_and_are_bounded() -> None:
    batch = Batch([record(b"a", 0)])
    stage = Stage(ScriptedBus([batch] * 30), *[RetryableError("down")] * 30)
    await stage.run()
    assert len(stage.slept) == 30
    assert all(0.2 <= seconds <= 30 for seconds in stage.slept)
    assert stage.slept[0] == 0.2
    assert max(stage.slept) > 5


async def test_back_pressure_waits_as_long_as_asked_and_commits_nothing() -> None:
    batch = Batch([record(b"a", 0)])
    bus = ScriptedBus([batch, batch], sends=[Backpressure("topic_full", retry_after=7)])
    stage = Stage(bus)
    await stage.run()
    assert bus.verbs == ["join", "send", "rewind", "send", "commit", "close", "close"]
    assert stage.slept == [7]
    assert stage.metric("backpressure_total", reason="topic_full") == 1
    assert stage.metric("bus_records_total", group="g", topic="in") == 1


async def test_back_pressure_of_a_poll_or_a_join_is_waited_out_too() -> None:
    bus = ScriptedBus(
        [Backpressure("busy"), Batch([record(b"a", 0)])], joins=[Backpressure("disk_full"), None]
    )
    stage = Stage(bus)
    await stage.run()
    assert bus.all("commit") == [{P0: 1}]
    assert len(stage.slept) == 2


async def test_a_fenced_commit_drops_the_work_and_reads_what_is_still_ours_again() -> None:
    batch = Batch([record(b"a", 0), record(b"b", 0, partition=1)])
    stage = Stage(bus := ScriptedBus([batch], commits=[Fenced("moved")]))
    await stage.run()
    assert bus.all("rewind") == [[P0]]  # partition 1 is another member's now
    assert stage.metric("bus_records_total", group="g", topic="in") == 0


async def test_an_unknown_version_pauses_its_partition_and_the_others_go_on() -> None:
    batch = Batch([record(b"new", 0), record(b"old", 3, partition=1)])
    bus = ScriptedBus([batch, Batch([record(b"next", 4, partition=1)])])
    stage = Stage(bus, UpgradeNeeded(P0, "2.0"))
    await stage.run()
    assert bus.all("pause") == [[P0]]
    assert stage.seen == [[b"new", b"old"], [b"old"], [b"next"]]
    assert bus.all("commit") == [{P1: 4}, {P1: 5}]
    assert not bus.all("resume")
    (problem,) = stage.runner.problems
    assert "2.0" in problem
    assert bus.on_revoke is not None
    await bus.on_revoke([P0])
    assert stage.runner.problems == []


async def test_dead_letters_are_produced_before_the_commit_with_their_origin() -> None:
    broken = record(b"rubbish", 7, headers={"v": b"1.0"})
    stage = Stage(bus := ScriptedBus([Batch([broken])]), Handled(dead=[DeadLetter(broken, "malformed")]))
    await stage.run()
    (message,) = sent(bus)
    assert (message.topic, message.key, message.value) == ("in.dlq", b"key", b"rubbish")
    assert message.headers["v"] == b"1.0"
    assert message.headers["dlq-reason"] == b"malformed"
    assert message.headers["dlq-offset"] == b"7"
    assert bus.all("commit") == [{P0: 8}]
    assert stage.metric("dead_letters_total", stage="test", reason="malformed") == 1


def _dead(count: int, reason: str, offset: int = 0) -> tuple[Batch, Handled]:
    records = [record(b"x", offset + i) for i in range(count)]
    return Batch(records), Handled(dead=[DeadLetter(r, reason) for r in records])


async def test_a_flood_of_dead_letters_ends_the_stage_before_it_commits() -> None:
    (first, dead), (second, more) = _dead(90, "malformed"), _dead(20, "malformed", 90)
    stage = Stage(bus := ScriptedBus([first, second]), dead, more)
    with pytest.raises(DeadLetterFlood):
        await stage.run()
    assert bus.verbs == ["join", "send", "commit", "close", "close"]
    assert bus.all("commit") == [{P0: 90}]


async def test_a_flood_that_is_the_content_s_fault_ends_nothing() -> None:
    batch, dead = _dead(500, "worker_killed")
    stage = Stage(bus := ScriptedBus([batch]), dead)
    await stage.run()
    assert bus.all("commit") == [{P0: 500}]
    assert stage.metric("dead_letters_total", stage="test", reason="worker_killed") == 500


async def test_what_an_operator_sent_again_is_no_flood() -> None:
    records = [record(b"x", i, headers={"dlq-retries": b"1"}) for i in range(500)]
    dead = Handled(dead=[DeadLetter(r, "malformed") for r in records])
    stage = Stage(bus := ScriptedBus([Batch(records)]), dead)
    await stage.run()
    assert bus.all("commit") == [{P0: 500}]
    assert sent(bus)[0].headers["dlq-retries"] == b"1"


async def test_losses_are_counted_and_told_before_the_commit() -> None:
    gap, far = Lost(P1, 3, 12), Lost(TopicPartition("in", 2), 0, 4)
    stage = Stage(bus := ScriptedBus([Batch([record(b"a", 0)], [gap, far]), Batch(lost=[Lost(P0, 1, 1)])]))
    await stage.run()
    events = [
        CoverageEvent.read(Record(m.topic, 0, 0, m.key, m.value, m.headers, 0.0))
        for m in sent(bus)
        if m.topic == "coverage.v1"
    ]
    assert [(e.source, e.lost, e.blind, e.until, e.gaps) for e in events] == [
        (
            "bus:in",
            15,
            "retention",
            5000.0,
            (Gap(1, 3, 12), Gap(2, 0, 4)),
        ),  # the ledger would keep one of two
        ("bus:in", 1, "retention", 5000.0, (Gap(0, 1, 1),)),
    ]
    assert bus.all("commit") == [{P0: 1, P1: 13, TopicPartition("in", 2): 5}, {P0: 2}]
    assert stage.metric("bus_lost_records_total", group="g", topic="in") == 16
    assert stage.seen == [[b"a"]]


async def test_records_behind_a_gap_win_the_offset() -> None:
    stage = Stage(bus := ScriptedBus([Batch([record(b"a", 5)], [Lost(P0, 0, 4)])]))
    await stage.run()
    assert bus.all("commit") == [{P0: 6}]


async def test_any_other_exception_ends_the_stage_uncommitted() -> None:
    stage = Stage(bus := ScriptedBus([Batch([record(b"a", 0)])]), KeyError("bug"))
    with pytest.raises(KeyError):
        await stage.run()
    assert bus.verbs == ["join", "close", "close"]


async def test_a_revocation_waits_for_the_batch_under_way() -> None:
    bus = ScriptedBus([Batch([record(b"a", 0)])])
    entered, go = asyncio.Event(), asyncio.Event()

    async def slow(records: Sequence[Record]) -> Handled:
        entered.set()
        await go.wait()
        return Handled()

    running = spawn(Stage(bus, handler=slow).run(), name="run")
    await entered.wait()
    assert bus.on_revoke is not None
    revoking = spawn(bus.on_revoke([P0]), name="revoke")  # type: ignore[arg-type]
    await asyncio.sleep(0.02)
    assert not revoking.done()
    assert not bus.all("commit")
    go.set()
    await revoking
    assert bus.all("commit") == [{P0: 1}]
    await running


async def test_work_that_outlasts_the_stop_is_left_uncommitted() -> None:
    bus = ScriptedBus([Batch([record(b"a", 0)])])
    entered = asyncio.Event()

    async def endless(records: Sequence[Record]) -> Handled:
        entered.set()
        await asyncio.Event().wait()
        raise AssertionError

    running = spawn(Stage(bus, handler=endless).run(), name="run")
    await entered.wait()
    bus.stop.set()
    await running
    assert bus.verbs == ["join", "close", "close"]


async def test_work_that_ends_soon_after_the_stop_is_committed() -> None:
    bus = ScriptedBus([Batch([record(b"a", 0)])])

    async def stopping(records: Sequence[Record]) -> Handled:
        bus.stop.set()
        await asyncio.sleep(0.05)
        return Handled()

    await Stage(bus, handler=stopping).run()
    assert bus.all("commit") == [{P0: 1}]


async def test_lag_is_measured_by_topic() -> None:
    bus = ScriptedBus([Batch()] * 20)
    bus.lags = {P0: Lag(5, 10, 3.0, 0.1), P1: Lag(0, 2, 9.0, 0.3)}
    stage = Stage(bus)
    await stage.run()
    assert stage.metric("bus_lag_records", group="g", topic="in") == 7
    assert stage.metric("bus_oldest_unread_seconds", group="g", topic="in") == 9.0
    assert stage.metric("bus_retention_used_ratio", group="g", topic="in") == 0.3
