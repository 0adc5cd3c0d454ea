import asyncio
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from alerting_samples import NOON, exposure, fingerprint, open_store, put, store_place, tell, telling
from busy_store import Busy
from monitor.aio import spawn
from monitor.alerting.notifiers.base import Permanent, Reason, Retryable
from monitor.alerting.telling.channel import Channel
from monitor.alerting.telling.grouping import Grouping
from monitor.alerting.telling.outbox import Deliverer
from monitor.metrics import Metrics
from monitor.store.outbox import backlog
from monitor.store.tables import outbox
from notifier_samples import receiver

pytestmark = pytest.mark.usefixtures("each_store")

LEAKS = "abcdefghijklmnopqrstuvwxyz"


class Clock:
    def __init__(self, now=NOON + 1):
        self.now = now

    def __call__(self):
        return self.now


class Fake:
    """A notifier at the seam: remembers what it delivered, fails as told."""

    def __init__(self):
        self.delivered = []
        self.notifications = []
        self.tried = []
        self.errors = {}  # key -> error, "*" for all
        self.gate = None

    async def notify(self, notification):
        self.tried.append(notification.key)
        if self.gate is not None:
            await self.gate.wait()
        error = self.errors.get(notification.key, self.errors.get("*"))
        if error is not None:
            raise error
        self.delivered.append(notification.key)
        self.notifications.append(notification)


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    await put(opened, *(exposure(leak) for leak in LEAKS))
    yield opened
    await opened.close()


def deliverer(store, *fakes, clock=None, metrics=None, revision="", **channel):
    names = ["hook", "slack", "log"]
    channels = [
        Channel(name, fake, revision=revision, **channel) for name, fake in zip(names, fakes, strict=False)
    ]
    return Deliverer(
        store, channels, metrics or Metrics(), clock=clock or Clock(), jitter=lambda: 0.0, pause=0.02
    )


async def rows(store, *columns):
    async with store.read() as connection:
        query = select(*(outbox.c[c] for c in columns)).order_by(outbox.c.id)
        return [tuple(row) for row in await connection.execute(query)]


class Running:
    """Runs deliverers until the block ends."""

    def __init__(self, *deliverers):
        self.deliverers = deliverers
        self.stop = asyncio.Event()

    async def __aenter__(self):
        self.tasks = [spawn(d.run(self.stop), name="test deliverer") for d in self.deliverers]
        return self

    async def __aexit__(self, *_):
        self.stop.set()
        await asyncio.gather(*self.tasks)


async def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.01)
    return found


async def until_state(store, notifier, state, seconds=20.0):
    end = time.monotonic() + seconds
    while {s for n, s in await rows(store, "notifier", "state") if n == notifier} != {state}:
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.01)


async def test_delivered_and_marked_with_its_metrics(store):
    fake, metrics = Fake(), Metrics()
    await tell(store, telling("k1"), telling("k2", leak="b"))
    async with Running(deliverer(store, fake, metrics=metrics)):
        await until(lambda: len(fake.delivered) == 2)
    assert await rows(store, "key", "state", "delivered_at", "attempts") == [
        ("k1", "delivered", NOON + 1, 1),
        ("k2", "delivered", NOON + 1, 1),
    ]
    value = metrics.registry.get_sample_value
    assert value("leakstream_notifications_total", {"notifier": "hook", "outcome": "delivered"}) == 2
    assert value("leakstream_fetch_to_notify_seconds_sum") == 2.0
    assert value("leakstream_publish_to_notify_seconds_count") == 0  # nobody said when it was published


async def test_the_time_to_page_is_that_of_the_first_notifier(store):
    hook, slack, metrics, clock = Fake(), Fake(), Metrics(), Clock()
    slack.gate = asyncio.Event()
    published = {"published_at": NOON - 9, "trace_id": "00aa"}
    await tell(store, *(telling("k", notifier=name, **published) for name in ("hook", "slack")))
    await tell(store, telling("k2", leak="b", action="ticket", **published))  # nobody is woken
    async with Running(deliverer(store, hook, slack, clock=clock, metrics=metrics)):
        await until(lambda: len(hook.delivered) == 2)
        await until_state(store, "hook", "delivered")
        clock.now += 100
        slack.gate.set()
        await until(lambda: slack.delivered)
        await until_state(store, "slack", "delivered")
    value = metrics.registry.get_sample_value
    assert value("leakstream_publish_to_notify_seconds_count") == 1
    assert value("leakstream_publish_to_notify_seconds_sum") == 10.0
    assert value("leakstream_deliveries_total", {"notifier": "hook", "outcome": "in_time"}) == 2


async def test_what_the_notifier_is_given(store):
    class Keep(Fake):
        async def notify(self, notification):
            self.delivered.append(notification)

    fake = Keep()
    await tell(store, telling("k1", change="escalated"))
    async with Running(deliverer(store, fake)):
        await until(lambda: fake.delivered)
    (given,) = fake.delivered
    assert (given.key, given.dedup_key, given.change) == ("k1", fingerprint("a")[:32], "escalated")
    assert (given.exposure["id"], given.created_at) == (fingerprint("a"), NOON)


async def test_waking_is_enough(store):
    fake = Fake()
    runner = deliverer(store, fake)
    async with Running(runner):
        await tell(store, telling("k1"))
        runner.wake()
        await until(lambda: fake.delivered == ["k1"])


async def test_permanent_is_kept_and_tried_again_under_another_configuration(store):
    fake, metrics = Fake(), Metrics()
    fake.errors["*"] = Permanent(Reason.GONE)
    await tell(store, telling("k1"))
    async with Running(deliverer(store, fake, metrics=metrics, revision="1")):
        await until(lambda: fake.tried)
    assert await rows(store, "state", "reason") == [("failed", "gone")]
    assert metrics.registry.get_sample_value(
        "leakstream_notifications_total", {"notifier": "hook", "outcome": "gone"}
    )
    fake.errors.clear()
    async with Running(deliverer(store, fake, revision="1")):
        await asyncio.sleep(0.1)
    assert fake.delivered == []
    async with Running(deliverer(store, fake, revision="2")):
        await until(lambda: fake.delivered == ["k1"])


async def test_retryable_waits_longer_each_time_and_never_gives_up(store):
    fake, clock = Fake(), Clock()
    fake.errors["*"] = Retryable(Reason.SERVER_ERROR)
    await tell(store, telling("k1"))
    waits = []
    async with Running(deliverer(store, fake, clock=clock)):
        for attempt in range(1, 5):
            await until(lambda n=attempt: len(fake.tried) == n)
            while (await rows(store, "lease_until"))[0][0] != 0.0:  # noqa: ASYNC110 - the store rings no bell
                await asyncio.sleep(0.01)
            ((next_try, state),) = await rows(store, "next_try", "state")
            assert state == "pending"
            waits.append(next_try - clock.now)
            if attempt < 4:
                clock.now = next_try
    assert waits == [0.5, 1.0, 2.0, 4.0]
    fake.errors.clear()
    clock.now += 300
    async with Running(deliverer(store, fake, clock=clock)):
        await until(lambda: fake.delivered == ["k1"])


async def test_retry_after_is_obeyed(store):
    fake, clock = Fake(), Clock()
    fake.errors["*"] = Retryable(Reason.SERVER_ERROR, retry_after=77.0)
    await tell(store, telling("k1"))
    async with Running(deliverer(store, fake, clock=clock)):
        await until(lambda: fake.tried)
    assert await rows(store, "next_try", "reason") == [(clock.now + 77.0, "server_error")]


async def test_a_bug_in_a_notifier_fails_its_own_row_only(store):
    fake = Fake()
    fake.errors["k1"] = KeyError("https://hooks.example/synthetic-secret")
    await tell(store, telling("k1"), telling("k2", leak="b"))
    async with Running(deliverer(store, fake)):
        await until(lambda: fake.delivered == ["k2"])
    assert await rows(store, "state", "reason") == [("failed", "internal"), ("delivered", "")]


async def test_a_notifier_that_hangs_is_cut_off(store):
    fake = Fake()
    fake.gate = asyncio.Event()
    await tell(store, telling("k1"))
    async with Running(deliverer(store, fake, deadline=0.1)):
        await until(lambda: fake.tried)
    assert await rows(store, "state", "reason") == [("pending", "timeout")]


async def test_one_that_is_away_delays_nobody_and_catches_up_in_order(store):
    away, fine, clock = Fake(), Fake(), Clock()
    away.errors["*"] = Retryable(Reason.UNREACHABLE)
    for n in range(3):
        await tell(
            store,
            *(
                telling(f"{leak}{n}", leak=leak, notifier=name)
                for leak in LEAKS
                for name in ("hook", "slack")
            ),
        )
    async with Running(deliverer(store, away, fine, clock=clock)):
        await until(lambda: len(fine.delivered) == 78)
        await until(lambda: len(away.tried) >= 26)  # the first of each exposure
        assert away.delivered == []
        away.errors.clear()
        clock.now += 10
        await until(lambda: len(away.delivered) == 78)
    for fake in (away, fine):
        assert Counter(fake.delivered) == {f"{leak}{n}": 1 for leak in LEAKS for n in range(3)}
        for leak in LEAKS:
            assert [key for key in fake.delivered if key[0] == leak] == [f"{leak}0", f"{leak}1", f"{leak}2"]


async def test_once_it_is_back_everything_is_due_at_once(store):
    fake = Fake()
    fake.errors["*"] = Retryable(Reason.SERVER_ERROR, retry_after=500.0)
    async with Running(deliverer(store, fake)):
        for number, leak in enumerate("abc", 1):
            await tell(store, telling(leak, leak=leak))
            await until(lambda n=number: len(fake.tried) == n)
        fake.errors.clear()
        await tell(store, telling("d", leak="d"))
        await until(lambda: sorted(fake.delivered) == ["a", "b", "c", "d"])
    assert fake.delivered[0] == "d"


async def test_one_message_that_fails_does_not_hold_up_the_others(store):
    fake = Fake()
    fake.errors["a"] = Retryable(Reason.SERVER_ERROR)
    await tell(store, *(telling(leak, leak=leak) for leak in LEAKS))
    async with Running(deliverer(store, fake)):
        await until(lambda: len(fake.delivered) == 25)
    assert "a" not in fake.delivered


async def test_never_more_at_once_than_the_notifier_takes(store):
    class Counting(Fake):
        now = most = 0

        async def notify(self, notification):
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0)
            self.now -= 1
            await super().notify(notification)

    fake = Counting()
    await tell(store, *(telling(leak, leak=leak) for leak in LEAKS))
    async with Running(deliverer(store, fake, at_once=3)):
        await until(lambda: len(fake.delivered) == 26)
    assert fake.most == 3


async def test_two_deliverers_at_once_send_each_once(store, tmp_path):
    other = await open_store(tmp_path)
    fake = Fake()
    await tell(store, *(telling(f"{leak}{n}", leak=leak) for leak in LEAKS for n in range(4)))
    async with Running(deliverer(store, fake), deliverer(other, fake)):
        await until(lambda: len(fake.delivered) >= 104)
    await other.close()
    assert set(Counter(fake.delivered).values()) == {1}
    assert {state for (state,) in await rows(store, "state")} == {"delivered"}


async def test_a_process_that_stood_still_sends_nothing_and_marks_nothing(store, tmp_path):
    other = await open_store(tmp_path)
    slow, quick, clock = Fake(), Fake(), Clock()
    slow.gate = asyncio.Event()
    metrics = Metrics()
    await tell(store, telling("k1"))
    async with Running(deliverer(store, slow, clock=clock, metrics=metrics)):
        await until(lambda: slow.tried)
        later = Clock(clock.now + 60)  # the first lease has run out
        async with Running(deliverer(other, quick, clock=later)):
            await until(lambda: quick.delivered == ["k1"])
        slow.gate.set()
        await until(lambda: slow.delivered)
    await other.close()
    assert await rows(store, "state", "fence", "delivered_at") == [("delivered", 2, later.now)]
    value = metrics.registry.get_sample_value
    assert value("leakstream_notifications_total", {"notifier": "hook", "outcome": "fenced"}) == 1


async def test_a_locked_store_only_delays(store):
    fake = Fake()
    await tell(store, telling("k1"))
    held = Busy(store)
    await held.begin()
    async with Running(deliverer(store, fake)):
        await asyncio.sleep(0.1)
        await held.end()
        await until(lambda: fake.delivered == ["k1"])


async def test_a_store_locked_after_the_delivery_does_not_repeat_it(store):
    class Locks(Fake):
        async def notify(self, notification):
            await held.begin()
            await super().notify(notification)

    fake, metrics, held = Locks(), Metrics(), Busy(store)
    await tell(store, telling("k1"))
    async with Running(deliverer(store, fake, metrics=metrics)):
        await until(
            lambda: metrics.registry.get_sample_value("leakstream_batch_retries_total", {"stage": "deliver"})
        )
        await held.end()
    assert fake.delivered == ["k1"]
    assert await rows(store, "state", "fence") == [("delivered", 1)]


async def test_kill_between_delivery_and_mark_repeats_the_same_key(store, tmp_path):
    await tell(store, *(telling(f"key-{leak}", leak=leak) for leak in LEAKS))
    script = str(Path(sys.modules["notifier_samples"].__file__).with_name("deliver_until_killed.py"))

    async def run(url):
        return await asyncio.create_subprocess_exec(sys.executable, script, str(store_place(tmp_path)), url)

    held = asyncio.Event()

    async with receiver() as (url, answer):
        answer.hold = held
        first = await run(url)
        await until(lambda: len(answer.requests) >= 10)
        first.kill()
        assert await first.wait() == -9
        before = list(answer.keys)
        held.set()
        # the lease of the killed one runs out: in the test by hand
        async with store.write() as connection:
            await connection.execute(outbox.update().values(lease_until=0.0))
        second = await run(url)
        await until(lambda: len(set(answer.keys)) == 26)

        async with asyncio.timeout(120):
            while {state for (state,) in await rows(store, "state")} != {"delivered"}:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        second.kill()
        await second.wait()
    repeats = {key: count for key, count in Counter(answer.keys).items() if count > 1}
    assert set(repeats) == set(before)
    assert set(repeats.values()) == {2}


async def test_what_stands_comes_with_it_and_a_late_close_ends_nothing_newer(store):
    fake = Fake()
    await put(store, exposure("reopened", opening=2, opened_at=NOON + 3))
    await tell(
        store,
        telling("old", leak="reopened", labels={"rule": "r"}),
        telling("end", leak="reopened", change="closed", at=NOON + 2),
        telling("new", leak="reopened", change="reopened", opening=2, at=NOON + 3),
        telling("elsewhere", leak="reopened", notifier="slack", action="ticket"),
    )
    async with Running(deliverer(store, fake, clock=Clock(NOON + 10))):
        await until(lambda: len(fake.delivered) == 3)
    stands = [
        [(stand.key, stand.opening, stand.ended) for stand in notification.standing]
        for notification in fake.notifications
    ]
    both = [("old", 1, NOON + 2), ("new", 2, None)]
    assert stands == [both, both, [("new", 2, None)]]
    assert fake.notifications[0].standing[0].labels == {"rule": "r"}


class Reader(Fake):
    """A notifier that people read: what is told together fails and is remembered like the rest."""

    def __init__(self):
        super().__init__()
        self.summaries = []

    async def announce(self, announcement):
        self.tried.append(announcement.key)
        error = self.errors.get("summary", self.errors.get("*"))
        if error is not None:
            raise error
        self.summaries.append(announcement)
        self.delivered += announcement.carries


READING = Grouping(
    seconds=60,
    after=2,
    storm_after=50,
    storm_seconds=180,
    sums=frozenset({"opened", "reopened", "escalated"}),
)


def bursts(*leaks, at=NOON, **other):
    return [telling(leak, leak=leak, incident="acme/code", at=at, **other) for leak in leaks]


async def test_a_burst_becomes_two_messages_and_a_summary_and_each_row_is_marked(store):
    fake, clock, metrics = Reader(), Clock(), Metrics()
    await tell(store, *bursts(*LEAKS))
    async with Running(deliverer(store, fake, clock=clock, metrics=metrics, grouping=READING)):
        await until(lambda: len(fake.delivered) == 2)
        await asyncio.sleep(0.1)
        assert fake.summaries == []
        clock.now += 60
        await until(lambda: len(fake.delivered) == 26)
    assert [len(each.carries) for each in fake.summaries] == [24]
    assert Counter(fake.delivered) == Counter(LEAKS)
    assert {state for (state,) in await rows(store, "state")} == {"delivered"}
    value = metrics.registry.get_sample_value
    assert value("leakstream_notifications_total", {"notifier": "hook", "outcome": "delivered"}) == 26
    assert value("leakstream_notifications_total", {"notifier": "hook", "outcome": "grouped"}) == 24
    assert value("leakstream_fetch_to_notify_seconds_count") == 2  # what waits on purpose is not slow


async def test_a_summary_that_failed_is_tried_again_as_the_same(store):
    fake, clock = Reader(), Clock()
    fake.errors["summary"] = Retryable(Reason.SERVER_ERROR)
    await tell(store, *bursts(*"abcde"))
    async with Running(deliverer(store, fake, clock=clock, grouping=READING)):
        await until(lambda: len(fake.delivered) == 2)
        clock.now += 60
        await until(lambda: len(fake.tried) == 3)
        while any(until for (until,) in await rows(store, "lease_until")):  # noqa: ASYNC110 - no bell
            await asyncio.sleep(0.01)
        assert set((await rows(store, "state", "reason"))[2:]) == {("pending", "server_error")}
        await tell(store, *bursts("f", at=clock.now))
        fake.errors.clear()
        clock.now += 300
        await until(lambda: len(fake.delivered) >= 5)
        clock.now += 60  # what came in between may wait for its minute
        await until(lambda: len(fake.delivered) == 6)
    assert fake.tried[2] == fake.summaries[0].key
    assert sorted(fake.summaries[0].carries) == ["c", "d", "e"]


async def test_a_summary_that_is_refused_fails_whole(store):
    fake, clock = Reader(), Clock()
    fake.errors["summary"] = Permanent(Reason.CLIENT_ERROR)
    await tell(store, *bursts(*"abcde"))
    async with Running(deliverer(store, fake, clock=clock, grouping=READING)):
        await until(lambda: len(fake.delivered) == 2)
        clock.now += 60
        await until(lambda: len(fake.tried) == 3)
    assert await rows(store, "state") == [("delivered",)] * 2 + [("failed",)] * 3


async def test_ends_are_told_one_by_one_after_what_they_end(store):
    fake, clock = Reader(), Clock()
    await tell(store, *bursts(*"abcde"))
    await tell(
        store, *(telling(f"end {leak}", leak=leak, change="closed", incident="acme/code") for leak in "abcde")
    )
    async with Running(deliverer(store, fake, clock=clock, grouping=READING)):
        await until(lambda: len(fake.delivered) == 4)
        clock.now += 60
        await until(lambda: len(fake.delivered) == 10)
    for leak in "abcde":
        assert fake.delivered.index(leak) < fake.delivered.index(f"end {leak}")
    assert [len(each.carries) for each in fake.summaries] == [3]


async def test_one_that_was_away_for_an_hour_is_told_everything_in_one_message(store):
    fake, clock = Reader(), Clock()
    fake.errors["*"] = Retryable(Reason.UNREACHABLE)
    await tell(store, *bursts(*LEAKS))
    async with Running(deliverer(store, fake, clock=clock, grouping=READING)):
        await until(lambda: len(fake.tried) >= 2)
        while any(until for (until,) in await rows(store, "lease_until")):  # noqa: ASYNC110 - no bell
            await asyncio.sleep(0.01)
        assert fake.delivered == []
        fake.errors.clear()
        clock.now += 3600
        await until(lambda: len(fake.delivered) == 26)
    assert Counter(fake.delivered) == Counter(LEAKS)
    assert len(fake.summaries) == 1


async def test_what_is_silenced_is_no_backlog_that_is_stuck(store):
    await tell(store, *bursts("a"))
    async with store.write() as connection:
        held = outbox.update().values(reason="silenced", next_try=NOON + 1000)
        await connection.execute(held)
        figures = (await backlog(connection))["hook"]
    assert (figures.pending, figures.held, figures.oldest) == (1, 1, None)
