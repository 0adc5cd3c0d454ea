from dataclasses import replace

import pytest

from alerting_samples import NOON, finding, open_store
from monitor.alerting.selftest import SelfTest, is_canary, is_planted, last_success
from monitor.bus.base import RetryableError
from monitor.metrics import Metrics

pytestmark = pytest.mark.usefixtures("each_store")

CANARY = {
    "source": "selftest",
    "mode": "exercise",
    "rule": "leakstream-canary",
    "verdict": "proved",
    "severity": "info",
}


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


class Bell:
    def __init__(self):
        self.rung = 0

    def __call__(self):
        self.rung += 1


def canary(age=0.0, **other):
    return replace(finding(**CANARY), fetched_at=NOON - age, **other)


def selftest(store, metrics, bell):
    return SelfTest(store, metrics, clock=lambda: NOON, late_seconds=300, on_success=bell)


def seen(metrics):
    return {
        outcome: metrics.registry.get_sample_value("leakstream_selftest_seen_total", {"outcome": outcome})
        for outcome in ("ok", "late", "early")
    }


async def kept(store):
    async with store.read() as connection:
        return await last_success(connection)


@pytest.mark.parametrize(
    "other",
    [
        {"source": "ingest"},
        {"source": "github_events"},
        {"mode": "live"},
        {"mode": "replay"},
        {"rule": "github-pat-classic"},
        {"verdict": "unprovable"},
        {"verdict": "refuted"},
        {"trace_id": "decoder/base64"},
    ],
)
def test_only_what_our_own_collector_planted_is_a_canary(other):
    assert is_canary(finding(**CANARY))
    assert not is_canary(finding(**{**CANARY, **other}))


def test_all_that_stands_in_what_we_planted_is_ours_and_nothing_else():
    assert is_planted(finding(**{**CANARY, "rule": "github-pat-classic", "verdict": "unprovable"}))
    assert not is_planted(finding(**{**CANARY, "mode": "live"}))
    assert not is_planted(finding(**{**CANARY, "source": "ingest"}))


async def test_what_tries_a_rule_is_no_canary_and_rings_no_bell(store):
    metrics, bell = Metrics(), Bell()
    tried = replace(canary(rule="github-pat-classic"), trace_id="rule/github-pat-classic")
    await selftest(store, metrics, bell).handle([tried])
    assert (sum(seen(metrics).values()), bell.rung, await kept(store)) == (0, 0, None)


async def test_a_success_is_counted_timed_kept_and_told_once_a_batch(store):
    metrics, bell = Metrics(), Bell()
    assert await kept(store) is None
    await selftest(store, metrics, bell).handle([canary(2.0), canary(300.0), canary(301.0)])
    assert seen(metrics) == {"ok": 2, "late": 1, "early": 0}
    assert bell.rung == 1
    assert await kept(store) == NOON
    value = metrics.registry.get_sample_value
    assert (value("leakstream_selftest_seconds_count"), value("leakstream_selftest_seconds_sum")) == (3, 603)


@pytest.mark.parametrize(("age", "outcome"), [(301.0, "late"), (86_400.0, "late"), (-301.0, "early")])
async def test_what_proves_nothing_of_now_is_counted_and_rings_no_bell(store, age, outcome):
    metrics, bell = Metrics(), Bell()
    await selftest(store, metrics, bell).handle([canary(age)])
    assert seen(metrics) == {"ok": 0, "late": 0, "early": 0, outcome: 1}
    assert (bell.rung, await kept(store)) == (0, None)


async def test_a_clock_that_is_a_little_ahead_is_no_fault(store):
    metrics, bell = Metrics(), Bell()
    await selftest(store, metrics, bell).handle([canary(-1.5)])
    assert (seen(metrics)["ok"], bell.rung) == (1, 1)
    assert metrics.registry.get_sample_value("leakstream_selftest_seconds_sum") == 0


class BusyStore:
    def write(self):
        raise RetryableError("locked")


async def test_a_store_that_takes_nothing_is_no_success():
    metrics, bell = Metrics(), Bell()
    with pytest.raises(RetryableError):
        await selftest(BusyStore(), metrics, bell).handle([canary()])
    assert (sum(seen(metrics).values()), bell.rung) == (0, 0)


async def test_a_batch_without_canaries_writes_nothing():
    await selftest(BusyStore(), Metrics(), Bell()).handle([])
