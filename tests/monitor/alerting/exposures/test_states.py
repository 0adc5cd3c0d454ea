from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting_samples import NOON, WATCH, exposure, finding
from detectors.model import Severity, Verdict
from monitor.alerting.exposures.merging import rank
from monitor.alerting.exposures.seen import seen_of_finding
from monitor.alerting.exposures.states import (
    CloseReason,
    Scope,
    WrongState,
    acknowledge,
    apply,
    close,
    idempotency_key,
    reopen,
    revoke,
)
from monitor.alerting.notifiers.base import Change
from monitor.alerting.ownership import Level, Ownership
from monitor.alerting.policy.table import Policy, PolicyRow
from monitor.contracts import Mode, Place

OWNERSHIP = Ownership(WATCH)
OURS = "acme/code"


def seen(*, new=True, repository=OURS, **other):
    event = finding(repository=repository, **other)
    attribution = OWNERSHIP.assess(
        event.place, source=event.source, facts=event.facts, hosts=event.hosts, emails=event.emails
    )
    return seen_of_finding(event, event.fingerprint, attribution, new_place=new)


def step(row, policy=None, **other):
    return apply(row, seen(**other), policy or Policy(), now=NOON + 10)


def opened(**other):
    return step(None, **other).row


def closed(reason="revoked", scope=Scope.LEAK, where="", **other):
    return close(opened(**other), CloseReason(reason), by="ann", at=NOON, scope=scope, where=where)


def outcome(result):
    return result.kind.value, result.reason, result.tell.value if result.tell else None


@pytest.mark.parametrize(
    ("before", "sighting", "expected"),
    [
        # nothing known
        (None, {}, ("opened", "new", "opened")),
        (None, {"repository": "stranger/x"}, ("opened", "new", None)),
        (None, {"repository": "stranger/x", "hosts": ("db.acme.example",)}, ("opened", "new", "opened")),
        (None, {"severity": "low"}, ("opened", "new", None)),
        (None, {"verdict": "refuted"}, ("dropped", "refuted", None)),
        (None, {"mode": "exercise", "repository": "stranger/x"}, ("opened", "new", "opened")),
        # open
        (opened(), {"new": False}, ("repeated", "known_place", None)),
        (opened(), {"path": "b"}, ("repeated", "new_place", None)),
        (opened(), {"verdict": "refuted", "path": "b"}, ("repeated", "new_place", None)),
        (opened(), {"severity": "critical"}, ("escalated", "ranks_higher", "escalated")),
        (opened(), {"severity": "low", "path": "b"}, ("repeated", "new_place", None)),
        (
            opened(severity="medium"),
            {"set_id": "s", "severity": "critical"},
            ("escalated", "ranks_higher", "escalated"),
        ),
        (opened(repository="stranger/x"), {"new": False}, ("escalated", "ranks_higher", "opened")),
        (opened(repository="stranger/x"), {"repository": "stranger/y"}, ("repeated", "new_place", None)),
        (opened(mode="exercise"), {}, ("escalated", "ranks_higher", "opened")),
        (opened(mode="replay"), {"new": False}, ("repeated", "known_place", None)),
        # closed for this leak everywhere
        (closed(), {"path": "b"}, ("repeated", "muted", None)),
        (closed(), {"new": False}, ("repeated", "muted", None)),
        (closed(), {"new": False, "severity": "critical"}, ("reopened", "ranks_higher", "reopened")),
        (closed(repository="stranger/x"), {"new": False}, ("reopened", "ranks_higher", "reopened")),
        # closed for the places seen so far
        (closed(scope=Scope.SEEN), {"new": False}, ("repeated", "muted", None)),
        (closed(scope=Scope.SEEN), {"path": "b"}, ("reopened", "outside_scope", "reopened")),
        (
            closed(scope=Scope.SEEN, repository="s/x"),
            {"repository": "s/y"},
            ("reopened", "outside_scope", None),
        ),
        # closed for one repository
        (closed(scope=Scope.REPOSITORY, where=OURS), {"path": "b"}, ("repeated", "muted", None)),
        (
            closed(scope=Scope.REPOSITORY, where=OURS),
            {"repository": "acme/b"},
            ("reopened", "outside_scope", "reopened"),
        ),
        (
            closed(scope=Scope.REPOSITORY, where=OURS),
            {"repository": "acme/b", "new": False},
            ("repeated", "muted", None),
        ),
    ],
)
def test_transitions(before, sighting, expected):
    assert outcome(step(before, **sighting)) == expected


def test_what_is_dropped_leaves_no_row():
    assert step(None, verdict="refuted").row is None


def test_told_once_for_each_rank():
    row = opened()
    worse = step(row, severity="critical").row
    assert (row.told, worse.told) == (row.rank, worse.rank)
    assert step(worse, severity="critical", new=False).tell is None


def test_a_new_policy_tells_what_it_did_not_tell_before():
    quiet = Policy((PolicyRow(name="quiet", action="record"),))
    row = step(None, quiet).row
    assert (row.told, row.decision) == (0, "quiet")
    assert outcome(step(row, new=False)) == ("repeated", "known_place", "opened")


def test_reopening_begins_the_next_opening():
    row = step(closed(scope=Scope.SEEN), path="b").row
    assert (row.state, row.opening, row.opened_at, row.closed_at, row.close_scope) == (
        "open",
        2,
        NOON + 10,
        None,
        "",
    )
    assert row.told == row.rank


def test_close_and_reopen_by_hand():
    row = closed("false_alarm")
    assert (row.state, row.closed_by, row.close_reason) == ("closed", "ann", "false_alarm")
    again = reopen(row, at=NOON + 5)
    assert (again.row.opening, again.row.state, again.tell) == (2, "open", Change.REOPENED)
    with pytest.raises(WrongState, match="closed already, by ann: false_alarm"):
        close(row, CloseReason.TEST, by="bob", at=NOON, scope=Scope.LEAK)
    with pytest.raises(WrongState, match="open already"):
        reopen(again.row, at=NOON)


def test_reopening_what_nobody_was_told_of_tells_nobody():
    row = closed(repository="stranger/x")
    assert reopen(row, at=NOON).tell is None


def test_rank_orders_reality_then_ownership_then_severity_then_proof():
    def of(mode, level, severity, verdict):
        return rank(
            mode=Mode(mode), level=Level(level), severity=Severity(severity), verdict=Verdict(verdict)
        )

    order = [
        of("exercise", "proved", "critical", "proved"),
        of("live", "none", "low", "unprovable"),
        of("replay", "none", "low", "proved"),
        of("live", "none", "critical", "proved"),
        of("live", "claimed", "info", "unprovable"),
        of("live", "proved", "info", "refuted"),
    ]
    assert order == sorted(order)
    assert len(set(order)) == len(order)


def test_keys_name_exposure_opening_and_state():
    row = exposure()
    keys = {
        idempotency_key(row, Change.OPENED),
        idempotency_key(row, Change.CLOSED),
        idempotency_key(row, Change.ESCALATED),
        idempotency_key(replace(row, rank=row.rank + 10), Change.ESCALATED),
        idempotency_key(replace(row, opening=2), Change.CLOSED),
        idempotency_key(replace(row, id="b" * 64), Change.OPENED),
        idempotency_key(replace(row, mode="exercise"), Change.OPENED),
    }
    assert len(keys) == 7
    assert idempotency_key(replace(row, rank=1, sightings=9), Change.OPENED) == idempotency_key(
        row, Change.OPENED
    )


def test_the_description_is_the_severest_rules_and_the_place_the_first():
    later = seen(severity="critical", rule="set", title="Key set", set_id="s", fetched_at=NOON + 9, path="z")
    row = apply(opened(), later, Policy(), now=NOON).row
    assert (row.rule, row.title, row.path, row.first_seen, row.last_seen) == (
        "set",
        "Key set",
        "a.env",
        NOON,
        NOON + 9,
    )


def test_what_the_janitor_reduced_is_described_again_when_it_becomes_ours():
    row = opened(repository="stranger/x")
    reduced = replace(row, unwatched_since=None, preview="", facts={}, repository="", path="")
    watched = step(reduced, fetched_at=NOON + 99).row
    assert (watched.preview, watched.repository, watched.path) == ("ex_…yz", OURS, "a.env")
    assert watched.unwatched_since is None


def test_unwatched_places_are_timed_from_the_first():
    row = opened(repository="stranger/x")
    assert row.unwatched_since == NOON + 10
    again = apply(row, seen(repository="stranger/y"), Policy(), now=NOON + 99).row
    assert again.unwatched_since == NOON + 10
    assert step(again).row.unwatched_since is None


sightings = st.builds(
    lambda place, severity, verdict, mode, at, rule, hosts: {
        "repository": place[0],
        "path": place[1],
        "severity": severity,
        "verdict": verdict,
        "mode": mode,
        "fetched_at": NOON + at,
        "published_at": NOON - at if at % 2 else None,
        "rule": rule,
        "set_id": "s" if rule == "set" else "",
        "hosts": hosts,
    },
    st.tuples(st.sampled_from(["acme/a", "stranger/b", "stranger/c"]), st.sampled_from("xyz")),
    st.sampled_from(["low", "high", "critical"]),
    st.sampled_from(["unprovable", "proved"]),
    st.sampled_from(["live", "replay", "exercise"]),
    st.integers(0, 5),
    st.sampled_from(["one", "set"]),
    st.sampled_from([(), ("db.acme.example",)]),
)


def fold(events):
    row, places, keys = None, set(), []
    for event in events:
        place = (event["repository"], event["path"])
        result = step(row, new=place not in places, **event)
        places.add(place)
        row = result.row
        if result.tell:
            keys.append(idempotency_key(row, result.tell))
    return row, keys


@settings(max_examples=150)
@given(st.lists(sightings, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_ends_in_the_same_exposure(events, random):
    shuffled = events + events[: len(events) // 2]
    random.shuffle(shuffled)
    row, keys = fold(events)
    other, other_keys = fold(shuffled)
    assert replace(row, decision="") == replace(other, decision="")
    assert len(set(keys)) == len(keys)
    assert len(set(other_keys)) == len(other_keys)
    replayed, replay_keys = fold(events + events)
    assert replayed == row
    assert replay_keys == keys


closes = st.sampled_from([Scope.LEAK, Scope.SEEN, Scope.REPOSITORY])


@settings(max_examples=100)
@given(st.lists(st.one_of(sightings, closes), min_size=1, max_size=10))
def test_a_replay_changes_nothing_and_tells_nobody_whatever_people_closed(history):
    row, places, keys = None, set(), []
    for event in history:
        if isinstance(event, Scope):
            if row is not None and row.state == "open":
                row = close(row, CloseReason.TEST, by="ann", at=NOON, scope=event, where="acme/a")
                keys.append(idempotency_key(row, Change.CLOSED))
            continue
        place = (event["repository"], event["path"])
        result = step(row, new=place not in places, **event)
        places.add(place)
        row = result.row
        if result.tell:
            keys.append(idempotency_key(row, result.tell))
    assert len(set(keys)) == len(keys)
    for event in history:
        if not isinstance(event, Scope):
            again = step(row, new=False, **event)
            assert (again.row, again.tell) == (row, None)


def test_a_page_without_a_path_is_named_by_its_url():
    event = finding(place=Place(forge="pastebin.com", url="https://pastebin.com/x"))
    attribution = OWNERSHIP.assess(event.place, source="pastebin")
    row = apply(
        None, seen_of_finding(event, event.fingerprint, attribution, new_place=True), Policy(), now=NOON
    ).row
    assert (row.repository, row.path) == ("", "https://pastebin.com/x")


def test_an_acknowledgement_is_one_persons_and_ends_with_the_opening():
    row = acknowledge(opened(), by="ann", at=NOON + 1)
    assert (row.state, row.acknowledged_by, row.acknowledged_at) == ("open", "ann", NOON + 1)
    assert outcome(step(row, severity="critical")) == ("escalated", "ranks_higher", "escalated")
    with pytest.raises(WrongState, match="acknowledged already, by ann"):
        acknowledge(row, by="bob", at=NOON)
    over = close(row, CloseReason.TEST, by="ann", at=NOON, scope=Scope.LEAK)
    with pytest.raises(WrongState, match="closed already"):
        acknowledge(over, by="bob", at=NOON)
    again = reopen(over, at=NOON + 5).row
    assert (again.acknowledged_at, again.acknowledged_by) == (None, "")


def test_a_revoked_secret_is_dead_while_its_exposure_stays_open():
    row = revoke(opened(), at=NOON + 3)
    assert (row.state, row.revoked_at) == ("open", NOON + 3)
    with pytest.raises(WrongState, match="revoked already"):
        revoke(row, at=NOON + 4)
    over = close(row, CloseReason.REVOKED, by="ann", at=NOON + 9, scope=Scope.LEAK)
    assert over.revoked_at == NOON + 3


@pytest.mark.parametrize(
    ("reason", "dead", "gone"), [("revoked", NOON, None), ("removed", None, NOON), ("test", None, None)]
)
def test_who_closes_says_since_when(reason, dead, gone):
    row = closed(reason)
    assert (row.revoked_at, row.removed_at) == (dead, gone)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [(Scope.SEEN, ("reopened", "public_again", "reopened")), (Scope.LEAK, ("repeated", "muted", None))],
)
def test_what_is_published_again_at_a_place_that_was_gone_reopens(scope, expected):
    row = closed("removed", scope=scope)
    back = replace(seen(new=False), back=True)
    assert outcome(apply(row, back, Policy(), now=NOON + 10)) == expected
