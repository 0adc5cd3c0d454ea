import pytest

from monitor.simulator.fate import Fate
from monitor.simulator.world import Change, World


@pytest.fixture
def world():
    return World(1)


@pytest.fixture
def fate(world):
    return Fate(world)


def test_what_is_cleaned_stands_in_the_history_until_that_is_rewritten(world, fate):
    repo = world.repository("o/r")
    world.push(repo, [Change({"a": b"1\n"})], 1.0)
    first = repo.head
    fate.clean("o/r", "a", 2.0)
    assert repo.commits[repo.head].tree == {}
    assert "a" in repo.commits[first].tree
    fate.rewrite("o/r")
    assert repo.head == first
    fate.rewrite("o/r")
    assert (repo.head, repo.commits) == ("", {})


def test_repositories_go_and_come(world, fate):
    world.repository("O/R")
    fate.delete("o/r")
    assert world.find("o/r") is None
    with pytest.raises(KeyError):
        fate.delete("o/r")
    fate.restore("O/r")
    fate.hide("o/r")
    assert world.find("o/r").private
    fate.hide("o/r", private=False)
    assert not world.find("o/r").private


def test_gists_and_pastes_go_and_come(world, fate):
    gist = world.gist({"a": b"1"}, 1.0)
    world.gist({"a": b"2"}, 2.0, gist_id=gist.id)
    fate.forget_revisions(gist.id)
    assert world.gists[gist.id].before == ()
    fate.delete_gist(gist.id)
    assert gist.id not in world.gists
    fate.restore_gist(gist.id)
    assert world.gists[gist.id].files == {"a": b"2"}
    paste = world.paste(b"x", 1.0)
    fate.expire(paste.key)
    assert not world.pastes
    fate.paste_again(paste.key)
    assert world.pastes == {paste.key: paste}
