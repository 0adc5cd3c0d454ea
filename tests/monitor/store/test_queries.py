import pytest

from alerting_samples import NOON, exposure, fingerprint, open_store, put
from monitor.store.queries import Filter, count_exposures, find_ids, list_exposures, open_counts

pytestmark = pytest.mark.usefixtures("each_store")

ROWS = (
    exposure("a", severity="critical", last_seen=NOON + 3),
    exposure("b", state="closed", closed_at=NOON, rule="other-key", title="Other key", last_seen=NOON + 2),
    exposure("c", level="none", repository="hidden/repo", last_seen=NOON + 1, action="record", reasons=()),
    exposure("d", mode="exercise", last_seen=NOON),
    exposure("e", source="git", path="50%_off.env", level="claimed", action="ticket", last_seen=NOON + 1),
)


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    await put(opened, *ROWS)
    yield opened
    await opened.close()


def ids(text):
    return {fingerprint(letter) for letter in text}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(), "abce"),
        (Filter(exercises=True), "abcde"),
        (Filter(state="open"), "ace"),
        (Filter(severities=("critical", "low")), "a"),
        (Filter(levels=("proved", "claimed")), "abe"),
        (Filter(actions=("ticket",)), "e"),
        (Filter(rule="other-key"), "b"),
        (Filter(source="git"), "e"),
        (Filter(text="OTHER K"), "b"),
        (Filter(text=fingerprint("c")[:9]), "c"),
        (Filter(text="acme/code"), "abe"),
        (Filter(text="50%_"), "e"),
        (Filter(text="%"), "e"),
        (Filter(text="hidden/repo"), ""),  # what is never shown cannot be searched
        (Filter(text="nothing of it"), ""),
    ],
)
async def test_filters(store, wanted, found):
    async with store.read() as connection:
        rows = await list_exposures(connection, wanted, limit=10)
        assert {row.id for row in rows} == ids(found)
        assert await count_exposures(connection, wanted) == len(found)


async def test_pages_last_seen_first(store):
    seen = []
    after = None
    async with store.read() as connection:
        while rows := await list_exposures(connection, Filter(exercises=True), limit=2, after=after):
            seen += rows
            after = (rows[-1].last_seen, rows[-1].id)
    assert [row.id for row in seen] == [
        row.id for row in sorted(ROWS, key=lambda row: (row.last_seen, row.id), reverse=True)
    ]


async def test_ids_by_their_beginning(store):
    async with store.read() as connection:
        assert await find_ids(connection, fingerprint("b")[:8]) == [fingerprint("b")]
        assert await find_ids(connection, fingerprint("b")) == [fingerprint("b")]
        assert await find_ids(connection, "0" * 12) == []


async def test_open_counts_leave_drills_and_closed_ones_out(store):
    async with store.read() as connection:
        assert await open_counts(connection) == {
            ("critical", "proved"): 1,
            ("high", "none"): 1,
            ("high", "claimed"): 1,
        }
