from __future__ import annotations

import random

import pytest

from made_up import made_up
from monitor.simulator.gitlab_forge import Forge, Project, Shape
from monitor.simulator.model import Planting
from monitor.simulator.world import Change, World

NOW = 1_780_000_000.0


def forge(seed: int = 1) -> tuple[Forge, World]:
    world = World(seed)
    return Forge(world, random.Random(seed), NOW, own="acme-corp", forge="gitlab.com"), world


def planted(shape: Shape) -> tuple[Forge, Project, Planting, bytes]:
    made, world = forge()
    project = next(iter(made.projects.values()))
    secret = made_up(random.Random(5))
    made.publish_push(project, NOW, secret, "", shape)
    return made, project, world.truth[-1], secret.secret


def test_the_time_of_activity_stands_still_for_an_hour() -> None:
    made, _ = forge()
    project = made.create("someone/new", NOW)
    times = []
    for after in (60, 1800, 3599, 3600, 3700, 7200):
        made.push(project, [Change({"a": b"%d" % after})], NOW + after)
        times.append(project.active_at - NOW)
    assert times == [0, 0, 0, 3600, 3600, 7200]


@pytest.mark.parametrize("shape", list(Shape))
def test_the_truth_names_a_commit_that_holds_the_credential(shape: Shape) -> None:
    made, project, truth, secret = planted(shape)
    commit = project.repository.commits[truth.commit]
    if shape is Shape.MESSAGE:
        assert secret.decode() in commit.message
        assert truth.path == ""
    else:
        assert secret in made.git.blobs[commit.tree[truth.path]]
        assert commit.tree[truth.path] == truth.blob_sha
    assert (truth.source, truth.shape, truth.repository) == ("gitlab", shape.value, project.path)


def test_shapes_are_what_they_are_called() -> None:
    made, project, truth, secret = planted(Shape.REMOVED)
    head = project.repository.commits[project.repository.head]
    assert head.parents == (truth.commit,)
    assert secret not in made.git.blobs.get(head.tree.get(truth.path, ""), b"")
    made, project, truth, _ = planted(Shape.LARGE)
    assert len(made.git.blobs[truth.blob_sha]) > 200_000
    _, project, truth, _ = planted(Shape.MANY_FILES)
    assert len(project.repository.commits[truth.commit].tree) > 105
    _, project, truth, _ = planted(Shape.NEW_BRANCH)
    assert truth.commit in project.repository.refs.values()
    assert truth.commit != project.repository.head
    _, project, truth, _ = planted(Shape.BACKDATED)
    assert project.repository.commits[truth.commit].at < NOW - 2 * 86_400


def test_the_same_seed_gives_the_same_forge() -> None:
    paths = []
    for _ in range(2):
        made, _ = forge(3)
        for n in range(30):
            made.publish(NOW + n, None, "")
        paths.append([(p.path, p.repository.head) for p in made.projects.values()])
    assert paths[0] == paths[1]


def test_memory_is_bounded() -> None:
    made = Forge(World(1), random.Random(1), NOW, own="acme-corp", forge="gitlab.com", kept=300)
    for n in range(2_000):
        made.publish(NOW + n, None, "owner" if n % 20 == 0 else "")
    assert len(made.projects) <= 400
    assert len(made.snippets) <= 2_000
    commits = sum(len(p.repository.commits) for p in made.projects.values())
    branches = sum(len(p.repository.refs) for p in made.projects.values())
    assert commits < 3 * 300 + branches
    assert max(len(p.repository.refs) for p in made.projects.values()) <= 42


def test_ids_have_holes_and_projects_are_found_by_number_and_path() -> None:
    made, _ = forge()
    ids = list(made.projects)
    assert ids == sorted(ids)
    assert ids[-1] - ids[0] >= len(ids)
    project = made.projects[ids[3]]
    assert made.find(str(project.id)) is project
    assert made.find(project.path.upper()) is project
    assert made.find("no/where") is None
    assert any(p.path.startswith("acme-corp/") for p in made.projects.values())
