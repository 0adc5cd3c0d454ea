"""Planted by a commit in a test repository; what git says is said without a credential."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitrepos import Repo
from gitserver import GitServer
from monitor.addresses import AddressGuard
from monitor.drills.planting import Ground, NotPlanted, Planting
from monitor.drills.pushing import RepositoryPlanter
from monitor.gitread import Access, Remote, parse

PLANTING = Planting("ab" * 16, b"CANARY=x", 1_780_000_000.0)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "served" / "acme" / "drills")
    repo.commit(README=b"x")
    return repo


@pytest.fixture
def server(repo: Repo, tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path / "served", tmp_path) as server:
        yield server


def planter(server: GitServer, folder: Path) -> RepositoryPlanter:
    remote = parse(server.url("acme/drills").replace("https://", "https://me:pass-of-the-tests@"))
    assert isinstance(remote, Remote)
    access = Access(guard=AddressGuard([f"127.0.0.1:{server.port}"]), ca_file=server.pem)
    return RepositoryPlanter(remote, folder / "mirror", access, branch="drill", path="drill.env")


async def test_each_drill_is_a_commit_on_the_one_before(
    server: GitServer, repo: Repo, tmp_path: Path
) -> None:
    repo.git("config", "http.receivepack", "true")
    hand = planter(server, tmp_path)
    assert hand.ground == Ground("127.0.0.1", "acme", "acme/drills")
    first = await hand.plant(PLANTING)
    second = await hand.plant(Planting("cd" * 16, b"CANARY=y", 1_780_000_060.0))
    assert repo.git("rev-list", "drill").split() == [second["commit"], first["commit"]]
    assert repo.git("show", "drill:drill.env") == "CANARY=y"
    assert repo.git("ls-tree", "--name-only", "drill") == "drill.env"


async def test_a_repository_that_takes_no_push_is_said(server: GitServer, repo: Repo, tmp_path: Path) -> None:
    repo.git("config", "http.receivepack", "false")
    with pytest.raises(NotPlanted, match="took no push") as raised:
        await planter(server, tmp_path).plant(PLANTING)
    assert "pass-of-the-tests" not in str(raised.value)
    assert repo.git("branch", "--list", "drill") == ""
