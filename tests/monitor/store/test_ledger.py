import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from alerting_samples import open_store
from ledgers import NOON, SIGNER, STRANGER, blind, poll, push
from monitor.coverage.answer import Question, Word, answer
from monitor.coverage.chain import Head, LedgerBroken, walk
from monitor.coverage.proof import make, verify
from monitor.coverage.seals import DAY, begin_of_day
from monitor.store import evidence, ledger
from monitor.store.janitor import Janitor, Terms
from monitor.store.tables import coverage, meta, seals

pytestmark = pytest.mark.usefixtures("each_store")

MIDNIGHT = begin_of_day(NOON) + DAY


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def append(store, *events, now=NOON):
    async with store.write() as connection:
        return await ledger.append(connection, events, now=now)


async def told(store):
    async with store.read() as connection:
        found = [entry async for entry in ledger.entries(connection, items=True)]
        head = await ledger.head_of(connection)
    walked = list(walk(found, Head()))
    end = walked[-1][1] if walked else Head()
    assert (end.seq, end.hash) == (head.seq, head.hash)
    return [each for each, _ in walked]


async def check(store):
    async with store.read() as connection:
        return await evidence.check(connection)


async def seal_days(store, now, signer=SIGNER):
    async with store.write() as connection:
        await ledger.begin(connection, now)
        return [each.seal() for each in await ledger.seal_days(connection, signer, now)]


def gap(first, last, *, at=NOON, partition=0):
    gaps = [{"partition": partition, "first": first, "last": last}]
    return blind(at, at, "retention", source="bus:d", gaps=gaps, lost=last - first + 1)


async def test_what_is_told_again_is_no_new_entry(store):
    event = poll(NOON, None, push())
    assert await append(store, event, event) == 1
    assert await append(store, event, {**event, "fetched": 3}, now=NOON + 5) == 0
    (entry,) = await told(store)
    assert (entry.seq, entry.at, entry.event.fetched, entry.event.items) == (1, NOON, 9, event["items"])


@pytest.mark.parametrize(
    "other", [{"feed": "/other"}, {"source": "s"}, {"blind": "gap"}, {"repairs": "s"}, {"until": NOON + 61}]
)
async def test_another_feed_or_statement_about_the_same_span_is_one_more_entry(store, other):
    assert await append(store, poll(NOON), {**poll(NOON), **other}) == 2


async def test_a_gap_that_grew_is_one_more_entry_and_none_is_changed(store):
    steps = [(gap(5, 9), 1), (gap(5, 9, at=NOON + 1), 0), (gap(5, 7), 0), (gap(5, 20, at=NOON + 2), 1)]
    steps += [(gap(5, 9, at=NOON + 3), 0), (gap(5, 9, partition=1), 1), (gap(21, 30), 1)]
    for event, new in steps:
        assert await append(store, event) == new
    assert await append(store, gap(40, 41), gap(40, 45), gap(40, 43)) == 2
    lasts = [each.event.gaps[0].last for each in await told(store)]
    assert lasts == [9, 20, 9, 30, 41, 45]


async def test_times_do_not_go_back_when_a_clock_does(store):
    await append(store, poll(NOON))
    await append(store, poll(NOON + 60), now=NOON - 3600)
    assert [each.at for each in await told(store)] == [NOON, NOON]


async def test_a_transaction_that_fails_leaves_no_hole(store):
    await append(store, poll(NOON))

    async def fail():
        async with store.write() as connection:
            await ledger.append(connection, [poll(NOON + 60)], now=NOON)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    await append(store, poll(NOON + 120))
    assert [each.seq for each in await told(store)] == [1, 2]


async def test_several_writers_make_one_chain(tmp_path):
    stores = [await open_store(tmp_path) for _ in range(4)]

    async def write(number, store):
        for n in range(12):
            own = poll(NOON + 60 * n, source=f"s{number}")
            await append(store, own, poll(NOON + 60 * n), now=NOON + n)

    await asyncio.gather(*(write(n, each) for n, each in enumerate(stores)))
    assert len(await told(stores[0])) == 5 * 12
    assert (await check(stores[1]))[1] == 60
    for each in stores:
        await each.close()


@settings(max_examples=15)
@given(
    events=st.lists(
        st.builds(
            lambda n, feed: poll(NOON + n * 60, feed=feed), st.integers(0, 5), st.sampled_from(["/a", "/b"])
        ),
        max_size=12,
    ),
    cut=st.integers(0, 12),
)
def test_a_replay_from_anywhere_changes_nothing(tmp_path_factory, events, cut):
    async def run():
        store = await open_store(tmp_path_factory.mktemp("replay"))
        for event in events:
            await append(store, event)
        before = await told(store)
        await append(store, *events[cut:], *events[:cut], now=NOON + 99)
        assert await told(store) == before
        await store.close()

    asyncio.run(run())


async def test_each_day_has_a_seal_with_or_without_entries(store):
    assert await seal_days(store, NOON) == []  # the ledger begins
    await append(store, *(poll(NOON + 60 * n) for n in range(5)))
    assert await seal_days(store, MIDNIGHT - 1) == []
    await append(store, poll(MIDNIGHT), now=MIDNIGHT + 1)
    made = await seal_days(store, MIDNIGHT + 2.5 * DAY)
    assert [(s.number, s.day, s.first, s.last, s.until) for s in made] == [
        (1, "2023-11-15", 1, 5, MIDNIGHT),
        (2, "2023-11-16", 6, 6, MIDNIGHT + DAY),
        (3, "2023-11-17", 7, 6, MIDNIGHT + 2 * DAY),
    ]
    assert await seal_days(store, MIDNIGHT + 2.5 * DAY) == []
    head, count, known = await check(store)
    assert (head.seq, count, known) == (6, 6, made)


async def test_nothing_is_written_into_a_day_that_is_sealed(store):
    await append(store, poll(NOON))
    await seal_days(store, MIDNIGHT + 5)
    await append(store, poll(NOON + 60), now=MIDNIGHT - 3)  # its clock is behind
    assert (await told(store))[-1].at == MIDNIGHT
    await check(store)
    assert (await seal_days(store, MIDNIGHT + DAY))[0].first == 2


async def test_a_seal_on_demand_and_the_days_own(store):
    await append(store, poll(NOON), poll(NOON + 60))
    async with store.write() as connection:
        first = (await ledger.seal_now(connection, SIGNER, NOON)).seal()
        again = (await ledger.seal_now(connection, SIGNER, NOON)).seal()
    await append(store, poll(NOON + 120))
    (day,) = await seal_days(store, MIDNIGHT)
    assert [(s.number, s.day, s.first, s.last) for s in (first, again, day)] == [
        (1, "2023-11-15", 1, 2),
        (2, "2023-11-15", 3, 2),
        (3, "2023-11-15", 3, 3),
    ]
    await check(store)


async def broken(store, statement):
    async with store.write() as connection:
        await connection.execute(statement)
    with pytest.raises(LedgerBroken) as found:
        await check(store)
    return str(found.value)


async def filled(store, sealed=True):
    await append(store, *(poll(NOON + 60 * n, None, push(at=NOON + 60 * n)) for n in range(7)))
    if sealed:
        await seal_days(store, MIDNIGHT)
    await append(store, poll(MIDNIGHT), poll(MIDNIGHT + 60), now=MIDNIGHT + 1)


CHANGES = {
    "body": (update(coverage).values(body=coverage.c.body + " "), "entry 4 was changed"),
    "prev": (update(coverage).values(prev=bytes(32)), "entry 4 was changed"),
    "hash": (update(coverage).values(hash=bytes(32)), "entry 4 was changed"),
    "items": (update(coverage).values(packed="QUJD"), "entry 4: its items are not those"),
    "gone": (delete(coverage), "entry 4 is missing: the next one is 5"),
}


@pytest.mark.parametrize(("statement", "said"), CHANGES.values(), ids=CHANGES)
async def test_what_is_changed_behind_the_ledgers_back_is_named(store, statement, said):
    await filled(store)
    assert said in await broken(store, statement.where(coverage.c.seq == 4))


async def test_what_is_cut_off_at_either_end_is_noticed(store):
    await filled(store)
    assert "no seal ends there" in await broken(store, delete(coverage).where(coverage.c.seq < 3))


async def test_a_tail_that_is_cut_off_is_noticed(store):
    await filled(store)
    assert "it was written up to entry 9" in await broken(store, delete(coverage).where(coverage.c.seq > 7))
    async with store.write() as connection:
        await connection.execute(delete(meta).where(meta.c.name == ledger.HEAD))
    assert "are sealed, and the last one is 5" in await broken(
        store, delete(coverage).where(coverage.c.seq > 5)
    )


async def test_a_past_that_is_written_anew_is_not_what_was_sealed(store, tmp_path):
    await filled(store)
    other = await open_store(tmp_path / "other")
    await append(other, *(poll(NOON + 60 * n, None, push("some/body", NOON)) for n in range(7)))
    async with other.write() as connection:
        forged = (await connection.execute(coverage.select())).mappings().all()
    async with store.write() as connection:
        for row in forged:
            await connection.execute(update(coverage).where(coverage.c.seq == row["seq"]).values(**row))
        await connection.execute(delete(coverage).where(coverage.c.seq > 7))
    with pytest.raises(LedgerBroken, match=r"seal 1 of 2023-11-15 is over other entries than 1 to 7"):
        await check(store)
    await other.close()


@pytest.mark.parametrize("number", [1, 2])
async def test_a_seal_that_is_missing_or_of_somebody_else_is_noticed(store, number):
    await append(store, poll(NOON))
    await seal_days(store, MIDNIGHT + 2 * DAY)
    async with store.read() as connection:
        signed = (await ledger.all_seals(connection))[number - 1]
    forged = STRANGER.sign(b"leakstream coverage seal 1\0", signed.body.encode())
    here = seals.c.number == number
    assert "its signature is not" in await broken(store, update(seals).where(here).values(signature=forged))
    assert f"seal {number} is missing" in await broken(store, delete(seals).where(here))


async def test_items_go_after_their_term_and_entries_after_theirs_and_the_chain_still_holds(store):
    await filled(store)
    (made,) = await seal_days(store, MIDNIGHT + DAY)
    janitor = Janitor(store, Terms(coverage_items=35 * DAY, coverage=400 * DAY))
    assert +(await janitor.sweep(MIDNIGHT + 34 * DAY)) == {}
    assert +(await janitor.sweep(MIDNIGHT + 36 * DAY)) == {"coverage_items": 9 - 2}
    assert [each.event.items for each in await told(store)] == [""] * 9
    assert (await check(store))[1] == 9
    assert +(await janitor.sweep(MIDNIGHT + 400 * DAY)) == {"coverage": 7}
    head, count, known = await check(store)
    assert (head.seq, count, known[-1]) == (9, 2, made)
    assert +(await janitor.sweep(MIDNIGHT + 402 * DAY)) == {"coverage": 2}
    head, count, _ = await check(store)
    assert (head.seq, count) == (9, 0)
    await append(store, poll(NOON + 1), now=MIDNIGHT + 402 * DAY)
    assert (await check(store))[0].seq == 10


ASKED = Question("github.com", "acme/x", NOON, 60.0, 300.0, ("github_events",))


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize("name", ["acme/x", "not/here"])
async def test_an_answer_and_its_proof_out_of_the_store(store, sealed, name):
    await filled(store, sealed=sealed)
    question = replace(ASKED, name=name)
    async with store.read() as connection:
        found = answer(question, await evidence.around(connection, question))
        numbers = [each.entry for each in found.seen] or range(1, 8)
        cited, signed, chain = await evidence.cite(connection, numbers)
    assert found.word is (Word.SEEN if name == "acme/x" else Word.NOT_SEEN)
    raw = make(question, found, cited, signed, chain, at=NOON, signer=SIGNER)
    assert verify(raw, [SIGNER.public]).answer == found
    assert [each.seal for each in cited] == [1 if sealed else 0] * len(cited)


async def test_what_was_listed_hours_later_is_found(store):
    late = poll(NOON + 5 * 3600, None, push(at=NOON), oldest=NOON - 60, newest=NOON + 5 * 3600)
    await append(store, poll(NOON), late)
    async with store.read() as connection:
        found = await evidence.around(connection, ASKED)
        assert await evidence.beside(connection, NOON + 1) == [2]
        assert await evidence.beside(connection, NOON - 1) == [1]
    assert answer(ASKED, found).seen[0].entry == 2


def test_the_tables_are_made_on_postgresql_too():
    for table in (coverage, seals):
        assert "BIGINT" in str(CreateTable(coverage).compile(dialect=postgresql.dialect()))
        assert all(str(CreateIndex(each).compile(dialect=postgresql.dialect())) for each in table.indexes)
