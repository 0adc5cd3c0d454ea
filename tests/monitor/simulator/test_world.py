import pytest

from monitor.identity import blob_sha
from monitor.simulator import world as module
from monitor.simulator.model import NO_COMMIT, Planted, Planting
from monitor.simulator.world import Change, World


def test_a_push_moves_the_branch_and_says_so():
    world = World(1)
    repo = world.repository("o/r")
    first = world.push(repo, [Change({"a": b"1\n"})], 10.0)
    second = world.push(repo, [Change({"a": b"2\n"}), Change({"b": b"3\n", "a": None})], 20.0)
    assert first.payload["before"] == NO_COMMIT
    assert second.payload["before"] == first.payload["head"]
    assert repo.commits[repo.head].tree == {"b": blob_sha(b"3\n")}
    assert set(second.payload) == {"repository_id", "push_id", "ref", "head", "before"}
    parent = repo.commits[repo.head].parents[0]
    assert repo.commits[parent].tree == {"a": blob_sha(b"2\n")}
    assert world.published == 3


def test_a_new_branch_begins_at_the_default_one_and_a_forced_push_beside_it():
    world = World(1)
    repo = world.repository("o/r")
    world.push(repo, [Change({"a": b"1\n"})], 10.0)
    world.push(repo, [Change({"b": b"2\n"})], 11.0)
    event = world.push(repo, [Change({"c": b"3\n"})], 12.0, branch="new")
    assert event.payload["before"] == NO_COMMIT
    assert set(repo.commits[event.payload["head"]].tree) == {"a", "b", "c"}
    forced = world.push(repo, [Change({"d": b"4\n"})], 13.0, forced=True)
    assert set(repo.commits[repo.head].tree) == {"a", "d"}
    assert forced.payload["before"] in repo.commits


def test_each_event_type_counts_by_itself_and_ids_meet():
    world = World(1)
    repo = world.repository("o/r")
    ids = {"IssuesEvent": set(), "WatchEvent": set(), "PushEvent": set()}
    for kind, found in ids.items():
        found |= {world.event(kind, repo, {}, 1.0, world.people[0]).id for _ in range(50)}
    assert all(len(found) == 50 for found in ids.values())
    assert ids["IssuesEvent"] & ids["WatchEvent"]
    assert not ids["IssuesEvent"] & ids["PushEvent"]


def test_a_renamed_repository_is_found_by_both_names():
    world = World(1)
    repo = world.repository("o/old")
    world.rename("o/old", "p/new")
    assert world.find("O/OLD") is world.find("p/new") is repo
    assert repo.full_name == "p/new"
    with pytest.raises(KeyError):
        world.rename("nobody/nothing", "x/y")


def test_an_edited_gist_comes_last_again():
    world = World(1)
    first = world.gist({"a": b"1"}, 1.0, owner=world.people[0])
    world.gist({"b": b"2"}, 2.0)
    again = world.gist({"a": b"3"}, 3.0, gist_id=first.id)
    assert list(world.gists)[-1] == first.id == again.id
    assert (again.created_at, again.updated_at, again.owner) == (1.0, 3.0, world.people[0])
    assert again.revision != first.revision


def test_the_same_secret_is_the_same_leak():
    world = World(1)
    a = world.planted(Planted("r", b"one", b"x one"), Planting(source="github"))
    b = world.planted(Planted("r", b"two", b"x two"), Planting(source="gists"))
    c = world.planted(Planted("r", b"one", b"x one"), Planting(source="pastebin"))
    assert a.leak == c.leak != b.leak
    assert world.truth == [a, b, c]
    assert "one" not in repr(a)


def test_old_pushes_are_forgotten_but_what_stands_is_kept():
    world = World(1, kept_pushes=5)
    repo = world.repository("o/r")
    world.push(repo, [Change({"stays": b"stays\n"})], 0.0)
    first = world.push(repo, [Change({"moves": b"0\n"})], 1.0).payload["head"]
    for number in range(1, 20):
        world.push(repo, [Change({"moves": b"%d\n" % number})], 1.0 + number)
    assert first not in repo.commits
    assert len(repo.commits) == 5
    assert blob_sha(b"0\n") not in world.blobs
    assert all(sha in world.blobs for sha in repo.commits[repo.head].tree.values())
    assert len(world.blobs) <= 7


def test_events_show_up_late_when_asked():
    world = World(1, feed_delay=300.0, late_ratio=0.5, late_by=60.0)
    repo = world.repository("o/r")
    delays = [world.event("WatchEvent", repo, {}, 0.0, world.people[0]).visible_at for _ in range(100)]
    assert 20 < sum(delay > 300.0 for delay in delays) < 80
    assert min(delays) == 300.0
    assert max(delays) <= 360.0


def test_lists_are_bounded():
    world = World(1)
    for number in range(module._KEPT_PASTES + 10):
        world.paste(b"%d" % number, float(number))
    assert len(world.pastes) == module._KEPT_PASTES
    assert next(iter(world.pastes.values())).content == b"10"


def test_what_stands_somewhere_is_kept_whoever_pushed_since():
    world = World(3, kept_pushes=20)
    made = [world.repository(f"a/r{n}") for n in range(6)]
    for number in range(600):
        repository = made[number % len(made)]
        path, content = f"f{number % 7}", b"%d\n" % (number % 11)  # the same files in several repositories
        world.push(repository, [Change({path: content})], float(number))
    standing = {sha for r in made for sha in r.commits[r.head].tree.values()}
    assert standing <= world.blobs.keys()
    assert len(world.blobs) < 40
