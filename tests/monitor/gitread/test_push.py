"""One file onto a branch of ours: beside what stands there, never by force."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitrepos import Repo
from gitserver import GitServer
from monitor.addresses import AddressGuard
from monitor.gitread import Access, GitError, Quota, Remote, parse
from monitor.gitread.push import push_file


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "served" / "o" / "n")
    repo.commit(README=b"x")
    repo.git("config", "http.receivepack", "true")
    repo.git("branch", "side")
    return repo


@pytest.fixture
def server(repo: Repo, tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path / "served", tmp_path) as server:
        yield server


def push(
    server: GitServer, folder: Path, *, branch: str = "side", path: str = "a.env", content: bytes = b"1"
) -> str:
    remote = parse(server.url("o/n"))
    assert isinstance(remote, Remote)
    access = Access(guard=AddressGuard([f"127.0.0.1:{server.port}"]), ca_file=server.pem)
    quota = Quota(seconds=30, idle_seconds=20)
    return push_file(
        remote, folder, quota, access, branch=branch, path=path, content=content, message="drill x", at=1.8e9
    )


def test_what_stood_on_the_branch_stays(server: GitServer, repo: Repo, tmp_path: Path) -> None:
    before = repo.git("rev-parse", "side")
    commit = push(server, tmp_path / "m")
    assert repo.git("rev-parse", "side", "side^").split() == [commit, before]
    assert repo.git("ls-tree", "--name-only", "side").split() == ["README", "a.env"]
    assert repo.git("show", "-s", "--format=%an %ae %at %s", "side") == (
        "leakstream drill drill@leakstream.invalid 1800000000 drill x"
    )


def test_it_begins_at_the_tip_as_it_is_now(server: GitServer, repo: Repo, tmp_path: Path) -> None:
    push(server, tmp_path / "m")
    repo.git("branch", "-f", "side", "HEAD")  # somebody else
    assert push(server, tmp_path / "m", content=b"2") == repo.git("rev-parse", "side")
    assert repo.git("rev-parse", "side^") == repo.git("rev-parse", "HEAD")


def test_a_folder_is_not_replaced(server: GitServer, repo: Repo, tmp_path: Path) -> None:
    repo.write("a.env/inside", b"1")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "folder")
    repo.git("branch", "-f", "side", "HEAD")
    with pytest.raises(GitError, match="unsupported"):
        push(server, tmp_path / "m")


def test_a_refused_push_is_unreachable_and_changes_nothing(
    server: GitServer, repo: Repo, tmp_path: Path
) -> None:
    repo.git("config", "http.receivepack", "false")
    before = repo.git("rev-parse", "side")
    with pytest.raises(GitError, match="unreachable"):
        push(server, tmp_path / "m")
    assert repo.git("rev-parse", "side") == before
