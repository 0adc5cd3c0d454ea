from dataclasses import replace

import pytest
from sqlalchemy import delete, select

from alerting_samples import NOON, exposure, fingerprint, open_store, put
from monitor.store import exposures, queries, tables
from monitor.store.janitor import Janitor
from monitor.store.queries import (
    Filter,
    Total,
    count_exposures,
    find_ids,
    list_and_count,
    list_exposures,
    open_counts,
)

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
        (Filter(modes=("exercise",)), "d"),
        (Filter(modes=("live", "exercise")), "abcde"),
        (Filter(since=NOON + 2), "ab"),
        (Filter(since=NOON + 2, text="acme/code"), "ab"),
        (Filter(since=NOON + 2, text=fingerprint("c")[:9]), ""),
        (Filter(since=NOON + 1, text="example token"), "ace"),
    ],
)
async def test_filters(store, wanted, found):
    async with store.read() as connection:
        rows = await list_exposures(connection, wanted, limit=10)
        assert {row.id for row in rows} == ids(found)
        assert await count_exposures(connection, wanted) == Total(len(found))


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


async def changed(store, row, **other):
    async with store.write() as connection:
        await exposures.save(connection, new=(), changed=[replace(row, **other)])


async def test_counts_follow_what_is_changed_and_what_goes(store):
    async def count(**wanted):
        async with store.read() as connection:
            total = await count_exposures(connection, Filter(**wanted))
            assert total.exact
            return total.number

    await changed(store, ROWS[0], state="closed", closed_at=NOON)
    await changed(store, ROWS[2], level="claimed")
    assert [await count(), await count(state="open"), await count(levels=("none",))] == [4, 2, 0]
    assert await count(text="hidden/repo") == 1  # somebody watches it now
    await changed(store, ROWS[0], state="closed", closed_at=NOON, repository="Moved/Away")
    assert [await count(text="moved/away"), await count(text="acme/code")] == [1, 2]
    await changed(store, ROWS[4], level="none")
    assert await count(text="50%_") == 0
    async with store.write() as connection:
        await connection.execute(delete(tables.exposures).where(tables.exposures.c.rule == "other-key"))
    assert [await count(), await count(rule="other-key"), await count(text="acme/code")] == [3, 0, 0]
    await Janitor(store).sweep(NOON)  # adds the counts up
    assert [await count(), await count(rule="other-key")] == [3, 0]
    async with store.read() as connection:
        rows = (await connection.execute(select(tables.exposure_counts.c.kind))).scalars().all()
    assert len(rows) == len(set(rows))


@pytest.mark.parametrize("few", [0, 100])
async def test_both_ways_of_a_list_find_the_same(store, few, monkeypatch):
    monkeypatch.setattr(queries, "_FEW", few)
    monkeypatch.setattr(queries, "_MANY", few)
    rows = [
        exposure(
            f"{n}",
            rule=f"rule-{n % 3}",
            level=("proved", "none")[n % 2],
            path=f"src/{'deep' * (n % 5 == 0)}/{n}",
            last_seen=NOON + n // 4,
        )
        for n in range(60)
    ]
    await put(store, *rows)
    for wanted, expected in (
        (Filter(rule="rule-1"), [row for row in rows if row.rule == "rule-1"]),
        (Filter(text="deep/"), [row for row in rows if "deep" in row.path and row.level != "none"]),
        (Filter(text="RULE-2"), [row for row in rows if row.rule == "rule-2"]),
        (Filter(text=rows[7].id[:8]), [rows[7]]),
    ):
        found, after = [], None
        async with store.read() as connection:
            while page := await list_exposures(connection, wanted, limit=7, after=after):
                found += page
                after = (page[-1].last_seen, page[-1].id)
            assert await count_exposures(connection, wanted) == Total(len(expected))
        key = lambda row: (row.last_seen, row.id)  # noqa: E731
        assert [row.id for row in found] == [row.id for row in sorted(expected, key=key, reverse=True)]


async def test_a_text_that_is_in_very_many_is_counted_up_to_a_number(store, monkeypatch):
    monkeypatch.setattr(queries, "_MANY", 2)
    monkeypatch.setattr(queries, "_MOST", 5)
    for names, expected in (("vwxyz", Total(5)), ("u", Total(5, exact=False))):
        await put(store, *(exposure(name, repository="many/of-them") for name in names))
        async with store.read() as connection:
            assert await count_exposures(connection, Filter(text="many/of")) == expected
            rows = await list_exposures(connection, Filter(text="many/of"), limit=9)
            assert len(rows) == 5 if expected.exact else 6
    async with store.read() as connection:
        since = Filter(since=NOON - 1e6, exercises=True)
        assert await count_exposures(connection, since) == Total(5, exact=False)
        assert len(await list_exposures(connection, since, limit=99)) == 6 + len(ROWS)
        many = Filter(text="many/of", since=NOON - 1e6)
        assert await count_exposures(connection, many) == Total(0, exact=False)
        rows, total = await list_and_count(connection, many, limit=4)
        assert len(rows) == 4
        assert total == Total(4, exact=False)
    assert [str(Total(1234)), str(Total(5, exact=False))] == ["1,234", "more than 5"]
