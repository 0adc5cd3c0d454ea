import pytest

from alerting_samples import open_store
from ledgers import NOON, SIGNER, blind, poll, push
from monitor.console.coverage import SPANS, Coverage
from monitor.coverage.answer import Word
from monitor.store import ledger

HOUR = 3600.0


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def tell(store, *told, now=NOON):
    async with store.write() as connection:
        await ledger.append(connection, told, now=now)


def coverage(store, at=NOON):
    times = [at] if isinstance(at, float) else at
    return Coverage(store, clock=lambda: times[0], is_watched=lambda _, name: name.startswith("acme/"))


def watched():
    """Seven hours of a feed that meets itself, but for ten minutes; those are filled by an archive."""
    dark = (NOON - 2 * HOUR, NOON - 2 * HOUR + 600)
    polls = [poll(NOON - 7 * HOUR + 60 * n) for n in range(420)]
    return [
        *(each for each in polls if not dark[0] <= each["since"] < dark[1]),
        blind(*dark, "outage", feed="/events"),
        blind(*dark, "", repairs="github_events", source="gharchive"),
        poll(NOON - HOUR, NOON, source="bus:documents.v1"),
    ]


async def test_what_was_seen_in_bars_and_when_it_was_dark(store):
    await tell(store, *watched())
    seen = await coverage(store).seen("6h")
    assert (seen.since, seen.until, seen.width) == (NOON - 6 * HOUR, NOON, 300.0)
    lane = next(lane for lane in seen.lanes if lane.source == "github_events")
    assert not any(lane.source.startswith("bus:") for lane in seen.lanes)
    assert len(lane.bars) == 72
    assert lane.bars[0].capture == 1.0
    assert lane.total.blind_seconds == pytest.approx(600, abs=60)
    (span,) = seen.blind
    assert (span.since, span.until, span.reason, span.repaired_by) == (
        NOON - 2 * HOUR, NOON - 2 * HOUR + 600, "outage", "gharchive",
    )  # fmt: skip


async def test_parts_that_are_reckoned_apart_join_again(store):
    await tell(store, *watched(), blind(NOON - 74 * HOUR, NOON - 70 * HOUR, "outage"))
    seen = await coverage(store).seen("7d")
    long = next(span for span in seen.blind if span.reason == "outage" and not span.repaired_by)
    assert (long.since, long.until) == (NOON - 74 * HOUR, NOON - 70 * HOUR)


async def test_a_picture_is_kept_for_a_minute(store):
    times = [NOON]
    desk = coverage(store, times)
    first = await desk.seen("1h")
    await tell(store, *watched())
    assert await desk.seen("1h") is first
    assert first.lanes == []
    times[0] = NOON + 61
    assert (await desk.seen("1h")).lanes


@pytest.mark.parametrize("name", SPANS)
async def test_an_empty_ledger_has_nothing_to_show(store, name):
    seen = await coverage(store).seen(name)
    assert (seen.lanes, seen.blind, seen.entries) == ([], [], 0)


async def test_the_ledgers_state(store):
    desk = coverage(store)
    assert (await desk.sealed()).entries == 0
    await tell(store, *watched()[:3])
    async with store.write() as connection:
        made = await ledger.seal_now(connection, SIGNER, NOON)
    await tell(store, poll(NOON + 60), now=NOON + 70)
    state = await desk.sealed()
    assert (state.entries, state.loose, state.number, state.digest, state.key, state.broken) == (
        4, 1, 1, made.hash, SIGNER.public, "",
    )  # fmt: skip


async def test_was_it_seen(store):
    await tell(store, *watched(), poll(NOON - 90, NOON - 30, push("acme/x", NOON - 60)))
    desk = coverage(store)
    found = await desk.ask("github.com", "acme/x", NOON - 60, span=60.0, within=300.0)
    assert (found.answer.word, found.asked) == (Word.SEEN, ("github_events",))
    dark = await desk.ask("github.com", "acme/x", NOON - 2 * HOUR + 60, span=60.0, within=60.0)
    assert dark.answer.word is Word.BLIND
    none = await desk.ask("github.com", "acme/y", NOON - 3 * HOUR, span=60.0, within=60.0)
    assert none.answer.word is Word.NOT_SEEN
