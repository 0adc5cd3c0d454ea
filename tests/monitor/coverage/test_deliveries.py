"""What the ledger says of deliveries in a span of time."""

from __future__ import annotations

from dataclasses import replace

from ledgers import NOON
from monitor.contracts import CoverageEvent
from monitor.coverage.chain import Told
from monitor.coverage.deliveries import Deliveries, is_of_webhook, needs_items, summed
from monitor.coverage.items import Outcome, item, pack


def told(seq: int, feed: str, *times: float, items: bool = True) -> Told:
    packed = pack(item(feed, f"{seq} {n}", at, Outcome.FETCHED) for n, at in enumerate(times))
    event = CoverageEvent(
        "ingest", min(times), max(times), listed=len(times), feed=feed, items=packed if items else ""
    )
    return Told(seq, NOON, event, True)


ENTRIES = [
    told(1, "deliveries/bot", NOON, NOON + 10, NOON + 20),
    told(2, "misdeliveries/bot", NOON + 10, NOON + 20),
    told(3, "deliveries/bot", NOON + 100, NOON + 200, items=False),
    told(4, "misdeliveries/bot", NOON + 200),
    told(5, "deliveries/other", NOON + 5),
]


def test_counts_and_the_window_of_what_is_wrong() -> None:
    bot, other = summed(ENTRIES, NOON - 1, NOON + 1000)
    assert bot == Deliveries("bot", 5, 3, NOON + 10, NOON + 200, (2, 4))
    assert other == Deliveries("other", 1)


def test_an_entry_that_begins_before_counts_by_its_items() -> None:
    (bot,) = summed(ENTRIES[:2], NOON + 15, NOON + 1000)
    assert (bot.delivered, bot.wrong, bot.first, bot.last) == (1, 1, NOON + 20, NOON + 20)
    assert summed(ENTRIES[:2], NOON + 300, NOON + 1000) == []


def test_without_its_items_an_entry_counts_whole() -> None:
    (bot,) = summed(
        [told(2, "misdeliveries/bot", NOON, NOON + 5, NOON + 9, items=False)], NOON - 1, NOON + 100
    )
    assert (bot.wrong, bot.first, bot.last) == (3, NOON, NOON + 9)


def test_which_entries_concern_webhooks_and_which_need_their_items() -> None:
    assert all(is_of_webhook(entry) for entry in ENTRIES)
    other = replace(ENTRIES[0], event=replace(ENTRIES[0].event, source="github_events"))
    assert not is_of_webhook(other)
    assert [needs_items(entry, NOON + 50) for entry in ENTRIES] == [True, True, False, True, True]
    assert [needs_items(entry, NOON - 1) for entry in ENTRIES] == [False, True, False, True, False]
