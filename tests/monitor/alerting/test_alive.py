from dataclasses import replace

import pytest

from alerting_samples import NOON, finding, open_store
from monitor import probing
from monitor.alerting import alive
from monitor.alerting.alive import Alive
from monitor.metrics import Metrics

pytestmark = pytest.mark.usefixtures("each_store")

DAY = 86_400.0
OURS = {"source": "selftest", "mode": "exercise"}


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


class Bench:
    """Rounds are planted at a time; the gauges are read at another."""

    def __init__(self, store):
        self.store = store
        self.metrics = Metrics()
        self.gauges = Alive(self.metrics, patience=300)

    async def note(self, at, *, asked=(), found=()):
        canary = replace(finding(**OURS), trace_id=probing.listing(asked), fetched_at=at)
        events = [
            replace(finding(**{**OURS, "rule": rule}), trace_id=trace, fetched_at=at, parts=parts)
            for trace, rule, *parts in found
        ]
        async with self.store.write() as connection:
            await alive.note(connection, [canary] if asked else [], events)

    async def shown(self, now):
        async with self.store.read() as connection:
            await self.gauges.figures(connection, now)
        return {
            next(iter(sample.labels.values())): sample.value
            for family in self.metrics.registry.collect()
            if family.name in ("leakstream_rule_alive", "leakstream_decoder_alive")
            for sample in family.samples
        }


@pytest.fixture
def bench(store):
    return Bench(store)


async def test_what_was_planted_and_does_not_come_is_dead_when_it_is_late_and_not_before(bench):
    assert await bench.shown(NOON) == {}
    await bench.note(NOON, asked=["rule/good", "rule/bad", "decoder/hex", "decoder/zip"])
    await bench.note(NOON, found=[("rule/good", "good"), ("decoder/hex", "leakstream-canary")])
    assert await bench.shown(NOON + 300) == {"good": 1, "bad": 1, "hex": 1, "zip": 1}
    assert await bench.shown(NOON + 301) == {"good": 1, "bad": 0, "hex": 1, "zip": 0}


async def test_a_dead_rule_stays_dead_while_the_next_round_is_on_its_way_and_lives_when_it_comes(bench):
    await bench.note(NOON, asked=["rule/a", "rule/b"], found=[("rule/b", "b")])
    await bench.note(NOON + DAY, asked=["rule/a", "rule/b"])
    assert await bench.shown(NOON + DAY + 10) == {"a": 0, "b": 1}
    await bench.note(NOON + DAY, found=[("rule/a", "a")])
    assert await bench.shown(NOON + DAY + 20) == {"a": 1, "b": 1}
    assert await bench.shown(NOON + DAY + 301) == {"a": 1, "b": 0}


async def test_a_batch_that_comes_again_and_one_out_of_order_change_nothing(bench):
    await bench.note(NOON + DAY, asked=["rule/a"], found=[("rule/a", "a")])
    for at in (NOON + DAY, NOON):
        await bench.note(at, asked=["rule/a"])
        await bench.note(at, found=[("rule/a", "a")])
    assert await bench.shown(NOON + DAY + 301) == {"a": 1}


async def test_another_rule_that_finds_the_value_proves_nothing_and_a_part_of_a_set_does(bench):
    await bench.note(NOON, asked=["rule/a", "rule/b"])
    await bench.note(NOON, found=[("rule/a", "generic-secret"), ("rule/b", "primary", "x", "b")])
    assert await bench.shown(NOON + 301) == {"a": 0, "b": 1}


async def test_what_no_round_asks_for_any_more_goes_from_the_gauges_and_from_the_store(bench):
    await bench.note(NOON, asked=["rule/gone", "decoder/gone-too"])
    await bench.note(NOON + DAY, asked=["rule/kept"])
    assert set(await bench.shown(NOON + DAY)) == {"gone", "gone-too", "kept"}
    later = NOON + 2 * DAY + 1
    assert set(await bench.shown(later)) == {"kept"}
    async with bench.store.write() as connection:
        await alive.forget(connection, later)
    bench.gauges = Alive(Metrics(), patience=300)
    assert set(await bench.shown(NOON + DAY)) == {"kept"}


async def test_a_process_that_starts_anew_knows_what_the_one_before_knew(bench):
    await bench.note(NOON, asked=["rule/a", "rule/b"], found=[("rule/b", "b")])
    bench.metrics = Metrics()
    bench.gauges = Alive(bench.metrics, patience=300)
    assert await bench.shown(NOON + 400) == {"a": 0, "b": 1}
