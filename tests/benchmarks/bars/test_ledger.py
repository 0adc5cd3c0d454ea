import json
import sqlite3
from contextlib import closing

import pytest

from benchmarks.bars.ledger import losses, without


def ledger(tmp_path, *events):
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE coverage (source TEXT, until REAL, event JSON)")
        for number, (source, gaps) in enumerate(events):
            told = [dict(zip(("partition", "first", "last"), gap, strict=True)) for gap in gaps]
            lost = sum(gap["last"] - gap["first"] + 1 for gap in told)
            event = json.dumps({"lost": lost, "blind": "retention", "gaps": told})
            connection.execute("INSERT INTO coverage VALUES (?, ?, ?)", (source, number, event))
    return path


def test_ranges_that_meet_are_one(tmp_path):
    path = ledger(tmp_path, ("bus:d", [(1, 4, 9), (0, 0, 3)]), ("bus:e", [(0, 7, 8)]), ("bus:d", [(0, 4, 5)]))
    told = losses(path, "bus:d")
    assert (dict(told.ranges), told.lost, told.events, told.blind) == (
        {0: (0, 5), 1: (4, 9)},
        12,
        2,
        {"retention"},
    )


@pytest.mark.parametrize("gap", [(0, 5, 6), (0, 3, 6)])
def test_a_hole_or_an_overlap_is_refused(tmp_path, gap):
    with pytest.raises(ValueError, match="do not meet"):
        losses(ledger(tmp_path, ("bus:d", [(0, 0, 3)]), ("bus:d", [gap])), "bus:d")


def test_what_was_scanned_after_all_is_not_lost():
    ids = {0: {4: "a", 5: "b", 6: "c"}, 1: {0: "d"}}
    assert without({0: (4, 6), 1: (0, 0)}, ids, {"a", "d"}) == {0: (5, 6)}
    assert without({0: (4, 6)}, ids, set()) == {0: (4, 6)}
