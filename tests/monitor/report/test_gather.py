"""What a report is made of, out of a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from alerting_samples import NOON, fingerprint, open_store, put
from ledgers import SIGNER, poll
from monitor.report.gather import LONGEST_DAYS, Maker, Report, gather, statement
from monitor.store import exposures, ledger
from monitor.store.engine import Store
from reported import HOUR, MADE, PRIVACY, fill, leaked_key, watch

MAKER = Maker(MADE, "cli:ann", "0.0.0", "ab", SIGNER.public)
DAY = 24 * HOUR


@pytest.fixture
async def store(tmp_path) -> AsyncIterator[Store]:
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def report_of(store: Store, leak: str = "a") -> Report:
    async with store.read() as connection:
        row = (await exposures.load(connection, [fingerprint(leak)]))[fingerprint(leak)]
        return await gather(connection, row, MAKER, PRIVACY, lambda *_: True)


async def test_everything_of_one_exposure(store) -> None:
    await fill(store)
    report = await report_of(store)
    assert report.window.ended_by == "revoked"
    assert report.window.seconds(MADE) == 2.25 * HOUR + 600
    assert [place["number"] for place in report.places] == [1, 2]
    assert [(each.notifier, each.delivered_at) for each in report.told] == [
        ("pagerduty", NOON + 23),
        ("email", None),
    ]
    assert [entry["verb"] for entry in report.history] == [
        "closed",
        "window_ended",
        "revoked",
        "acknowledged",
        "viewed",
    ]
    (asked,) = report.asked  # the paste names neither repository nor time
    assert (asked.number, asked.word) == (1, "seen")
    assert asked.seen is not None
    assert (asked.seen.source, asked.seen.published) == ("github_events", NOON - 600)


async def test_the_statement_is_of_the_window_alone(store) -> None:
    await watch(store)
    async with store.read() as connection:
        said = await statement(connection, NOON, NOON + 2 * HOUR)
    (feed,) = said.watched
    assert (feed.source, round(feed.listed), feed.capture) == ("github_events", 1102, (1.0, 1.0, 1.0))
    (dark,) = said.blind
    assert (dark.since, dark.until, dark.reason) == (NOON + HOUR, NOON + HOUR + 600, "outage")
    assert (said.entries, said.cut, said.unsealed) == (111, False, 0)
    (seal,) = said.seals
    assert (seal.number, seal.first, seal.last, seal.key) == (1, 1, 231, SIGNER.public)


async def test_nothing_in_the_ledger(store) -> None:
    async with store.read() as connection:
        said = await statement(connection, NOON, NOON + HOUR)
    assert (said.begun, said.entries, said.watched, said.blind, said.seals, said.head) == (
        0.0,
        0,
        [],
        [],
        [],
        "",
    )


async def test_of_a_long_window_the_newest_part_is_reckoned(store) -> None:
    async with store.write() as connection:
        old, new = poll(NOON - 40 * DAY), poll(NOON - 60)
        await ledger.append(connection, [old, new], now=NOON)
    async with store.read() as connection:
        said = await statement(connection, NOON - 400 * DAY, NOON)
    assert said.cut
    assert said.since == NOON - LONGEST_DAYS * DAY
    assert said.entries == 1
    assert said.begun == NOON - 40 * DAY + 60
    assert said.unsealed == 2


async def test_parts_add_up_to_the_whole(store) -> None:
    async with store.write() as connection:
        await ledger.append(connection, [poll(NOON + 60 * n) for n in range(2 * 24 * 60)], now=NOON + 3 * DAY)
    async with store.read() as connection:
        said = await statement(connection, NOON, NOON + 2 * DAY)
    (feed,) = said.watched
    assert said.entries == 2880
    assert feed.listed == pytest.approx(28_800, rel=0.001)


async def test_what_is_nobodys_has_no_places(store) -> None:
    await put(store, leaked_key(level="none", reasons=(), unwatched_since=NOON))
    report = await report_of(store)
    assert (report.places, report.asked, report.reasons) == ([], [], [])
    assert not any("acme" in step or "AKIA" in step or "1234" in step for step in report.todo.steps)
