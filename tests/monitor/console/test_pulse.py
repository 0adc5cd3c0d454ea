import pytest
from sqlalchemy import update

from alerting_samples import exposure, fingerprint, open_store, put
from ledgers import NOON, blind, poll
from monitor.console.pulse import Pulse
from monitor.store import ledger
from monitor.store.tables import coverage
from monitor.store.unread import Unread


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def tell(store, *told):
    async with store.write() as connection:
        await ledger.append(connection, told, now=NOON)


def pulse(store, *, checks=None, notes=None, notifiers=1, clock=lambda: NOON):
    return Pulse(store, clock=clock, checks=checks or {}, notes=notes or {}, notifiers=notifiers)


async def signs(store, **parts):
    beat = await pulse(store, **parts).beat()
    return {sign.name: sign for sign in beat.signs}


async def test_nothing_is_known_of_a_service_that_has_just_begun(store):
    found = await signs(store)
    assert [found[name].state for name in ("Seeing", "Matching", "Telling")] == ["unknown", "unknown", "ok"]
    nobody = (await signs(store, notifiers=0))["Telling"]
    assert (nobody.state, nobody.text) == ("unknown", "nobody: no notifier is configured")


async def test_all_is_well(store):
    await tell(store, *(poll(NOON - 600 + 60 * n, scanned=7) for n in range(10)))
    await put(store, exposure("a", opened_at=NOON - 90))
    beat = await pulse(store, checks={"match": list, "collect": list}).beat()
    assert [(sign.state, sign.text) for sign in beat.signs] == [
        ("ok", "1 source"), ("ok", "70 documents in 1 h"), ("ok", "every notifier answers"),
    ]  # fmt: skip
    assert beat.unread == Unread(1, fingerprint("a"), NOON - 90)
    assert beat.at == NOON


async def test_a_source_that_is_blind_and_one_that_went_away(store):
    polls = [poll(NOON - 1500 + 60 * n, source="gitlab", feed="/p") for n in range(10)]
    await tell(store, *polls, poll(NOON - 400), blind(NOON - 300, NOON - 20, "limit", feed="/events"))
    seeing = (await signs(store))["Seeing"]
    assert (seeing.state, seeing.text) == ("trouble", "0 of 2 sources")
    assert seeing.why == (
        "github_events is blind: limit, since 2023-11-15T11:55:00Z",
        "gitlab has told nothing for 15 min",
    )


async def test_a_source_that_is_polled_seldom_is_not_silent(store):
    hourly = [
        poll(NOON - 3600 + 600 * n, NOON - 3000 + 600 * n, source="gitlab", feed="/p") for n in range(5)
    ]
    await tell(store, *hourly, poll(NOON - 3000, source="archive", feed="hours"))
    seeing = (await signs(store))["Seeing"]
    assert (seeing.state, seeing.text) == ("ok", "2 sources")


async def test_what_this_process_says_of_itself_counts(store):
    found = await signs(
        store,
        checks={"match": lambda: ["no scanning process lives"], "alert": list, "telling": list},
        notes={"telling": lambda: ["slack has taken nothing"]},
    )
    assert (found["Matching"].state, found["Matching"].why) == ("trouble", ("no scanning process lives",))
    assert (found["Telling"].state, found["Telling"].text) == ("trouble", "1 notifier away")
    nobody = await signs(store, checks={"telling": lambda: ["nobody is told anything"]})
    assert nobody["Telling"].why == ("nobody is told anything",)


async def test_a_broken_ledger_and_a_check_that_fails_leave_the_rest_to_be_read(store):
    await tell(store, poll(NOON - 60))
    async with store.write() as connection:
        await connection.execute(update(coverage).values(body="{}"))

    def failing():
        raise RuntimeError("gone")

    found = await signs(store, checks={"match": failing})
    assert (found["Seeing"].state, found["Seeing"].text) == ("trouble", "the coverage ledger is broken")
    assert found["Matching"].why == ("its readiness check failed: RuntimeError",)
    assert found["Telling"].state == "ok"


async def test_it_looks_every_few_seconds_at_the_most(store):
    times = [NOON]
    desk = pulse(store, clock=lambda: times[0])
    first = await desk.beat()
    assert await desk.beat() is first
    times[0] += 6
    assert await desk.beat() is not first
