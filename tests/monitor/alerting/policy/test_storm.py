from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from sqlalchemy import func, select

from alerting_samples import NOON, finding, fingerprint, open_store, records, service
from monitor.alerting.fold import Route
from monitor.alerting.policy import storm
from monitor.alerting.policy.storm import STORM, Contended, Room
from monitor.alerting.policy.table import Policy
from monitor.bus.base import RetryableError
from monitor.metrics import Metrics
from monitor.store.exposures import load
from monitor.store.queries import find_ids
from monitor.store.tables import exposures, outbox

pytestmark = pytest.mark.usefixtures("each_store")

pytestmark = pytest.mark.usefixtures("each_store")
LIMIT = 3
ROUTES = (Route("hook"),)


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


def claimed(*names, **other):
    """Made-up keys beside a host of ours."""
    return records([finding(name, path=name, hosts=("db.acme.example",), **other) for name in names])


def alerting(store, *, at=NOON + 10, **other):
    return service(store, policy=Policy(claimed_tickets=LIMIT), clock=lambda: at, **other)


async def told(store):
    async with store.read() as connection:
        rows = await connection.execute(select(outbox.c.exposure_id, outbox.c.change))
        return Counter((row.exposure_id == STORM, row.change) for row in rows)


async def decisions(store):
    async with store.read() as connection:
        query = select(exposures.c.decision, func.count()).group_by(exposures.c.decision)
        return Counter({row[0]: row[1] for row in await connection.execute(query)})


async def summary(store):
    async with store.read() as connection:
        return (await load(connection, [STORM]))[STORM]


async def test_beyond_the_limit_they_are_recorded_and_one_ticket_tells_how_many(store):
    metrics = Metrics()
    await alerting(store, metrics=metrics).handle(claimed(*"abcdefgh"))
    assert await told(store) == {(False, "opened"): LIMIT, (True, "opened"): 1}
    assert await decisions(store) == {"claimed": LIMIT, "claimed_storm": 5 + 1}
    row = await summary(store)
    assert (row.sightings, row.action, row.level) == (5, "ticket", "claimed")
    assert row.reasons[0]["found"] == "5"
    counted = metrics.registry.get_sample_value(
        "leakstream_policy_decisions_total", {"action": "record", "reason": "claimed_storm"}
    )
    assert counted == 5


async def test_it_holds_over_a_restart_and_a_second_worker(store):
    await alerting(store).handle(claimed(*"ab"))
    await alerting(store, at=NOON + 20).handle(claimed(*"cd"))
    await alerting(store, at=NOON + 30).handle(claimed(*"ef"))
    assert await told(store) == {(False, "opened"): LIMIT, (True, "opened"): 1}
    assert (await summary(store)).sightings == 3


async def test_two_workers_at_once_begin_no_more_than_one(store, tmp_path):
    other = await open_store(tmp_path)
    one, two = alerting(store), alerting(other, at=NOON + 11)

    async def until_done(worker, batch):
        while True:
            try:
                return await worker.handle(batch)
            except RetryableError:  # one of the two was first
                await asyncio.sleep(0)

    await asyncio.gather(
        *(until_done(one, claimed(f"a{n}")) for n in range(6)),
        *(until_done(two, claimed(f"b{n}")) for n in range(6)),
    )
    await other.close()
    assert await told(store) == {(False, "opened"): LIMIT, (True, "opened"): 1}
    assert (await summary(store)).sightings == 9


async def test_what_is_proved_pages_through_the_storm(store):
    await alerting(store).handle(claimed(*"abcdefgh"))
    await alerting(store).handle(records([finding("z", repository="acme/code")]))
    assert await told(store) == {(False, "opened"): LIMIT + 1, (True, "opened"): 1}


async def test_one_that_was_held_is_told_by_the_next_sighting_that_finds_room(store):
    await alerting(store).handle(claimed(*"abcd"))
    again = records([finding("d", path="elsewhere", hosts=("db.acme.example",))])
    await alerting(store, at=NOON + 20).handle(again)
    assert (await told(store))[False, "opened"] == LIMIT
    await alerting(store, at=NOON + 3700).handle(again)
    assert (await told(store))[False, "opened"] == LIMIT + 1
    assert (await decisions(store))["claimed_storm"] == 1  # the storm's own


async def test_one_that_was_told_is_not_counted_again(store):
    for at in range(5):
        copies = records([finding("a", path=f"{at}", hosts=("db.acme.example",))])
        await alerting(store, at=NOON + at).handle(copies)
    await alerting(store).handle(claimed(*"bc"))
    assert await told(store) == {(False, "opened"): LIMIT}


async def test_a_held_one_that_turns_out_to_be_ours_pages(store):
    await alerting(store).handle(claimed(*"abcd"))
    await alerting(store).handle(records([finding("d", repository="acme/code")]))
    async with store.read() as connection:
        row = (await load(connection, [fingerprint("d")]))[fingerprint("d")]
    assert (row.action, row.decision) == ("page", "yours")
    assert (await told(store))[False, "opened"] == LIMIT + 1


async def test_it_closes_by_itself_after_an_hour_and_opens_again(store):
    await alerting(store).handle(claimed(*"abcde"))
    for at, over in ((NOON + 3600, False), (NOON + 3610, True), (NOON + 3700, False)):
        async with store.write() as connection:
            assert await storm.settle(connection, now=at) is over
    row = await summary(store)
    assert (row.state, row.close_reason, row.closed_by, row.sightings) == ("closed", "over", "system", 2)
    await alerting(store, at=NOON + 9000).handle(claimed(*"ghijk"))
    row = await summary(store)
    assert (row.state, row.opening, row.sightings, row.opened_at) == ("open", 2, 2, NOON + 9000)
    assert await told(store) == {
        (False, "opened"): 2 * LIMIT,
        (True, "opened"): 1,
        (True, "closed"): 1,
        (True, "reopened"): 1,
    }


async def test_it_is_found_like_any_exposure(store):
    await alerting(store).handle(claimed(*"abcde"))
    async with store.read() as connection:
        assert await find_ids(connection, STORM[:12]) == [STORM]


def test_room_is_for_the_last_hour():
    room = Room(2, f"{NOON - 3601!r} {NOON - 1!r}", now=NOON)
    assert (room.used, room.take(), room.take(), room.held, room.used) == (1, True, False, 1, 2)


async def test_who_lost_the_race_writes_nothing(store):
    async with store.write() as connection:
        one, two = [await Room.load(connection, LIMIT, now=NOON) for _ in range(2)]
        assert one.take()
        assert two.take()
        await one.save(connection)
        with pytest.raises(Contended):
            await two.save(connection)


async def test_without_a_claim_nothing_is_written(store):
    async with store.write() as connection:
        room = await Room.load(connection, LIMIT, now=NOON)
        await room.save(connection)
        assert (await Room.load(connection, LIMIT, now=NOON)).used == 0
