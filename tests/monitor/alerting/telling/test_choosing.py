"""What one notifier is told now, over the real store."""

import pytest
from sqlalchemy import select, update

from alerting_samples import NOON, exposure, fingerprint, open_store, put, tell, telling
from monitor.alerting.telling.choosing import Chooser
from monitor.alerting.telling.grouping import Grouping
from monitor.store import exposures, outbox, silences
from monitor.store.tables import exposures as exposures_table
from monitor.store.tables import outbox as table

pytestmark = pytest.mark.usefixtures("each_store")
RULES = Grouping(
    seconds=60,
    after=2,
    storm_after=100,
    storm_seconds=180,
    sums=frozenset({"opened", "reopened", "escalated", "closed"}),
)
LEAKS = "abcdefghij"


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    await put(opened, *(exposure(leak) for leak in LEAKS))
    yield opened
    await opened.close()


async def choose(store, chooser, *, now=NOON, limit=32):
    async with store.write() as connection:
        return await chooser.choose(connection, now=now, until=now + 30, limit=limit)


async def deliver(store, messages, *, at=NOON):
    async with store.write() as connection:
        for rows in messages:
            await outbox.settle_delivered(connection, rows, at=at, together=len(rows) > 1)


async def silence(store, *, since=NOON - 60, until=NOON + 600, even_critical=False, **matches):
    async with store.write() as connection:
        return await silences.add(
            connection,
            since=since,
            until=until,
            matches=matches,
            even_critical=even_critical,
            reason="r",
            at=NOON,
            by="ann",
        )


async def rows(store, *columns):
    async with store.read() as connection:
        query = select(*(table.c[name] for name in columns)).order_by(table.c.id)
        return [tuple(row) for row in await connection.execute(query)]


async def close(store, leak="a"):
    async with store.write() as connection:
        closed = exposures_table.c.id == fingerprint(leak)
        await connection.execute(
            update(exposures_table).where(closed).values(state="closed", closed_at=NOON + 1)
        )
    await tell(store, telling(f"close {leak}", leak=leak, change="closed", incident="acme/code"))


def keys(messages):
    return [[row.key for row in rows] for rows in messages]


async def burst(store, *leaks, **other):
    await tell(store, *(telling(leak, leak=leak, incident="acme/code", **other) for leak in leaks))


async def test_a_machine_is_told_one_by_one(store):
    await burst(store, *LEAKS)
    assert keys(await choose(store, Chooser("hook"), limit=4)) == [["a"], ["b"], ["c"], ["d"]]


async def test_a_burst_is_two_messages_and_a_minute_later_one_with_the_rest(store):
    chooser = Chooser("hook", grouping=RULES)
    await burst(store, *LEAKS)
    first = await choose(store, chooser)
    assert keys(first) == [["a"], ["b"]]
    assert chooser.counts["grouped"] == 8
    await deliver(store, first)
    assert await choose(store, chooser, now=NOON + 59) == []
    (summary,) = await choose(store, chooser, now=NOON + 60)
    assert [row.key for row in summary] == list("cdefghij")
    assert len({row.message for row in summary} - {""}) == 1
    await deliver(store, [summary], at=NOON + 60)
    assert await rows(store, "state", "carried") == [("delivered", n) for n in (1, 1, 8, 0, 0, 0, 0, 0, 0, 0)]


async def test_a_summary_whose_sender_died_is_told_again_as_it_was(store):
    chooser = Chooser("hook", grouping=RULES)
    await burst(store, *"abcde")
    await deliver(store, await choose(store, chooser))
    (dead,) = await choose(store, chooser, now=NOON + 60)
    await burst(store, *"fgh", at=NOON + 61)
    messages = await choose(store, Chooser("hook", grouping=RULES), now=NOON + 91)
    assert keys(messages) == [["c", "d", "e"], ["f"], ["g"]]
    assert {row.message for row in messages[0]} == {dead[0].message}
    assert {row.message for rows in messages[1:] for row in rows} == {""}


async def test_an_escalation_to_a_page_takes_what_is_held_along(store):
    chooser = Chooser("hook", grouping=RULES)
    await burst(store, *"abcd", action="ticket")
    await deliver(store, await choose(store, chooser))
    await burst(store, "e", at=NOON + 5)
    await tell(store, telling("page d", leak="d", change="escalated", at=NOON + 5, incident="acme/code"))
    first = await choose(store, chooser, now=NOON + 5)
    assert keys(first) == [["e"], ["d"]]
    await deliver(store, first, at=NOON + 5)
    assert keys(await choose(store, chooser, now=NOON + 5)) == [["page d"]]


async def test_what_is_silenced_is_held_and_told_at_the_end(store):
    chooser = Chooser("hook")
    await silence(store, repository="acme/*")
    await burst(store, "a")
    assert await choose(store, chooser) == []
    assert await rows(store, "state", "reason", "next_try") == [("pending", "silenced", NOON + 600)]
    assert chooser.counts["silenced"] == 1
    assert keys(await choose(store, chooser, now=NOON + 600)) == [["a"]]


async def test_what_was_over_before_the_silence_was_is_skipped_with_its_end(store):
    chooser = Chooser("hook")
    await silence(store, repository="acme/*")
    await burst(store, "a")
    await choose(store, chooser)
    await close(store)
    assert await choose(store, chooser, now=NOON + 600) == []
    assert await choose(store, chooser, now=NOON + 600) == []
    assert await rows(store, "state", "reason") == [("skipped", "silenced")] * 2
    assert chooser.counts["skipped"] == 2


async def test_who_heard_of_the_leak_hears_of_its_end_in_the_middle_of_a_silence(store):
    chooser = Chooser("hook")
    await burst(store, "a")
    await deliver(store, await choose(store, chooser))
    await silence(store, repository="acme/*")
    await close(store)
    assert keys(await choose(store, chooser)) == [["close a"]]


@pytest.mark.parametrize("heard", [True, False])
async def test_that_somebody_has_it_in_hand_is_for_who_heard_of_it(store, heard):
    chooser = Chooser("hook")
    await burst(store, "a")
    if heard:
        await deliver(store, await choose(store, chooser))
    await silence(store, repository="acme/*")
    await tell(store, telling("in hand", change="acknowledged"))
    assert keys(await choose(store, chooser)) == ([["in hand"]] if heard else [])
    if not heard:  # the silence ends, and it is open still: both are told, in their order
        for key in ("a", "in hand"):
            told = await choose(store, chooser, now=NOON + 600)
            assert keys(told) == [[key]]
            await deliver(store, told)


async def test_the_worst_is_not_silenced_and_takes_what_is_held_along(store):
    chooser = Chooser("hook")
    await silence(store, repository="acme/*")
    await burst(store, "a", action="ticket")
    assert await choose(store, chooser) == []
    async with store.write() as connection:
        worst = exposure(severity="critical", verdict="proved")
        await exposures.save(connection, new=(), changed=[worst])
    await tell(store, telling("worse", change="escalated", at=NOON + 5))
    first = await choose(store, chooser, now=NOON + 5)
    assert keys(first) == [["a"]]
    await deliver(store, first)
    assert keys(await choose(store, chooser, now=NOON + 5)) == [["worse"]]


async def test_a_page_that_is_silenced_on_purpose_waits_for_the_end(store):
    await silence(store, rule="*", even_critical=True)
    await put(store, exposure("worst", severity="critical", verdict="proved"))
    await tell(store, telling("k", leak="worst"))
    assert await choose(store, Chooser("hook")) == []
    assert keys(await choose(store, Chooser("hook"), now=NOON + 600)) == [["k"]]


async def test_silences_that_are_not_for_it_or_not_for_now(store):
    await silence(store, rule="*", since=NOON + 60, until=NOON + 120)
    await burst(store, "a")
    first = await choose(store, Chooser("hook"))
    assert keys(first) == [["a"]]
    await deliver(store, first)
    await burst(store, "b", at=NOON + 60)
    assert keys(await choose(store, Chooser("hook", silenced=False), now=NOON + 60)) == [["b"]]


async def test_two_silences_hold_until_the_later_end(store):
    await silence(store, rule="*", until=NOON + 100)
    await silence(store, provider="*", until=NOON + 200)
    await burst(store, "a")
    await choose(store, Chooser("hook"))
    assert await rows(store, "next_try") == [(NOON + 200,)]


async def test_one_that_is_ended_early_lets_go_of_what_it_held(store):
    number = await silence(store, rule="*")
    await burst(store, "a")
    await choose(store, Chooser("hook"))
    async with store.write() as connection:
        assert await silences.end(connection, number, at=NOON + 5, by="bob")
        assert await outbox.unheld(connection, outbox.SILENCED, now=NOON + 5) == 1
    assert keys(await choose(store, Chooser("hook"), now=NOON + 5)) == [["a"]]


async def test_two_processes_do_not_both_send_the_first_ones(store):
    one, other = Chooser("hook", grouping=RULES), Chooser("hook", grouping=RULES)
    await burst(store, *"abc")
    assert keys(await choose(store, one)) == [["a"], ["b"]]
    await burst(store, *"de")
    assert await choose(store, other) == []
    assert other.counts["grouped"] == 2


async def test_a_drill_is_not_silenced(store):
    await silence(store, rule="*", even_critical=True)
    await tell(store, telling("drill", labels={"exercise": "true"}), telling("real", leak="b"))
    assert keys(await choose(store, Chooser("hook"))) == [["drill"]]
