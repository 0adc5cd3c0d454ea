"""A notifier that takes nothing is itself an alert."""

import asyncio

import pytest

from alerting_samples import NOON, exposure, open_store, put, tell, telling
from monitor.alerting.notifiers.base import Permanent, Reason, Retryable, Topic
from monitor.alerting.telling.channel import Channel
from monitor.alerting.telling.reach import Reach, note_round
from monitor.metrics import Metrics

pytestmark = pytest.mark.usefixtures("each_store")
AWAY = Retryable(Reason.UNREACHABLE)


class Told:
    """A notifier that is announced to."""

    def __init__(self, error=None):
        self.error = error
        self.heard = []

    async def notify(self, notification):
        raise AssertionError

    async def announce(self, announcement):
        if self.error is not None:
            raise self.error
        self.heard.append(announcement)


class Mute:
    """One that only knows exposures."""

    async def notify(self, notification):
        raise AssertionError


class World:
    def __init__(self, store, **notifiers):
        self.store = store
        self.now = NOON
        self.metrics = Metrics()
        self.notifiers = notifiers
        self.reach = self.another()

    def another(self):
        channels = [Channel(name, notifier, deadline=1.0) for name, notifier in self.notifiers.items()]
        return Reach(self.store, channels, self.metrics, clock=lambda: self.now, holder="test")

    async def round(self, name, *errors, delivered=False):
        async with self.store.write() as connection:
            await note_round(connection, name, delivered=delivered, errors=errors, now=self.now)

    def unreached(self, name):
        return self.metrics.registry.get_sample_value(
            "leakstream_notifier_unreached_seconds", {"notifier": name}
        )


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    await put(opened, exposure())
    await tell(opened, telling("k1", notifier="slack"), telling("k2", notifier="hook"))
    yield opened
    await opened.close()


async def test_after_ten_minutes_the_others_are_told_once_and_that_it_is_back(store):
    world = World(store, slack=Told(), hook=Told(), am=Mute())
    await world.round("slack", AWAY)
    world.now += 599
    await world.round("slack", AWAY)  # the time is that of the first
    await world.reach.beat()
    assert (world.unreached("slack"), world.unreached("hook")) == (599, 0)
    assert (world.reach.notes(), world.reach.problems(), world.reach.anybody) == ([], [], True)
    world.now += 1
    for _ in range(3):
        await world.reach.beat()
    await world.another().beat()  # another process
    (said,) = world.notifiers["hook"].heard
    assert (said.topic, said.action) == (Topic.UNREACHED, "page")
    assert "slack cannot be reached" in said.headline
    assert "2023-11-15T12:00:00Z" in said.lines[0]
    assert world.notifiers["slack"].heard == []
    assert world.reach.notes() == ["slack has taken nothing since 2023-11-15T12:00:00Z"]
    assert world.reach.problems() == []
    await world.round("slack", delivered=True)
    for _ in range(2):
        await world.reach.beat()
    assert [each.topic for each in world.notifiers["hook"].heard] == [Topic.UNREACHED, Topic.REACHED]
    assert world.notifiers["hook"].heard[1].dedup_key == said.dedup_key
    assert (world.unreached("slack"), world.reach.notes()) == (0, [])


async def test_with_all_of_them_away_nobody_can_be_told(store):
    world = World(store, slack=Told(), hook=Told())
    for name in ("slack", "hook"):
        await world.round(name, AWAY)
    world.now += 601
    await world.reach.beat()
    assert not world.reach.anybody
    assert world.reach.problems()[0].startswith("no notifier can be reached")
    assert len(world.reach.problems()) == 3
    assert all(notifier.heard == [] for notifier in world.notifiers.values())
    await world.round("hook", delivered=True)
    await world.reach.beat()
    assert world.reach.anybody
    assert [each.topic for each in world.notifiers["hook"].heard] == [Topic.UNREACHED]


async def test_it_is_told_again_until_somebody_takes_it(store):
    world = World(store, slack=Told(), hook=Told(AWAY))
    await world.round("slack", AWAY)
    world.now += 601
    await world.reach.beat()
    world.notifiers["hook"].error = KeyError("a bug")
    await world.reach.beat()
    world.notifiers["hook"].error = None
    await world.reach.beat()
    await world.reach.beat()
    assert len(world.notifiers["hook"].heard) == 1
    value = world.metrics.registry.get_sample_value
    for outcome in ("unreachable", "internal", "delivered"):
        labels = {"notifier": "hook", "outcome": outcome}
        assert value("leakstream_notifications_total", labels) == 1


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (AWAY, True),
        (Retryable(Reason.RATE_LIMITED), True),
        (Permanent(Reason.UNAUTHORIZED), True),
        (Permanent(Reason.GONE), True),
        (Permanent(Reason.CLIENT_ERROR), False),  # says something of one message
        (Permanent(Reason.INTERNAL), False),
    ],
)
async def test_what_says_that_it_is_away(store, error, counts):
    world = World(store, slack=Told(), hook=Told())
    await world.round("slack", error)
    world.now += 601
    await world.reach.beat()
    assert bool(world.reach.notes()) is counts


async def test_what_has_nothing_left_to_take_is_not_missed(store):
    world = World(store, slack=Told(), hook=Told())
    await world.round("slack", AWAY)
    async with store.write() as connection:
        await connection.exec_driver_sql("UPDATE outbox SET state = 'dropped' WHERE notifier = 'slack'")
    world.now += 601
    await world.reach.beat()
    assert world.reach.notes() == []
    assert world.notifiers["hook"].heard == []


async def test_a_restart_forgets_nothing(store):
    world = World(store, slack=Told(), hook=Told())
    await world.round("slack", AWAY)
    world.now += 601
    again = world.another()
    await again.beat()
    assert len(again.notes()) == 1


async def test_it_runs_until_it_is_told_to_stop(store):
    world, stop = World(store), asyncio.Event()
    stop.set()
    await world.reach.run(stop)
    assert world.reach.anybody  # where there is no notifier nobody is missed
