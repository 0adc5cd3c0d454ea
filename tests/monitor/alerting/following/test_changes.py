"""What looks at places change: a table a person can read, and the properties that hold in any order."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting_samples import NOON, exposure
from monitor.alerting.exposures.seen import Public
from monitor.alerting.exposures.states import CloseReason, Scope, close, revoke
from monitor.alerting.following.changes import FIRST, Look, asked, is_followed, looked
from monitor.store.model import Standing


def place(number=0, public="unknown", **other):
    where = {"forge": "github.com", "repository": "acme/code", "path": f"{number}.env"}
    gone = NOON - 50 if public == "removed" else None
    checked = None if public == "unknown" else NOON - 50
    values = {"public": public, "checked_at": checked, "removed_at": gone, "next_check": NOON + 99, **other}
    return Standing(number, "e", f"{number:032x}", "github_events", "b" * 40, where, **values)


def look(public, number=0, at=NOON):
    return Look(f"{number:032x}", public and Public(public), at)


def row(count=1, **other):
    return exposure(sightings=count, **other)


def gone(by="system", reason="removed", scope=Scope.SEEN):
    known = close(row(public="removed"), CloseReason(reason), by=by, at=NOON - 20, scope=scope)
    return known if by != "system" else replace(known, removed_at=NOON - 50)


def outcome(known, places, *looks):
    found = looked(known, places, looks, now=NOON + 1)
    return found.row.public, found.closed, found.back


@pytest.mark.parametrize(
    ("known", "places", "looks", "expected"),
    [
        # one place
        (row(), [place()], [look("public")], ("public", False, False)),
        (row(), [place()], [look("cleaned")], ("cleaned", False, False)),
        (row(), [place()], [look("removed")], ("removed", True, False)),
        (row(public="public"), [place(0, "public")], [look(None)], ("public", False, False)),
        # the worst that cannot be ruled out
        (row(2), [place(0), place(1)], [look("removed")], ("unknown", False, False)),
        (row(2), [place(0), place(1, "public")], [look("removed")], ("public", False, False)),
        (row(2), [place(0), place(1, "cleaned")], [look("removed")], ("cleaned", False, False)),
        (row(2), [place(0), place(1, "removed")], [look("removed")], ("removed", True, False)),
        (row(2), [place(0), place(1)], [look("removed"), look("removed", 1)], ("removed", True, False)),
        (
            row(9),
            [place(0)],
            [look("removed")],
            ("unknown", False, False),
        ),  # of eight only the number is kept
        # closed because it was gone
        (gone(), [place(0, "removed")], [look("removed")], ("removed", False, False)),
        (gone(), [place(0, "removed")], [look("public")], ("public", False, True)),
        (gone(), [place(0, "removed")], [look("cleaned")], ("cleaned", False, True)),
        (gone("ann"), [place(0, "public")], [look("public")], ("public", False, True)),
        (gone("ann"), [place(0, "public")], [look("public", at=NOON - 30)], ("public", False, False)),
        (gone("ann"), [place(0, "public")], [look("cleaned")], ("cleaned", False, False)),
        (gone("ann"), [place(0, "public")], [look("removed")], ("removed", False, False)),
        # closed for other reasons: a look tells, and opens nothing
        (
            gone("ann", "false_alarm", Scope.LEAK),
            [place(0, "removed")],
            [look("public")],
            ("public", False, False),
        ),
        (gone("ann", scope=Scope.LEAK), [place(0, "removed")], [look("public")], ("public", False, False)),
    ],
)
def test_looks(known, places, looks, expected):
    assert outcome(known, places, *looks) == expected


def test_it_is_gone_since_the_last_place_was_seen_to_be_gone():
    places = [place(0), place(1)]
    found = looked(row(2), places, [look("removed", 0, NOON - 5), look("removed", 1, NOON)], now=NOON + 9)

    assert (found.row.removed_at, found.row.closed_by, found.row.close_reason, found.row.close_scope) == (
        NOON, "system", "removed", "seen",
    )  # fmt: skip


def test_who_said_that_it_is_gone_is_believed_until_a_look_shows_it():
    assert looked(gone("ann"), [place(0, "public")], [look("removed")], now=NOON).row.removed_at == NOON - 20
    assert looked(gone("ann"), [place(0, "public")], [look("public")], now=NOON).row.removed_at is None


def test_what_was_opened_again_by_hand_is_not_closed_by_the_next_look_that_finds_the_same():
    known = row(public="removed", removed_at=NOON - 50)

    assert outcome(known, [place(0, "removed")], look("removed")) == ("removed", False, False)


def test_a_dead_secret_that_is_gone_disturbs_nobody_any_more():
    dead = revoke(row(), at=NOON - 9)

    assert looked(dead, [place()], [look("removed")], now=NOON).row.close_scope == "leak"


def test_a_look_holds_for_every_occurrence_in_the_same_text():
    twin = replace(place(1), place=place(0).place)
    found = looked(row(2), [place(0), twin], [look("removed")], now=NOON)

    assert [each.public for each in found.changed] == ["removed", "removed"]


@pytest.mark.parametrize("source", ["git", "ingest"])
def test_what_may_never_have_been_public_is_not_removed(source):
    mirror = replace(place(), source=source)
    found = looked(row(), [mirror], [look("removed")], now=NOON)
    assert (found.row.public, found.closed, found.changed[0].next_check) == ("unknown", False, None)
    shown = replace(mirror, public="public")
    assert outcome(row(), [shown], look("removed")) == ("removed", True, False)


def test_a_server_that_does_not_say_is_asked_again_soon_and_without_a_step():
    far = place(0, "public", next_check=NOON + 86400, checks=7)
    found = looked(row(), [far], [look(None)], now=NOON)

    assert (found.changed[0].next_check, found.changed[0].checks, found.changed[0].checked_at) == (
        NOON + 1800,
        6,
        NOON - 50,
    )
    assert looked(row(), [place(0, "public")], [look(None)], now=NOON).changed == ()


def test_the_schedule_falls_and_begins_anew_with_every_turn():
    known, at, gaps = place(0, "public", next_check=NOON), NOON, []
    for _ in range(22):
        known = asked(known, now=at)
        gaps.append((known.next_check - at) / 60)
        at = known.next_check
    assert gaps == [10, 30, 120, 360, *[1440] * 14, *[10080] * 4]
    removed = looked(row(), [known], [look("removed", at=at)], now=at).changed[0]
    assert (removed.next_check - at, removed.checks) == (600, 0)
    looks = 0
    while removed.next_check is not None:
        removed, looks = asked(removed, now=removed.next_check), looks + 1
    assert looks == 5
    again = looked(gone(), [replace(removed, checked_at=NOON)], [look("public", at=at + 9)], now=at).changed[
        0
    ]
    assert (again.next_check - at, again.checks) == (FIRST, 0)


@pytest.mark.parametrize(
    ("known", "followed"),
    [
        (row(), True),
        (row(level="claimed"), True),
        (row(level="none"), False),
        (row(mode="exercise"), False),
        (gone(), True),
        (gone("ann"), True),
        (gone("ann", scope=Scope.LEAK), False),
        (gone("ann", "revoked", Scope.LEAK), False),
    ],
)
def test_who_is_followed(known, followed):
    assert is_followed(known) is followed


looks = st.builds(
    look,
    st.sampled_from(["public", "cleaned", "removed"]),
    st.integers(0, 2),
    st.integers(0, 5).map(lambda n: NOON + n),
)


@settings(max_examples=200)
@given(
    st.lists(looks, max_size=8, unique_by=lambda each: (each.place_id, each.at)),
    st.randoms(use_true_random=False),
)
def test_the_newest_look_at_a_place_wins_in_any_order_and_however_often(found, random):
    def ended(order):
        known, places = row(3), [place(n) for n in range(3)]
        for each in order:
            after = looked(known, places, [each], now=NOON + 9)
            changed = {one.place_id: one for one in after.changed}
            places = [changed.get(one.place_id, one) for one in places]
            known = after.row
        return known.public, [(one.public, one.checked_at) for one in places]

    shuffled = found + found[:3]
    random.shuffle(shuffled)
    assert ended(shuffled) == ended(sorted(found, key=lambda each: each.at))
