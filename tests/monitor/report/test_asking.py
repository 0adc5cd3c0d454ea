"""What the ledger is asked about an exposure."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from alerting_samples import NOON, exposure, open_store
from ledgers import blind, poll, push
from monitor.coverage.deliveries import Deliveries
from monitor.coverage.items import Outcome, item, pack
from monitor.misdelivery import FAMILY
from monitor.report.asking import about_deliveries, about_places
from monitor.store import ledger
from monitor.store.engine import Store

EVENT = "ab" * 16
pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def store(tmp_path) -> AsyncIterator[Store]:
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def write(store: Store, *told: dict[str, Any]) -> None:
    async with store.write() as connection:
        await ledger.append(connection, told, now=NOON + 100)


async def words(store: Store, *places: dict[str, Any]) -> list[tuple[int, str]]:
    async with store.read() as connection:
        asked = await about_places(connection, places, lambda *_: True)
    return [(each.number, each.word) for each in asked]


def at(number: int, when: float | None, **place: str) -> dict[str, Any]:
    return {"number": number, "published_at": when, "place": place}


def delivered(feed: str, *events: tuple[str, float]) -> dict[str, Any]:
    times = [when for _, when in events]
    items = pack(item(feed, digest, when, Outcome.FETCHED) for digest, when in events)
    return {
        "source": "ingest",
        "since": min(times),
        "until": max(times),
        "listed": len(events),
        "feed": feed,
        "items": items,
    }


async def test_seen_not_seen_and_blind(store) -> None:
    polls = [poll(NOON + 60 * n, None, *([push("acme/x", NOON + 90)] if n == 1 else [])) for n in range(10)]
    await write(store, *polls, blind(NOON + 3600, NOON + 3700))
    hub = {"forge": "github.com", "repository": "acme/x"}
    assert await words(store, at(1, NOON + 90, **hub)) == [(1, "seen")]
    assert await words(store, at(2, NOON + 90, forge="github.com", repository="acme/other")) == [
        (2, "not seen")
    ]
    assert await words(store, at(3, NOON + 3650, **hub)) == [(3, "blind")]


async def test_only_the_first_three_that_say_where_and_when(store) -> None:
    await write(store, poll(NOON))
    named = [at(n, NOON, forge="github.com", owner="acme") for n in range(2, 7)]
    told = await words(store, at(0, None, forge="github.com", owner="acme"), at(1, NOON, url="x"), *named)
    assert [number for number, _ in told] == [2, 3, 4]


async def test_a_wrong_delivery_is_found_by_its_digest(store) -> None:
    await write(
        store,
        delivered("deliveries/dm", (EVENT, NOON), ("cd" * 16, NOON + 1)),
        delivered("misdeliveries/dm", (EVENT, NOON)),
    )
    place = {"forge": "ingest", "repository": "deliveries/dm"}
    assert await words(store, at(1, NOON, **place, path=f"message/{EVENT}")) == [(1, "seen")]
    assert await words(store, at(2, NOON + 1, **place, path=f"message/{'cd' * 16}")) == [(2, "not seen")]


async def test_how_many_were_wrong_and_since_when(store) -> None:
    await write(
        store,
        delivered("deliveries/dm", (EVENT, NOON), ("cd" * 16, NOON + 1), ("ef" * 16, NOON + 50)),
        delivered("misdeliveries/dm", (EVENT, NOON), ("ef" * 16, NOON + 50)),
        delivered("misdeliveries/other", (EVENT, NOON)),
    )
    row = exposure(rule=FAMILY, provider=FAMILY, family=FAMILY, facts={"webhook": "dm"})
    async with store.read() as connection:
        assert await about_deliveries(connection, row, NOON, NOON + 60) == Deliveries(
            "dm", 3, 2, NOON, NOON + 50, (2,)
        )
        assert await about_deliveries(connection, row, NOON + 600, NOON + 700) == Deliveries("dm")
        assert await about_deliveries(connection, exposure(), NOON, NOON + 60) is None
