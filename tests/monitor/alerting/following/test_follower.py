"""The one who asks: on the schedule, within the allowance, only for what somebody wants to know."""

import orjson
import pytest
from sqlalchemy import select

from alerting_samples import NOON, exposure, finding, fingerprint, open_store, put, records, service
from collecting import MemoryProducer
from monitor.alerting.exposures.desk import Exposures
from monitor.alerting.following.follower import Follower
from monitor.contracts import Sighting
from monitor.metrics import Metrics
from monitor.store.tables import sightings

pytestmark = pytest.mark.usefixtures("each_store")

pytestmark = pytest.mark.usefixtures("each_store")
MINUTE, HOUR, DAY = 60, 3600, 86400


class World:
    """A store, a clock, one alerting handler and one follower."""

    def __init__(self, store, **other):
        self.store = store
        self.now = NOON
        self.bus = MemoryProducer()
        self.metrics = Metrics()
        self.service = service(store, clock=lambda: self.now, metrics=self.metrics)
        self.follower = self.another(**other)
        self.people = Exposures(store, self.metrics, clock=lambda: self.now)

    def another(self, *, per_minute=60, holder="a"):
        return Follower(
            self.store, self.bus, self.metrics, clock=lambda: self.now, holder=holder, per_minute=per_minute
        )

    async def found(self, leak="a", **other):
        await self.service.handle(records([finding(leak, **{"repository": "acme/code", **other})]))

    async def asked(self, until):
        """Minutes from noon at which requests were sent, in steps of a minute."""
        times = []
        while self.now <= until:
            before = len(self.bus.requests)
            await self.follower.beat()
            times += [(self.now - NOON) / MINUTE] * (len(self.bus.requests) - before)
            self.now += MINUTE
        return times

    async def answer(self, public):
        """To the last request."""
        target = self.bus.requests[-1].target
        event = Sighting(source="recheck", blob_sha="", seen_at=self.now, answers=target, public=public)
        await self.service.handle(records([event]))

    async def state(self, leak="a"):
        return (await self.people.show(fingerprint(leak), actor="test"))["state"]

    def metric(self, name, **labels):
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def test_asked_on_a_falling_schedule(store):
    world = World(store)
    await world.found()
    times = await world.asked(NOON + 3 * HOUR)

    assert times == [2, 12, 42, 162]
    request = world.bus.requests[0]
    assert (request.kind, request.source) == ("recheck", "recheck")
    assert orjson.loads(request.target)["repository"] == "acme/code"


async def test_a_removed_place_is_looked_at_a_few_times_more(store):
    world = World(store)
    await world.found()
    await world.asked(NOON + 2 * MINUTE)
    await world.answer("removed")
    assert await world.state() == "closed"

    begin = len(world.bus.requests)
    await world.asked(world.now + 30 * MINUTE)
    world.now = NOON + 60 * DAY
    for _ in range(6):
        await world.asked(world.now)
        world.now += 60 * DAY
    assert len(world.bus.requests) - begin == 5


@pytest.mark.parametrize(
    "other",
    [
        {"repository": "stranger/code"},
        {"mode": "exercise"},
        {"source": "directory", "repository": "x", "place": None},
    ],
)
async def test_nobody_is_asked_about_what_nobody_watches_drills_and_what_has_no_address(store, other):
    world = World(store)
    if "place" in other:
        place = finding(repository="acme/code").place
        other = {"place": type(place)(forge="file", owner="acme", path="x")}
    await world.found(**other)

    assert await world.asked(NOON + 5 * MINUTE) == []
    async with store.read() as connection:
        assert (await connection.execute(select(sightings.c.next_check))).scalar_one() is None


async def test_nobody_is_asked_about_what_was_closed_until_it_opens_again(store):
    world = World(store)
    await world.found()
    await world.people.close(fingerprint("a"), "false_alarm", actor="ann")
    assert await world.asked(NOON + HOUR) == []

    await world.people.reopen(fingerprint("a"), actor="ann")
    begin = world.now
    assert (await world.asked(begin + 20 * MINUTE)) == [
        (begin - NOON) / MINUTE + 2,
        (begin - NOON) / MINUTE + 12,
    ]


async def test_what_becomes_ours_is_followed_from_then_on(store):
    world = World(store)
    await world.found(repository="stranger/code")
    world.now += HOUR
    await world.found(repository="stranger/code", facts={"account": "123456789012"})

    assert await world.asked(NOON + 65 * MINUTE) == [62]


async def test_without_a_collector_nobody_is_asked(store):
    world = World(store, per_minute=0)
    await world.found()

    assert await world.asked(NOON + HOUR) == []


async def test_a_crowd_is_asked_within_the_allowance(store):
    world = World(store, per_minute=10)
    for number in range(25):
        await world.found(path=str(number))
    times = await world.asked(NOON + 8 * MINUTE)

    assert times == [2] * 10 + [3] * 10 + [4] * 5


async def test_a_text_that_has_it_five_times_is_asked_once(store):
    world = World(store)
    for number in range(5):
        await world.found(n=number)
    assert await world.asked(NOON + 5 * MINUTE) == [2]

    await world.answer("removed")
    assert await world.state() == "closed"


async def test_one_holder_asks_and_another_takes_over(store):
    world = World(store)
    await world.found()
    world.now += 2 * MINUTE
    other = world.another(holder="b")
    assert await world.follower.beat()
    assert not await other.beat()
    assert len(world.bus.requests) == 1

    world.now += 10 * MINUTE
    assert await other.beat()
    assert len(world.bus.requests) == 2


async def test_what_a_bus_did_not_take_is_asked_again(store):
    world = World(store)
    world.bus.refusals = 1
    await world.found()
    world.now += 2 * MINUTE
    with pytest.raises(Exception, match="full"):
        await world.follower.beat()
    await world.follower.beat()

    assert len(world.bus.requests) == 1


async def test_what_was_there_before_anybody_followed_is_followed(store):
    world = World(store)
    await world.found()
    async with store.write() as connection:
        await connection.execute(sightings.update().values(next_check=None))

    assert await world.asked(NOON + 3 * MINUTE) == [2]


async def test_windows_are_counted_once_whoever_ends_them(store):
    world = World(store)
    await put(store, exposure("b"))
    await world.follower.beat()
    assert world.metric("leakstream_window_longest_open_seconds") == 60
    world.now += 40
    await world.people.revoke(fingerprint("b"), actor="ann")
    for _ in range(4):
        world.now += 20
        await world.follower.beat()

    assert world.metric("leakstream_window_seconds_sum", ended_by="revoked") == 100
    assert world.metric("leakstream_window_longest_open_seconds") == 0
    world.now += HOUR
    await world.another(holder="b").beat()
    assert world.metric("leakstream_window_seconds_count", ended_by="revoked") == 1
