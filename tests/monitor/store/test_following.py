from dataclasses import replace

import pytest

from alerting_samples import NOON, exposure, fingerprint, open_store, place, put
from monitor.store import exposures, following

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def stored(store, leak, count, **other):
    row = exposure(leak, sightings=count, **other)
    await put(store, row)
    async with store.write() as connection:
        await exposures.add_sightings(
            connection, [place(n, leak) for n in range(1, count + 1)], {row.id: count}
        )
        return (await following.standings(connection, [row.id]))[row.id]


def named(found):
    return [(each.standing.exposure_id, each.follow) for each in found]


async def test_the_longest_due_come_first_and_say_whether_anybody_follows(store):
    a, b, c = fingerprint("a"), fingerprint("b"), fingerprint("c")
    removed = {"close_reason": "removed", "close_scope": "seen", "state": "closed", "closed_at": NOON}
    for leak, other in (("a", {}), ("b", {"level": "none"}), ("c", removed), ("d", {"mode": "exercise"})):
        await stored(store, leak, 1, **other)
    async with store.write() as connection:
        await following.sooner(connection, [c], at=NOON + 1)
        await following.sooner(connection, [a], at=NOON + 2)
        await following.sooner(connection, [b], at=NOON + 3)
        await following.sooner(connection, [a], at=NOON + 9)  # an earlier one stays
        assert named(await following.due(connection, now=NOON + 3, limit=9)) == [
            (c, True),
            (a, True),
            (b, False),
        ]
        assert named(await following.due(connection, now=NOON + 1, limit=9)) == [(c, True)]
        assert named(await following.due(connection, now=NOON + 9, limit=1)) == [(c, True)]


async def test_what_became_of_places_is_kept(store):
    first, second = await stored(store, "a", 2)
    gone = replace(first, public="removed", removed_at=NOON, checks=3)
    async with store.write() as connection:
        await following.save(connection, [gone])
        assert await following.gone(connection, [first.exposure_id]) == {first.place_id: NOON}
        assert await following.owners(connection, [first.place_id, "0" * 32]) == {
            first.place_id: first.exposure_id
        }
        await following.save_times(connection, [replace(gone, public="x", next_check=7.0)])
        kept = (await following.standings(connection, [first.exposure_id]))[first.exposure_id]
        assert [(each.public, each.next_check, each.checks) for each in kept] == [
            ("removed", 7.0, 3),
            ("unknown", None, 0),
        ]
        await following.back(connection, [first.place_id], at=NOON + 5)
        kept = (await following.standings(connection, [first.exposure_id]))[first.exposure_id]
        assert (kept[0].public, kept[0].removed_at, kept[0].next_check, kept[0].checks) == (
            "unknown",
            None,
            NOON + 5,
            0,
        )
        assert kept[1] == second


async def test_what_is_known_already_begins_to_be_followed(store):
    await stored(store, "a", 2)
    await stored(store, "b", 1, level="none")
    async with store.write() as connection:
        assert await following.begin(connection, at=NOON) == 2
        assert await following.begin(connection, at=NOON) == 0


async def test_the_oldest_window_that_runs(store):
    async with store.read() as connection:
        assert await following.first_running(connection) is None
    for leak, other in (
        ("a", {"first_published": None, "first_seen": NOON - 5}),
        ("b", {"first_published": NOON - 90, "revoked_at": NOON}),
        ("c", {"first_published": NOON - 90, "removed_at": NOON}),
        ("d", {"first_published": NOON - 90, "level": "none"}),
        ("e", {"first_published": NOON - 90, "mode": "exercise"}),
        ("f", {"first_published": NOON - 90, "state": "closed"}),
        ("g", {"first_published": NOON - 7, "level": "claimed"}),
    ):
        await put(store, exposure(leak, **other))
    async with store.read() as connection:
        assert await following.first_running(connection) == NOON - 7
