from __future__ import annotations

from pathlib import Path

from alerting_samples import NOON, open_store
from monitor.alerting.replaying.watched import Watched, note_searched, note_start, offer

DAY = 86400.0
SAID = "the watch list changed: `leakstream replay --since 24h` would look for it in what is still kept"


async def test_a_change_is_offered_at_every_start_until_it_was_searched(tmp_path: Path) -> None:
    store = await open_store(tmp_path)

    async def start(digest: str, at: float) -> str:
        async with store.write() as connection:
            return await note_start(connection, digest, now=at, kept=DAY)

    assert await start("one", NOON) == ""  # the first start: nothing came before it
    assert await start("one", NOON + 5) == ""
    assert await start("two", NOON + 10) == SAID
    assert await start("two", NOON + 20) == SAID
    async with store.write() as connection:
        await note_searched(connection, "two", now=NOON + 30)
    assert await start("two", NOON + 40) == ""
    assert await start("three", NOON + 50) == SAID
    await store.close()


def test_the_offer_ends_when_all_that_is_kept_is_newer() -> None:
    known = Watched("two", NOON, searched=False)
    assert offer(known, "two", now=NOON + DAY - 1, kept=DAY) == SAID
    assert offer(known, "two", now=NOON + DAY, kept=DAY) == ""


def test_a_list_that_no_service_has_started_with_is_offered() -> None:
    known = Watched("two", NOON, searched=True)
    assert offer(known, "three", now=NOON + 9 * DAY, kept=DAY) == SAID
    assert offer(None, "three", now=NOON, kept=DAY) == ""


def test_it_is_read_as_it_is_written() -> None:
    known = Watched("two", NOON, searched=True)
    assert Watched.read(known.text()) == known
    assert Watched.read("") is None
