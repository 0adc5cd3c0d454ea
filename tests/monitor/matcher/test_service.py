"""The matcher stage: a hostile document ends in the dead letters and stalls nobody else."""

import sys
from pathlib import Path

import pytest

from monitor.bus.base import Record, UpgradeNeeded
from monitor.contracts import COVERAGE, CoverageEvent, Document
from monitor.identity import KeyRing
from monitor.matcher.frames import Answer
from monitor.matcher.pool import PoolSettings, ScanPool, WorkerDied, deadline
from monitor.matcher.service import CONTENT_REASONS, MatcherService
from monitor.metrics import Metrics

HOSTILE = (sys.executable, str(Path(__file__).parents[2] / "support" / "hostile_worker.py"))


@pytest.fixture
async def pool():
    settings = PoolSettings(command=HOSTILE, seconds=1.5, memory_bytes=256 * 1024**2)
    async with ScanPool(settings, KeyRing.of(bytes(32)), Metrics()) as pool:
        yield pool


def record(content, offset=0):
    message = Document(source="test", id=str(offset), content=content, fetched_at=1.0).message()
    return Record(message.topic, 0, offset, message.key, message.value, message.headers, 0.0)


@pytest.mark.parametrize(
    ("content", "reason"), [(b"a SEGFAULT here", "worker_crash"), (b"SPIN", "worker_timeout")]
)
async def test_a_hostile_document_ends_in_the_dead_letters_and_its_neighbours_are_scanned(
    pool, content, reason
):
    metrics = Metrics()
    service = MatcherService(pool, metrics)
    records = [record(b"harmless", i) for i in range(20)]
    records[7] = record(content, 7)
    handled = await service.handle(records)
    assert [(letter.record.offset, letter.reason) for letter in handled.dead] == [(7, reason)]
    assert {letter.reason for letter in handled.dead} <= CONTENT_REASONS
    assert metrics.scanned_bytes._value.get() == 19 * 8


class ScriptedPool:
    """Jobs with a hostile document die of its `reason`. Tells what was asked for: (documents, patience)."""

    def __init__(self, hostile, reason):
        self.asked = []
        self.died = 0
        self.granted = 0.0  # seconds that the hostile ones may have taken
        self._hostile = hostile
        self._reason = reason

    async def scan(self, items, *, patience=1.0):
        self.asked.append((len(items), patience))
        if any(item.content in self._hostile for item in items):
            self.died += 1
            self.granted += deadline(PoolSettings(), items, patience)
            raise WorkerDied(self._reason)
        stats = {"bytes": 1, "seconds": 0.0, "rules": {}, "found": [], "dropped": {}, "sources": {}}
        return Answer([], stats)


async def handled_by(pool, *contents):
    records = [record(content, number) for number, content in enumerate(contents)]
    return await MatcherService(pool, Metrics()).handle(records)


async def test_a_hostile_document_among_others_holds_its_process_for_less_than_ten_seconds():
    """By the deadlines that are given, with the default settings."""
    pool = ScriptedPool([b"x" * 500_000], "timeout")
    await handled_by(pool, b"a", b"x" * 500_000, b"b" * 20_000)
    assert pool.died == 2
    assert pool.granted < 10


@pytest.mark.parametrize("reason", ["timeout", "crash", "memory"])
async def test_a_hostile_document_kills_twice_and_not_three_times(reason):
    pool = ScriptedPool([b"bad"], reason)
    handled = await handled_by(pool, b"a", b"bad", b"b")
    assert [letter.record.offset for letter in handled.dead] == [1]
    assert pool.died == 2
    assert [documents for documents, _ in pool.asked] == [3, 1, 1, 1]


async def test_a_document_alone_is_out_of_time_once_but_may_crash_a_second_time():
    for reason, deaths in (("timeout", 1), ("crash", 2)):
        pool = ScriptedPool([b"bad"], reason)
        handled = await handled_by(pool, b"bad")
        assert [letter.reason for letter in handled.dead] == [f"worker_{reason}"]
        assert pool.died == deaths


async def test_hostile_documents_of_one_job_do_not_add_up():
    bad = [b"bad %d" % number for number in range(20)]
    pool = ScriptedPool(bad, "timeout")
    handled = await handled_by(pool, *bad, b"good")
    assert [letter.record.offset for letter in handled.dead] == list(range(20))
    patience = [share for _, share in pool.asked]
    assert patience[:4] == [1.0, 1.0, 0.5, 0.25]
    assert sum(patience) < 6
    assert min(patience) > 0


async def test_drops_are_counted_by_reason(pool):
    metrics = Metrics()
    await MatcherService(pool, metrics).handle([record(b"x")])
    assert metrics.dropped.labels("match", "placeholder")._value.get() == 1


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"v": b"1.0", "m": b"{"}, "not_json"),
        ({"v": b"1.0"}, "not_json"),
        ({"v": b"1.0", "m": b"{}"}, "malformed"),
        ({"v": b"x", "m": b"{}"}, "bad_version"),
        ({}, "no_version"),
    ],
)
async def test_a_record_that_breaks_the_contract_is_a_dead_letter(pool, headers, reason):
    broken = Record("documents.v1", 0, 3, b"", b"x", headers, 0.0)
    metrics = Metrics()
    handled = await MatcherService(pool, metrics).handle([record(b"fine", 2), broken, record(b"fine", 4)])
    assert [(letter.record.offset, letter.reason) for letter in handled.dead] == [(3, reason)]
    assert metrics.scanned_bytes._value.get() == 8


async def test_a_record_of_a_later_version_is_not_thrown_away(pool):
    later = Record("documents.v1", 0, 3, b"", b"x", {"v": b"2.0", "m": b"{}"}, 0.0)
    with pytest.raises(UpgradeNeeded):
        await MatcherService(pool, Metrics()).handle([later])


async def test_many_and_large_documents_are_several_jobs(pool):
    metrics = Metrics()
    records = [record(b"x", number) for number in range(300)]
    records += [record(bytes(1024 * 1024), 300 + number) for number in range(5)]
    handled = await MatcherService(pool, metrics).handle(records)
    assert handled.dead == []
    assert metrics.scanned_bytes._value.get() == 300 + 5 * 1024 * 1024


async def test_what_was_scanned_is_told_once_a_minute_by_source(pool):
    now = [1000.0]
    service = MatcherService(pool, Metrics(), clock=lambda: now[0])
    told = []
    for seconds in (0.0, 30.0, 31.0, 61.0):
        now[0] += seconds
        handled = await service.handle([record(b"text"), record(b"more")])
        told += [CoverageEvent.read(_as_record(m)) for m in handled.messages if m.topic == COVERAGE]
    assert [(e.source, e.since, e.until, e.scanned) for e in told] == [
        ("test", 1000.0, 1061.0, 4),
        ("test", 1061.0, 1122.0, 2),
    ]


def _as_record(message):
    return Record(message.topic, 0, 0, message.key, message.value, message.headers, 0.0)


def test_what_may_be_dropped_begins_at_zero():
    metrics = Metrics()
    MatcherService(ScriptedPool([], ""), metrics)
    value = metrics.registry.get_sample_value
    assert value("leakstream_dropped_total", {"stage": "match", "reason": "decode_budget"}) == 0
