"""Answers of collectors, through the handler: what is stored, who is told, and that nothing happens twice."""

import pytest
from sqlalchemy import select

from alerting_samples import NOON, finding, fingerprint, open_store, records, service, sighting
from monitor.alerting.exposures.desk import Exposures
from monitor.alerting.fold import Route
from monitor.contracts import Sighting
from monitor.metrics import Metrics
from monitor.store import following
from monitor.store.tables import audit, outbox

pytestmark = pytest.mark.usefixtures("each_store")
OURS = {"repository": "acme/code"}


class World:
    def __init__(self, store, routes):
        self.store = store
        self.now = NOON + 10
        self.metrics = Metrics()
        self.service = service(store, routes=routes, clock=lambda: self.now, metrics=self.metrics)
        self.people = Exposures(store, self.metrics, clock=lambda: self.now, routes=routes)

    async def take(self, *events):
        self.now += 1
        return await self.service.handle(records(events))

    def answer(self, event, public, at, **other):
        target = f'{{"place":"{event.place_id}","forge":"github.com"}}'
        values = {"source": "recheck", "blob_sha": "", "seen_at": at, "answers": target, "public": public}
        return Sighting(**values | other)

    async def told(self):
        query = select(outbox.c.notifier, outbox.c.change, outbox.c.opening, outbox.c.key).order_by(
            outbox.c.id
        )
        async with self.store.read() as connection:
            return [tuple(row) for row in await connection.execute(query)]

    async def verbs(self):
        async with self.store.read() as connection:
            return list((await connection.execute(select(audit.c.verb).order_by(audit.c.id))).scalars())

    async def shown(self, leak="a"):
        return await self.people.show(fingerprint(leak), actor="test")

    async def standings(self, leak="a"):
        async with self.store.read() as connection:
            return (await following.standings(connection, [fingerprint(leak)]))[fingerprint(leak)]


@pytest.fixture
async def world(tmp_path):
    store = await open_store(tmp_path)
    yield World(store, [Route("hook"), Route("pages", frozenset({"page"}))])
    await store.close()


async def test_gone_and_back_is_told_once_each_to_whoever_was_told(world):
    event = finding(**OURS)
    await world.take(event)
    gone, back = world.answer(event, "removed", NOON + 100), world.answer(event, "public", NOON + 200)
    await world.take(gone)
    assert ((await world.shown())["state"], (await world.shown())["closed"]["by"]) == ("closed", "system")
    await world.take(back)
    shown = await world.shown()
    assert (shown["state"], shown["opening"], shown["removed_at"]) == ("open", 2, None)

    told = await world.told()
    expected = [
        (change, opening)
        for change, opening in (("opened", 1), ("closed", 1), ("reopened", 2))
        for _ in range(2)
    ]
    assert [(change, opening) for _, change, opening, _ in told] == expected
    assert len({key for *_, key in told}) == 3
    before = await world.verbs()
    for again in (gone, back, gone, event, back):
        await world.take(again)
    assert await world.told() == told
    assert [verb for verb in (await world.verbs())[len(before) :] if verb != "viewed"] == []


async def test_all_of_it_in_one_batch_ends_in_the_same(world):
    event = finding(**OURS)
    answers = [
        world.answer(event, word, NOON + at)
        for word, at in (("public", 300), ("removed", 100), ("cleaned", 200))
    ]
    await world.take(event)
    await world.take(*answers)

    shown = await world.shown()
    assert (shown["state"], shown["public"], shown["opening"]) == ("open", "public", 1)
    assert [change for _, change, *_ in await world.told()] == ["opened"] * 2


async def test_answers_about_unknown_places_and_broken_ones(world):
    event = finding(**OURS)
    handled = await world.take(
        world.answer(event, "removed", NOON),
        world.answer(event, "perhaps", NOON),
        world.answer(event, "removed", NOON, answers="not a target"),
    )

    assert [letter.reason for letter in handled.dead] == ["malformed", "malformed"]
    value = world.metrics.registry.get_sample_value
    assert value("leakstream_dropped_total", {"stage": "alerting", "reason": "unknown_place"}) == 1


async def test_a_server_that_does_not_say_changes_nothing_but_the_next_look(world):
    event = finding(**OURS)
    await world.take(event)
    (before,) = await world.standings()
    await world.take(world.answer(event, "", NOON + 100))
    (after,) = await world.standings()

    assert (after.public, after.checked_at) == (before.public, before.checked_at) == ("unknown", None)
    value = world.metrics.registry.get_sample_value
    assert value("leakstream_rechecks_total", {"outcome": "no_answer"}) == 1


async def test_published_again_where_it_was_gone_opens_again_and_an_old_record_does_not(world):
    event = finding(**OURS)
    await world.take(event)
    await world.take(world.answer(event, "removed", NOON + 100))
    await world.take(finding(**OURS, published_at=NOON + 50, fetched_at=NOON + 500))
    await world.take(finding(**OURS, published_at=None, fetched_at=NOON + 500))
    await world.take(finding(**OURS, published_at=NOON + 400, mode="replay"))
    assert (await world.shown())["state"] == "closed"

    await world.take(finding(**OURS, published_at=NOON + 400, fetched_at=NOON + 500))
    shown = await world.shown()
    assert (shown["state"], shown["opening"], shown["sightings"]) == ("open", 2, 1)
    assert shown["window"]["until"] is None
    (place,) = await world.standings()
    assert (place.public, place.removed_at, place.next_check) == ("unknown", None, world.now + 120)


async def test_a_copy_at_a_new_place_opens_again(world):
    event = finding(**OURS)
    await world.take(event)
    await world.take(world.answer(event, "removed", NOON + 100))
    await world.take(sighting(event.blob_sha, repository="acme/copy", at=NOON + 300))

    shown = await world.shown()
    assert (shown["state"], shown["opening"], shown["public"]) == ("open", 2, "unknown")
    assert [each.public for each in await world.standings()] == ["removed", "unknown"]


async def test_a_revoked_one_that_goes_stays_closed_wherever_it_comes_back(world):
    event = finding(**OURS)
    await world.take(event)
    await world.people.revoke(fingerprint("a"), actor="ann")
    await world.take(world.answer(event, "removed", NOON + 100))
    await world.take(world.answer(event, "public", NOON + 200), finding(**OURS, path="b"))

    shown = await world.shown()
    assert (shown["state"], shown["closed"]["scope"], shown["opening"]) == ("closed", "leak", 1)
    assert shown["window"]["ended_by"] == "revoked"
    assert (await world.verbs()).count("window_ended") == 1
