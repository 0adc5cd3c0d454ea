import asyncio
import time

import pytest

from alerting_samples import NOON, exposure, fingerprint, open_store, put, tell, telling
from busy_store import Busy
from monitor.aio import spawn
from monitor.alerting.exposures.desk import Exposures
from monitor.alerting.fold import Route
from monitor.alerting.notifiers.base import Permanent, Reason, Retryable
from monitor.alerting.telling.reconciler import Reconciler
from monitor.metrics import Metrics

pytestmark = pytest.mark.usefixtures("each_store")

ROUTE = Route("hook", frozenset({"page"}))


class Clock:
    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now


class Fake:
    """At the seam: remembers what it was told again, fails as told."""

    resend_seconds = 60.0
    hold_seconds = 600.0

    def __init__(self):
        self.rounds = []
        self.beyond = []
        self.sizes = []
        self.error = None
        self.gate = None

    async def notify(self, notification):
        raise AssertionError

    async def restate(self, chunks, *, beyond):
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        stands = []
        async for chunk in chunks:
            self.sizes.append(len(chunk))
            stands += chunk
        self.rounds.append(stands)
        self.beyond.append(beyond)

    def last(self):
        """(leak's fingerprint, whether it holds) of the last round."""
        return [(stand.exposure["id"], stand.ended is None) for stand in self.rounds[-1]]


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


def reconciler(store, *fakes, clock, metrics=None, holder="a", route=ROUTE, **other):
    targets = [(fake, route) for fake in fakes]
    return Reconciler(store, targets, metrics or Metrics(), clock=clock, holder=holder, **other)


async def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.01)


async def opened(store, *leaks, **other):
    await put(store, *(exposure(leak, **other) for leak in leaks))
    await tell(store, *(telling(leak, leak=leak) for leak in leaks))


async def close(store, clock, leak="a"):
    await Exposures(store, Metrics(), clock=clock).close(fingerprint(leak), "revoked", actor="test")


async def test_what_is_open_is_said_again_every_interval(store):
    clock, fake, metrics = Clock(), Fake(), Metrics()
    await opened(store, "a", "b")
    job = reconciler(store, fake, clock=clock, metrics=metrics)
    for seconds in (0, 1, 59, 60, 61):
        clock.now = NOON + seconds
        assert await job.beat()
    assert len(fake.rounds) == 2
    assert sorted(fake.last()) == sorted([(fingerprint("a"), True), (fingerprint("b"), True)])
    value = metrics.registry.get_sample_value
    assert value("leakstream_reconciler_holder") == 1
    assert value("leakstream_reconciler_last_success_timestamp_seconds", {"notifier": "hook"}) == NOON + 60
    assert value("leakstream_reconciler_rounds_total", {"notifier": "hook", "outcome": "restated"}) == 2
    assert value("leakstream_reconciler_restated_total", {"notifier": "hook", "state": "firing"}) == 4


async def test_a_close_is_said_for_as_long_as_it_may_be_believed_open(store):
    clock, fake = Clock(), Fake()
    await opened(store, "a", "b")
    await close(store, clock)
    job = reconciler(store, fake, clock=clock)
    await job.beat()
    assert sorted(fake.last()) == sorted([(fingerprint("a"), False), (fingerprint("b"), True)])
    clock.now = NOON + 600
    await job.beat()
    assert (fingerprint("a"), False) in fake.last()
    clock.now = NOON + 661
    await job.beat()
    assert fake.last() == [(fingerprint("b"), True)]


async def test_what_the_notifier_does_not_hear_of_any_more_is_not_said(store):
    clock, fake = Clock(), Fake()
    await put(store, exposure("a"), exposure("b"), exposure("c", mode="exercise"))
    await tell(store, telling("a"), telling("b", leak="b", action="ticket"), telling("c", leak="c"))
    await reconciler(store, fake, clock=clock).beat()
    assert fake.last() == [(fingerprint("a"), True)]
    drills = Route("hook", frozenset({"ticket"}), drills=True)
    clock.now += 31  # the lease has run out
    await reconciler(store, fake, clock=clock, route=drills, holder="b").beat()
    assert sorted(fake.last()) == sorted([(fingerprint("b"), True), (fingerprint("c"), True)])


async def test_beyond_the_limit_the_rest_is_counted_and_what_ended_is_still_said(store):
    clock, fake, metrics = Clock(), Fake(), Metrics()
    await opened(store, "a", "b", "c", rank=1100)
    await put(store, exposure("d", rank=1300), exposure("e"))
    await tell(store, telling("d", leak="d"), telling("e", leak="e", action="ticket"))
    await tell(store, telling("e2", leak="e", change="escalated", at=NOON + 1))
    await close(store, clock, "a")
    await reconciler(store, fake, clock=clock, metrics=metrics, limit=1).beat()
    assert fake.beyond == [3]
    assert fake.last()[0] == (fingerprint("d"), True)
    assert sorted(fake.last()[1:]) == sorted([(fingerprint("a"), False), (fingerprint("e"), False)])
    assert metrics.registry.get_sample_value("leakstream_reconciler_beyond_limit", {"notifier": "hook"}) == 3


async def test_more_than_a_thousand(store):
    clock, fake = Clock(), Fake()
    await opened(store, *(f"leak {n}" for n in range(1003)))
    await reconciler(store, fake, clock=clock).beat()
    assert (len(fake.rounds[0]), fake.beyond) == (1000, [3])
    assert max(fake.sizes) == 100


async def test_one_holder_and_the_next_when_it_dies(store):
    clock, first, second = Clock(), Fake(), Fake()
    await opened(store, "a")
    one = reconciler(store, first, clock=clock)
    other = reconciler(store, second, clock=clock, holder="b")
    for seconds in (0, 15, 31, 46, 61):  # the first renews in time
        clock.now = NOON + seconds
        assert await one.beat()
        assert not await other.beat()
    assert (len(first.rounds), len(second.rounds)) == (2, 0)
    clock.now += 29  # the first is dead
    assert not await other.beat()
    clock.now += 2
    assert await other.beat()
    assert len(second.rounds) == 1
    assert not await one.beat()  # it comes back and is too late
    assert len(first.rounds) == 2


async def test_one_that_stops_in_order_hands_over_at_once(store):
    clock, first, second, metrics = Clock(), Fake(), Fake(), Metrics()
    await opened(store, "a")
    stop = asyncio.Event()
    task = spawn(reconciler(store, first, clock=clock, metrics=metrics).run(stop), name="reconciler")
    await until(lambda: first.rounds)
    stop.set()
    await task
    assert metrics.registry.get_sample_value("leakstream_reconciler_holder") == 0
    assert await reconciler(store, second, clock=clock, holder="b").beat()
    assert len(second.rounds) == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Retryable(Reason.UNREACHABLE), "unreachable"),
        (Permanent(Reason.UNAUTHORIZED), "unauthorized"),
        (ValueError("a bug"), "internal"),
    ],
)
async def test_a_failing_notifier_ends_nothing_and_stops_no_other(store, error, outcome):
    clock, bad, good, metrics = Clock(), Fake(), Fake(), Metrics()
    bad.error = error
    await opened(store, "a")
    job = reconciler(store, bad, good, clock=clock, metrics=metrics)
    assert await job.beat()
    assert len(good.rounds) == 1
    value = metrics.registry.get_sample_value
    assert value("leakstream_reconciler_rounds_total", {"notifier": "hook", "outcome": outcome}) == 1
    bad.error = None
    clock.now += 60
    await job.beat()
    assert len(bad.rounds) == 1


async def test_a_round_lasts_no_longer_than_the_lease(store):
    clock, fake, metrics = Clock(), Fake(), Metrics()
    fake.gate = asyncio.Event()  # never set
    job = reconciler(store, fake, clock=clock, metrics=metrics, term=0.1)
    async with asyncio.timeout(120):
        assert await job.beat()
    value = metrics.registry.get_sample_value
    assert value("leakstream_reconciler_rounds_total", {"notifier": "hook", "outcome": "timeout"}) == 1


async def test_a_busy_store_is_tried_again(store):
    clock, fake, metrics = Clock(), Fake(), Metrics()
    await opened(store, "a")
    held = Busy(store)
    await held.begin()
    stop = asyncio.Event()
    task = spawn(reconciler(store, fake, clock=clock, metrics=metrics).run(stop), name="reconciler")

    def busy():
        return metrics.registry.get_sample_value("leakstream_batch_retries_total", {"stage": "reconcile"})

    await until(busy)
    await held.end()
    await until(lambda: fake.rounds)
    stop.set()
    await task
