import asyncio

import pytest
from sqlalchemy import func, select

from alerting_samples import NOON, exposure, fingerprint, open_store, place, put, tell, telling
from monitor.metrics import Metrics
from monitor.store import blobs, dead_letters, drills, exposures, ledger, outbox, records, silences, tables
from monitor.store.collector_state import SqlCollectorState
from monitor.store.errors import StoreBusy
from monitor.store.janitor import Janitor, Terms
from monitor.store.tables import metadata

pytestmark = pytest.mark.usefixtures("each_store")

HOUR = 3600.0
DAY = 24 * HOUR


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def counts(store):
    async with store.read() as connection:
        rows = {
            name: (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            for name, table in metadata.tables.items()
        }
    # those with one "exposure" in their name follow the exposures
    return {name: count for name, count in rows.items() if count and not name.startswith("exposure_")}


async def load(store, leak="a"):
    async with store.read() as connection:
        return (await exposures.load(connection, [fingerprint(leak)])).get(fingerprint(leak))


async def unwatched(store, leak="a"):
    row = exposure(leak, level="none", reasons=(), facts={"account": "1"}, unwatched_since=NOON)
    await put(store, row)
    async with store.write() as connection:
        await exposures.add_sightings(connection, [place(1, leak)], {row.id: 1})
        held = {"blob_sha": "b", "exposure_id": row.id, "origin": "o", "occurrences": 1, "seen_at": NOON}
        await blobs.save_blobs(connection, [held])
    return row


async def test_what_nobody_watches_keeps_fingerprint_rule_source_and_day(store):
    await unwatched(store)
    janitor = Janitor(store)
    assert not (await janitor.sweep(NOON + 24 * HOUR)).total()
    done = await janitor.sweep(NOON + 24 * HOUR + 1)
    assert +done == {"places": 1}
    assert await counts(store) == {"exposures": 1, "aliases": 1}
    row = await load(store)
    assert (row.rule, row.source, row.sightings) == ("example-token", "github_events", 1)
    assert (row.preview, row.repository, row.path, row.facts, row.reasons) == ("", "", "", {}, ())
    assert {row.first_seen, row.last_seen, row.opened_at, row.first_published} == {NOON - 12 * HOUR}


async def test_the_term_is_the_operators(store):
    await unwatched(store)
    done = await Janitor(store, Terms(unattributed_places=HOUR)).sweep(NOON + HOUR + 1)
    assert +done == {"places": 1}


async def test_and_goes_altogether_later(store):
    await unwatched(store)
    janitor = Janitor(store)
    await janitor.sweep(NOON + 2 * DAY)
    await janitor.sweep(NOON + 181 * DAY)
    assert await counts(store) == {}


async def test_what_is_watched_stays_while_open(store):
    await put(store, exposure())
    async with store.write() as connection:
        await exposures.add_sightings(connection, [place(1)], {fingerprint("a"): 1})
    await Janitor(store).sweep(NOON + 399 * DAY)
    assert await counts(store) == {"exposures": 1, "aliases": 1, "places": 1, "sightings": 1}
    await Janitor(store).sweep(NOON + 401 * DAY)
    assert await counts(store) == {"exposures": 1, "aliases": 1, "places": 1}


async def test_a_closed_one_goes_with_everything_of_it(store):
    await put(store, exposure(state="closed", closed_at=NOON), exposure("b"))
    await tell(store, telling("k"))
    async with store.write() as connection:
        await exposures.add_sightings(connection, [place(1)], {fingerprint("a"): 1})
    await Janitor(store).sweep(NOON + 366 * DAY)
    assert await counts(store) == {"exposures": 1, "aliases": 1}
    assert await load(store, "b") is not None


async def test_the_outbox_keeps_what_is_not_delivered(store):
    closed = {"state": "closed", "closed_at": NOON + 399 * DAY}
    await put(store, exposure(**closed), exposure("b", **closed), exposure("c"))
    await tell(store, telling("1"), telling("2", leak="b"), telling("3", leak="c"))
    async with store.write() as connection:
        rows = await outbox.lease(connection, "hook", now=NOON, until=NOON + 1, limit=3)
        await outbox.settle_delivered(connection, rows[:1], at=NOON)
        await outbox.settle_undelivered(connection, rows[1:2], state="failed", reason="gone")
    assert (await Janitor(store).sweep(NOON + 91 * DAY))["outbox"] == 1
    assert (await Janitor(store).sweep(NOON + 401 * DAY))["outbox"] == 1
    assert (await counts(store))["outbox"] == 1


async def test_the_outbox_keeps_who_was_told_of_an_open_exposure(store):
    await put(store, exposure(), exposure("b"))
    await tell(store, telling("1"), telling("2", leak="b"))
    async with store.write() as connection:
        delivered, failed = await outbox.lease(connection, "hook", now=NOON, until=NOON + 1, limit=2)
        await outbox.settle_delivered(connection, [delivered], at=NOON)
        await outbox.settle_undelivered(connection, [failed], state="failed", reason="gone")
    assert (await Janitor(store).sweep(NOON + 1000 * DAY))["outbox"] == 0
    async with store.read() as connection:
        assert await outbox.told_of(connection, fingerprint("a"), 1) == ["hook"]


async def test_a_silence_stays_for_a_year_after_its_end(store):
    async with store.write() as connection:
        for until in (NOON, NOON + 2 * DAY):
            await silences.add(
                connection,
                since=NOON - 1,
                until=until,
                matches={"rule": "x"},
                even_critical=False,
                reason="r",
                at=NOON,
                by="ann",
            )
    assert (await Janitor(store).sweep(NOON + 366 * DAY))["silences"] == 1
    assert (await Janitor(store).sweep(NOON + 368 * DAY))["silences"] == 1


async def test_what_nobody_was_told_on_purpose_stays_as_long_as_what_failed(store):
    closed = {"state": "closed", "closed_at": NOON + 399 * DAY}
    await put(store, exposure(**closed), exposure("b", **closed))
    await tell(store, telling("1"), telling("2", leak="b"))
    async with store.write() as connection:
        first, second = await outbox.heads(connection, "hook", now=NOON, limit=2)
        await outbox.skip(connection, [first])
        await connection.execute(
            tables.outbox.update().where(tables.outbox.c.id == second.id).values(state="dropped")
        )
    assert (await Janitor(store).sweep(NOON + 399 * DAY))["outbox"] == 0
    assert (await Janitor(store).sweep(NOON + 401 * DAY))["outbox"] == 2


async def test_the_small_tables(store):
    async with store.write() as connection:
        await records.add_audit(connection, at=NOON, actor="a", verb="viewed")
        told = {"source": "s", "since": NOON - 1, "until": NOON, "items": "QUJD"}
        await ledger.append(connection, [told], now=NOON)
        kept = {"blob_sha": "b", "digest": "d", "seen_at": NOON, "kept_since": NOON, "event": {}}
        await blobs.add_blob_places(connection, [kept])
    await SqlCollectorState(store, clock=lambda: NOON).mark_seen("s", [bytes([n]) for n in range(3)])
    assert not (await Janitor(store).sweep(NOON + 0.9 * DAY)).total()
    done = await Janitor(store).sweep(NOON + 364 * DAY)
    assert +done == {"blob_places": 1, "coverage_items": 1}
    done = await Janitor(store).sweep(NOON + 402 * DAY)
    assert +done == {"audit": 1, "coverage": 1, "collector_seen": 3}


async def test_what_was_done_with_dead_letters_is_kept_longer_than_they_are(store):
    key = dead_letters.LetterKey("documents.v1.dlq", 0, 1, NOON - DAY)
    async with store.write() as connection:
        await dead_letters.mark(connection, [key], dead_letters.Mark("dropped", NOON, "ann"))
    assert not (await Janitor(store).sweep(NOON + 30 * DAY)).total()  # the longest term that a topic may have
    assert +await Janitor(store).sweep(NOON + 41 * DAY) == {"dead_letters_done": 1}


async def test_drills_stay_400_days(store):
    async with store.write() as connection:
        await drills.add(connection, drills.Drill("a" * 32, "ingest", "b" * 64, NOON, NOON + 60))
    assert not (await Janitor(store).sweep(NOON + 399 * DAY)).total()
    assert +await Janitor(store).sweep(NOON + 401 * DAY) == {"drills": 1}


async def test_many_rows_in_bounded_steps(store):
    state = SqlCollectorState(store, clock=lambda: NOON)
    await state.mark_seen("s", [n.to_bytes(4, "big") for n in range(1234)])
    done = await Janitor(store).sweep(NOON + 402 * DAY)
    assert done["collector_seen"] == 1234


async def test_it_sweeps_every_hour_and_leaves_a_busy_store_for_later(store):
    await SqlCollectorState(store, clock=lambda: NOON).mark_seen("s", [b"k"])
    now, stop, slept, metrics = [NOON], asyncio.Event(), [], Metrics()

    class Busy(Janitor):
        async def sweep(self, now):
            if len(slept) == 1:
                raise StoreBusy("locked")
            return await super().sweep(now)

    async def sleep(stop, seconds):
        slept.append(seconds)
        now[0] = NOON + 402 * DAY
        if len(slept) == 3:
            stop.set()
        return stop.is_set()

    await Busy(store).run(stop, clock=lambda: now[0], metrics=metrics, sleep=sleep)
    assert slept == [HOUR] * 3
    value = metrics.registry.get_sample_value
    assert value("leakstream_dropped_total", {"stage": "retention", "reason": "collector_seen"}) == 1
    assert value("leakstream_batch_retries_total", {"stage": "retention"}) == 1
    assert not await counts(store)


async def test_the_seen_set_is_bounded_and_loses_its_oldest_days_first(store):
    terms = Terms(collector_seen_rows=5)
    for day, count in enumerate((4, 3, 2)):
        state = SqlCollectorState(store, clock=lambda day=day: NOON + day * DAY)
        await state.mark_seen("s", [bytes([day, n]) for n in range(count)])
    assert (await Janitor(store, terms).sweep(NOON + 2 * DAY))["collector_seen"] == 4
    state = SqlCollectorState(store, clock=lambda: NOON + 2 * DAY)
    assert await state.unseen("s", [b"\0\0", b"\1\0", b"\2\0"]) == {b"\0\0"}
    await state.mark_seen(
        "s", [bytes([9, n]) for n in range(9)]
    )  # one day alone may be more: nothing of it is known to be old
    assert (await Janitor(store, terms).sweep(NOON + 2 * DAY))["collector_seen"] == 3
    assert await state.unseen("s", [b"\2\0", b"\1\0"]) == {b"\1\0"}
