from __future__ import annotations

from monitor.drills.way import Answer, drill_object, stages
from monitor.store.drills import Drill


def drill(**values: object) -> Drill:
    known = {"id": "ab" * 16, "source": "ingest", "fingerprint": "cd" * 32, "planted_at": 100.0, "due": 160.0}
    return Drill(**(known | values))  # type: ignore[arg-type]


def test_the_way_as_far_as_it_came() -> None:
    assert stages(drill()) == [("planted", 0.0)]
    seen = drill(seen_at=103.0, detail={"fetched_at": 101.0, "matched_at": 102.0})
    assert stages(seen) == [("planted", 0.0), ("fetched", 1.0), ("matched", 2.0), ("stored", 3.0)]
    told = drill(seen_at=103.0, told_at=104.0, state="told", detail={"fetched_at": 101.0})
    assert stages(told)[-1] == ("told", 4.0)


def test_missed_for_another_reason_than_the_notifiers_it_still_says_when_they_were_told() -> None:
    missed = drill(seen_at=103.0, state="missed", detail={"notifiers": {"a": 5.0, "b": 7.0}, "waiting": {}})
    assert stages(missed)[-1] == ("told", 7.0)
    waiting = drill(state="missed", detail={"notifiers": {"a": 5.0}, "waiting": {"b": "timeout"}})
    assert dict(stages(waiting)).get("told") is None


def test_clocks_that_are_apart_never_make_it_negative() -> None:
    assert stages(drill(detail={"fetched_at": 99.0}))[1] == ("fetched", 0.0)


def test_a_practice_is_measured_from_the_page() -> None:
    told = drill(told_at=104.0, state="told", detail={"practice": True})
    shown = drill_object(told, Answer(acknowledged_at=164.0))
    assert (shown["acknowledged_after"], shown["closed_after"]) == (60.0, None)
    assert "closed_after" not in drill_object(drill(), Answer(1.0, 2.0))
