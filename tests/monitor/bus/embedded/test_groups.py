"""Shares, leases, epochs and positions, against a model."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from monitor.bus.base import Fenced, TopicPartition
from monitor.bus.embedded.groups import Groups, Member

_TOPICS = ("t", "u")
_PLACES = [TopicPartition("t", p) for p in range(5)] + [TopicPartition("u", 0)]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def groups(tmp_path: Path, clock: Clock) -> Iterator[Groups]:
    groups = Groups(tmp_path / "groups.db", clock)
    groups.introduce("g", dict.fromkeys(_PLACES, 0))
    yield groups
    groups.close()


def _member(name: str, topics: tuple[str, ...] = _TOPICS) -> Member:
    return Member("g", name, topics, session=5.0)


def _settle(groups: Groups, *members: Member) -> dict[str, set[TopicPartition]]:
    """Heartbeats until nobody owns more than its share."""
    for _ in range(5):
        beats = {}
        for member in members:
            beat = groups.beat(member)
            if beat.excess:
                groups.release(member, beat.excess)
        beats = {member.id: set(groups.beat(member).owned) for member in members}
    return beats


def test_a_single_member_takes_all(groups: Groups) -> None:
    assert _settle(groups, _member("a"))["a"] == set(_PLACES)


def test_shares_are_even_and_complete(groups: Groups) -> None:
    owned = _settle(groups, *map(_member, "abc"))
    assert sorted(len([p for p in places if p.topic == "t"]) for places in owned.values()) == [1, 2, 2]
    assert set().union(*owned.values()) == set(_PLACES)
    assert sum(map(len, owned.values())) == len(_PLACES)


def test_a_newcomer_waits_until_partitions_are_given_up(groups: Groups) -> None:
    a, b = _member("a"), _member("b")
    _settle(groups, a)
    before = groups.generation("g")
    assert not groups.beat(b).owned
    assert groups.generation("g") != before  # a reason for `a` to beat now
    excess = groups.beat(a).excess
    assert len(excess) in (2, 3, 4)
    groups.release(a, excess)
    assert set(groups.beat(b).owned) == set(excess)


def test_members_with_other_topics_are_left_out(groups: Groups) -> None:
    owned = _settle(groups, _member("a", ("t",)), _member("b", ("u",)))
    assert owned == {"a": set(_PLACES[:5]), "b": {_PLACES[5]}}


def test_a_lease_runs_out_and_the_late_member_is_fenced(groups: Groups, clock: Clock) -> None:
    a, b = _member("a"), _member("b")
    old = _settle(groups, a)["a"]
    epochs = {place: lease.epoch for place, lease in groups.beat(a).owned.items()}
    clock.now += 4.9
    assert not groups.beat(b).owned
    clock.now += 0.2
    assert set(groups.beat(b).owned) == old
    with pytest.raises(Fenced):
        groups.commit(a, {_PLACES[0]: (7, epochs[_PLACES[0]])})
    assert groups.positions("g", "t")[0] == 0


def test_an_old_epoch_of_the_same_member_is_fenced(groups: Groups, clock: Clock) -> None:
    a, b = _member("a"), _member("b")
    old = groups.beat(a).owned[_PLACES[0]]
    clock.now += 6
    groups.beat(b)
    groups.leave(b)
    new = groups.beat(a).owned[_PLACES[0]]
    assert new.epoch > old.epoch
    with pytest.raises(Fenced):
        groups.commit(a, {_PLACES[0]: (7, old.epoch)})
    groups.commit(a, {_PLACES[0]: (7, new.epoch)})
    assert groups.positions("g", "t")[0] == 7


def test_a_commit_is_all_or_nothing(groups: Groups) -> None:
    a = _member("a")
    leases = groups.beat(a).owned
    with pytest.raises(Fenced):
        groups.commit(a, {_PLACES[0]: (7, leases[_PLACES[0]].epoch), _PLACES[1]: (9, 0)})
    assert groups.positions("g", "t") == dict.fromkeys(range(5), 0)


def test_a_lease_from_before_a_reboot_is_over(groups: Groups, clock: Clock) -> None:
    groups.beat(_member("a"))
    clock.now = 3.0  # the monotonic clock began again
    assert set(groups.beat(_member("b")).owned) == set(_PLACES)


def test_extremes_over_groups(groups: Groups) -> None:
    assert groups.slowest("nobody reads this") == {}
    groups.introduce("h", dict.fromkeys(_PLACES, 3))
    a = _member("a")
    groups.commit(a, {_PLACES[0]: (9, groups.beat(a).owned[_PLACES[0]].epoch)})
    assert groups.slowest("t")[0] == 3
    assert groups.furthest("t")[0] == 9
    assert (groups.slowest("t")[1], groups.furthest("t")[1]) == (0, 3)


def test_introducing_twice_moves_no_position(groups: Groups) -> None:
    a = _member("a")
    groups.commit(a, {_PLACES[0]: (9, groups.beat(a).owned[_PLACES[0]].epoch)})
    groups.introduce("g", dict.fromkeys(_PLACES, 20))
    assert groups.positions("g", "t")[0] == 9


class Leases(RuleBasedStateMachine):
    """Whatever members do: one owner a partition, and only an owner of the current epoch commits."""

    names = st.sampled_from("abcd")
    places = st.sampled_from(_PLACES)

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.groups = Groups(Path(self.folder.name) / "groups.db", self.clock)
        self.groups.introduce("g", dict.fromkeys(_PLACES, 0))
        self.believes: dict[str, dict[TopicPartition, int]] = {}  # what each member was told last
        self.latest: dict[TopicPartition, tuple[int, str | None]] = dict.fromkeys(_PLACES, (0, None))
        self.positions = dict.fromkeys(_PLACES, 0)

    @rule(name=names)
    def beat(self, name: str) -> None:
        owned = self.groups.beat(_member(name)).owned
        self.believes[name] = {place: lease.epoch for place, lease in owned.items()}
        for place, lease in owned.items():
            assert lease.position == self.positions[place]
            epoch, owner = self.latest[place]
            assert lease.epoch > epoch or (lease.epoch, name) == (epoch, owner)
            self.latest[place] = (lease.epoch, name)

    @precondition(lambda self: self.believes)
    @rule(name=names)
    def give_up(self, name: str) -> None:
        beat = self.groups.beat(_member(name))
        self.beat(name)
        self.groups.release(_member(name), beat.excess)
        for place in beat.excess:
            self.latest[place] = (self.latest[place][0], None)

    @rule(name=names)
    def leave(self, name: str) -> None:
        self.groups.leave(_member(name))
        for place, (epoch, owner) in self.latest.items():
            if owner == name:
                self.latest[place] = (epoch, None)

    @rule(seconds=st.sampled_from([0.5, 3.0, 6.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule(name=names, place=places, offset=st.integers(0, 100))
    def commit(self, name: str, place: TopicPartition, offset: int) -> None:
        believed = self.believes.get(name, {}).get(place)
        if believed is None:
            return
        try:
            self.groups.commit(_member(name), {place: (offset, believed)})
        except Fenced:
            assert self.latest[place] != (believed, name) or self.clock.now > 1000.0
        else:
            assert self.latest[place] == (believed, name)
            self.positions[place] = offset

    @invariant()
    def positions_are_what_was_committed(self) -> None:
        for topic in _TOPICS:
            for partition, position in self.groups.positions("g", topic).items():
                assert position == self.positions[TopicPartition(topic, partition)]

    def teardown(self) -> None:
        self.groups.close()
        self.folder.cleanup()


Leases.TestCase.settings = settings(max_examples=25, stateful_step_count=25)
TestLeases = Leases.TestCase
