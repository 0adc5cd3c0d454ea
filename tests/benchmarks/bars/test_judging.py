"""A bar's judge must say no to every fault that it is there for."""

from dataclasses import replace

import pytest

from benchmarks.bars.judging import (
    Checks,
    Delivery,
    StoreView,
    judge_exposures,
    judge_kills,
    judge_memory,
    judge_pages,
    judge_repeats,
    repeats,
)
from benchmarks.bars.plants import Expected

ROW = {"state": "open", "opening": 1, "sightings": 1, "rule": "a-rule", "level": "none", "action": "record"}
MINE = {**ROW, "level": "proved", "action": "page"}
EXPECTED = {"f1": Expected("a-rule", watched=True), "f2": Expected("a-rule", watched=False)}
GOOD = StoreView(
    exposures=[{**MINE, "id": "e1"}, {**ROW, "id": "e2"}],
    aliases=[("f1", "e1"), ("f2", "e2")],
    outbox=[{"key": "k1", "state": "delivered"}],
    coverage_events=0,
)
PAGED = [Delivery(10.0, "k1", "e1")]


def failed(store=GOOD, deliveries=PAGED, kills=()):
    checks = Checks()
    judge_exposures(checks, EXPECTED, store)
    judge_pages(checks, EXPECTED, store, deliveries)
    judge_repeats(checks, repeats(deliveries, kills, under_way=5, window=30))
    assert checks.passed == all(result["ok"] for result in checks.results.values())
    return [name for name, result in checks.results.items() if not result["ok"]]


def test_what_was_planted_passes():
    assert failed() == []


def test_nothing_checked_is_not_passed():
    assert not Checks().passed


@pytest.mark.parametrize(
    ("store", "word"),
    [
        (replace(GOOD, exposures=GOOD.exposures[:1], aliases=GOOD.aliases[:1]), "planted"),
        (replace(GOOD, exposures=[*GOOD.exposures, {**ROW, "id": "e3"}]), "planted"),
        (replace(GOOD, aliases=[("f1", "e1"), ("f2", "e1")]), "one exposure"),
        (
            replace(GOOD, exposures=[{**MINE, "id": "e1", "sightings": 2}, {**ROW, "id": "e2"}]),
            "counted once",
        ),
        (replace(GOOD, exposures=[{**MINE, "id": "e1", "opening": 2}, {**ROW, "id": "e2"}]), "counted once"),
        (replace(GOOD, exposures=[{**MINE, "id": "e1"}, {**MINE, "id": "e2"}]), "watched are attributed"),
        (replace(GOOD, outbox=[{"key": "k1", "state": "failed"}]), "outbox"),
        (replace(GOOD, outbox=[*GOOD.outbox, {"key": "k2", "state": "pending"}]), "outbox"),
    ],
    ids=["lost", "extra", "merged", "place twice", "opened twice", "stranger pages", "failed", "pending"],
)
def test_a_wrong_store_fails(store, word):
    assert any(word in name for name in failed(store))


@pytest.mark.parametrize(
    "deliveries",
    [[], [Delivery(10.0, "k1", "e2")], [*PAGED, Delivery(11.0, "k2", "e1")]],
    ids=["not paged", "a stranger's", "paged twice"],
)
def test_wrong_pages_fail(deliveries):
    assert any("exactly one idempotency key" in name for name in failed(deliveries=deliveries))


@pytest.mark.parametrize(
    ("kills", "explained"),
    [((), 0), ((12.0,), 1), ((9.0,), 0), ((16.0,), 0), ((12.0, 16.0), 1)],
    ids=["no kill", "between", "before the first", "long after the first", "several"],
)
def test_a_repeat_needs_a_kill_while_the_first_was_under_way(kills, explained):
    twice = [Delivery(10.0, "k1", "e1"), Delivery(35.0, "k1", "e1")]
    found = repeats(twice, kills, under_way=5, window=30)
    assert (len(found.explained), len(found.unexplained)) == (explained, 1 - explained)
    assert failed(deliveries=twice, kills=kills) == ([] if explained else ["repeats come only after a kill"])


def test_a_repeat_long_after_the_kill_is_not_explained():
    twice = [Delivery(10.0, "k1", "e1"), Delivery(60.0, "k1", "e1")]
    assert repeats(twice, [12.0], under_way=5, window=30).unexplained


@pytest.mark.parametrize(
    "done", [[], [{"what": "matcher"}], [{"what": "matcher"}, {"what": "matcher", "children_left": 1}]]
)
def test_too_few_kills_or_a_child_left_over_fail(done):
    checks = Checks()
    judge_kills(checks, {"matcher": 2}, done)
    assert not checks.passed
    judge_kills(checks, {"matcher": 2}, [{"what": "matcher", "children_left": 0}, {"what": "matcher"}])
    assert checks.passed


@pytest.mark.parametrize("peaks", [{}, {"match-1": 0}, {"match-1": 100}, {"match-1": 5, "match-2": 5}])
def test_memory_unread_too_large_or_of_unknown_processes_fails(peaks):
    checks = Checks()
    judge_memory(checks, peaks, processes=1, limit=100)
    assert not checks.passed
    judge_memory(checks, {"match-1": 99}, processes=1, limit=100)
    assert checks.passed
