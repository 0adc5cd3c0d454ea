import json
import sqlite3
from contextlib import closing

import pytest

from benchmarks.bars.ledger import losses, without


def ledger(tmp_path, *events):
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE coverage (seq INTEGER PRIMARY KEY, source TEXT, body TEXT)")
        for source, (partition, first, last) in events:
            gap = {"partition": partition, "first": first, "last": last}
            event = {"lost": last - first + 1, "blind": "retention", "gaps": [gap]}
            body = json.dumps({"event": event})
            connection.execute("INSERT INTO coverage (source, body) VALUES (?, ?)", (source, body))
    return path


def test_ranges_that_meet_are_one(tmp_path):
    gaps = [(1, 4, 9), (0, 0, 3), (0, 4, 5)]
    path = ledger(tmp_path, *(("bus:d", gap) for gap in gaps), ("bus:e", (0, 7, 8)))
    told = losses(path, "bus:d")
    assert (dict(told.ranges), told.lost, told.events, told.blind) == (
        {0: (0, 5), 1: (4, 9)},
        12,
        3,
        {"retention"},
    )


@pytest.mark.parametrize("gap", [(0, 5, 6), (0, 3, 6)])
def test_a_hole_or_an_overlap_is_refused(tmp_path, gap):
    with pytest.raises(ValueError, match="do not meet"):
        losses(ledger(tmp_path, ("bus:d", (0, 0, 3)), ("bus:d", gap)), "bus:d")


def test_of_a_gap_that_grew_the_last_telling_holds(tmp_path):
    told = losses(ledger(tmp_path, ("bus:d", (0, 0, 3)), ("bus:d", (0, 0, 8))), "bus:d")
    assert (dict(told.ranges), told.lost, told.events) == ({0: (0, 8)}, 9, 1)


def test_what_was_scanned_after_all_is_not_lost():
    ids = {0: {4: "a", 5: "b", 6: "c"}, 1: {0: "d"}}
    assert without({0: (4, 6), 1: (0, 0)}, ids, {"a", "d"}) == {0: (5, 6)}
    assert without({0: (4, 6)}, ids, set()) == {0: (4, 6)}
