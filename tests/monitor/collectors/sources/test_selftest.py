import asyncio
from dataclasses import replace

import pytest
from pydantic import ValidationError

from acme_rules import ruleset
from collecting import START, Bench, MemoryProducer
from detectors.model import Verdict
from detectors.proofs import proofs
from leaks import rules
from monitor import probing
from monitor.aio import spawn
from monitor.canary import canary
from monitor.collectors.base import Stopping
from monitor.collectors.context import Context
from monitor.collectors.probes import Probes
from monitor.collectors.sources.selftest import PLUGIN, SelfTestSettings
from monitor.contracts import Mode
from monitor.identity import blob_sha
from shipped_rules import shipped_scanner


def source(bench, *, rules=None, round_hours=0, **settings):
    tools = replace(bench.tools, rules=lambda: rules)
    return PLUGIN.build(SelfTestSettings(round_hours=round_hours, **settings), tools)


async def test_one_canary_an_interval_marked_as_exercise_and_none_alike():
    async with Bench() as bench:
        service = await bench.run("selftest", source(bench), seconds=200)
        assert bench.metric("leakstream_selftest_planted_total") == 3
        assert bench.metric("leakstream_documents_total", source="selftest") == 3
        assert service.troubled == {}
    documents = bench.producer.documents
    assert [document.fetched_at - START for document in documents] == [60, 120, 180]
    assert {(document.source, document.mode) for document in documents} == {("selftest", Mode.EXERCISE)}
    assert len({document.content for document in documents}) == 3
    for document in documents:
        assert document.id == document.blob_sha == blob_sha(document.content)
        assert document.published_at is None  # nobody published it: it must not count as a source's delay
    assert bench.producer.coverage == []


async def test_a_round_tries_each_rule_and_decoder_once_and_each_canary_lists_what_is_beside_it():
    names = Probes(ruleset()).names
    hours = len(names) * 29.9 / 3600  # two at a time
    async with Bench() as bench:
        await bench.run(
            "selftest", source(bench, rules=ruleset(), round_hours=hours), seconds=60 * len(names) / 2 + 120
        )
        assert bench.metric("leakstream_selftest_planted_total") == -(-len(names) // 2) + 1
    planted = bench.producer.documents
    assert {(document.source, document.mode) for document in planted} == {("selftest", Mode.EXERCISE)}
    tried = [name for document in planted if (name := probing.tried(document.trace_id))]
    assert tried[: len(names)] == list(names)
    assert tried[len(names) :] == list(names[: len(tried) - len(names)])
    beside: dict[float, set[str]] = {}
    for document in planted:
        beside.setdefault(document.fetched_at, set()).update(probing.listed(document.trace_id))
    assert all(
        probing.tried(d.trace_id) in beside[d.fetched_at] for d in planted if probing.tried(d.trace_id)
    )


async def test_a_round_goes_on_where_the_process_before_stopped():
    names = Probes(ruleset()).names
    hours = len(names) * 29.9 / 3600
    async with Bench() as bench:
        for _ in range(2):
            await bench.run("selftest", source(bench, rules=ruleset(), round_hours=hours), seconds=130)
    tried = [name for d in bench.producer.documents if (name := probing.tried(d.trace_id))]
    assert tried == list(names[: len(tried)])
    assert len(tried) == 8


async def test_a_start_that_does_not_last_plants_nothing():
    async with Bench() as bench:
        await bench.run("selftest", source(bench, every_seconds=30), seconds=29)
        assert bench.producer.documents == []


async def test_a_bus_that_takes_nothing_gets_the_canary_late_with_its_first_time():
    async with Bench(producer=MemoryProducer(refusals=50)) as bench:
        await bench.run("selftest", source(bench), seconds=165)
        (document,) = bench.producer.documents
        assert (document.fetched_at - START, bench.time.now - START) == (60, 220)
        assert bench.metric("leakstream_selftest_planted_total") == 1


async def test_one_that_waits_for_the_bus_stops_and_counts_nothing():
    async with Bench(producer=MemoryProducer(refusals=10**9)) as bench:
        stop = asyncio.Event()
        bench.time.until = START + 70
        context = Context(
            "selftest",
            stop=stop,
            state=bench.state,
            producer=bench.producer,
            metrics=bench.metrics,
            clock=bench.time,
            sleep=bench.time.sleep,
        )
        with pytest.raises(Stopping):
            await spawn(source(bench).run(context), name="selftest")
        assert bench.metric("leakstream_selftest_planted_total") == 0


def test_the_matcher_proves_every_canary_and_finds_nothing_else_in_it():
    texts = [canary() + b"\n" for _ in range(200)]
    found = shipped_scanner("leakstream", "generic").scan_many(texts)
    assert {tuple((f.rule.id, f.proof.verdict) for f in findings) for findings in found} == {
        (("leakstream-canary", Verdict.PROVED),)
    }


def test_its_format_is_what_the_rule_says():
    rule = rules()["leakstream-canary"]
    assert rule.severity == "info"
    broken = canary()[:-1] + b"!"
    assert proofs()[rule.proof].check(broken).verdict is Verdict.REFUTED


@pytest.mark.parametrize("seconds", [0, 0.5, -1, 100_000])
def test_an_interval_that_makes_no_sense(seconds):
    with pytest.raises(ValidationError):
        SelfTestSettings(every_seconds=seconds)
