from __future__ import annotations

import itertools

from monitor.collectors.hackernews.idwalk import Again, IdWalk

NOW = 1_780_000_000.0


def test_a_position_survives() -> None:
    walk = IdWalk()
    walk.restore(None)
    assert walk.next is None
    assert (walk.told_at, walk.edits_at, walk.waiting) == (None, None, {})
    walk.next, walk.told_at, walk.edits_at = 17, NOW, NOW + 1
    walk.later(5, "gone", NOW)
    walk.later(9, "timeout", NOW)
    walk.mark(NOW)
    walk.read_again(3, 9, NOW, NOW + 5)
    again = IdWalk()
    again.restore(walk.save())
    assert (again.next, again.told_at, again.edits_at) == (17, NOW, NOW + 1)
    assert again.waiting == walk.waiting
    assert again.again == Again(3, 9, NOW, NOW + 5)
    assert again.place_at(NOW) == 17
    assert again.save() == walk.save()


def test_pauses_grow_up_to_a_day_and_then_it_is_given_up() -> None:
    walk, now, pauses = IdWalk(), NOW, []
    while not (given_up := walk.later(5, "gone", now)):
        pauses.append(walk.waiting[5].due - now)
        now = walk.waiting[5].due
    assert given_up == "gone"
    assert pauses[:4] == [30.0, 60.0, 120.0, 240.0]
    assert all(b == 2 * a for a, b in itertools.pairwise(pauses))
    assert 12 * 3600 < pauses[-1] <= 24 * 3600
    assert walk.waiting == {}


def test_what_is_due_is_asked_oldest_first_and_what_was_answered_no_more() -> None:
    walk = IdWalk()
    for number in (8, 3, 5):
        walk.later(number, "gone", NOW)
    assert walk.due(NOW + 29, 10) == []
    assert walk.due(NOW + 30, 10) == [8, 3, 5]
    assert walk.due(NOW + 30, 2) == [8, 3]
    walk.settled(3)
    walk.settled(4711)
    assert walk.due(NOW + 30, 10) == [8, 5]


def test_no_more_wait_than_there_is_room() -> None:
    walk = IdWalk(room=2)
    assert walk.has_room(2)
    assert walk.later(1, "gone", NOW) == walk.later(2, "gone", NOW) == ""
    assert not walk.has_room(1)
    assert walk.later(3, "gone", NOW) == "budget"
    assert walk.later(1, "gone", NOW + 30) == ""  # it has its place already


def test_it_knows_where_it_was() -> None:
    walk = IdWalk()
    assert walk.place_at(NOW) == 1
    for minute in range(600):
        walk.next = 1000 + minute
        walk.mark(NOW + 60.0 * minute)
    at = NOW + 60.0 * 500
    assert 1490 <= walk.place_at(at) <= 1500
    assert walk.place_at(at - 1) <= walk.place_at(at)
    assert walk.place_at(NOW) == walk._marks[0][1] > 1000  # nothing older is known
    assert len(walk._marks) == 36


def test_what_is_to_be_read_again_grows() -> None:
    walk = IdWalk()
    walk.read_again(5, 9, NOW, NOW + 10)
    walk.read_again(7, 12, NOW + 20, NOW + 30)
    assert walk.again == Again(5, 12, NOW, NOW + 30)
