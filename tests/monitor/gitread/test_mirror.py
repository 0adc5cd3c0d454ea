from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitrepos import Repo
from gitserver import GitServer
from monitor.addresses import AddressGuard
from monitor.gitread import Access, GitError, Leash, Quota, Remote, parse
from monitor.gitread.mirror import _locked, can_pin, fetch, forget, tips
from monitor.gitread.process import Git


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "served" / "o" / "n")
    repo.commit(a=b"1")
    return repo


@pytest.fixture
def server(repo: Repo, tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path / "served", tmp_path) as server:
        yield server


def bring(
    server: GitServer, folder: Path, *, url: str = "", quota: Quota | None = None, **access: Path
) -> Git:
    remote = parse(url or server.url("o/n"))
    assert isinstance(remote, Remote)
    guard = AddressGuard([f"127.0.0.1:{server.port}", f"localhost:{server.port}"])
    allowed = Access(guard=guard, ca_file=server.pem, **access)
    return fetch(remote, folder, quota or Quota(seconds=30, idle_seconds=20), allowed, Leash())


def test_all_refs_arrive_and_the_mirror_is_private(server: GitServer, repo: Repo, tmp_path: Path) -> None:
    repo.git("update-ref", "refs/pull/1/head", "HEAD")
    repo.git("tag", "-a", "-m", "x", "v1")

    git = bring(server, tmp_path / "state" / "m.git")

    assert set(tips(git)) == {repo.git("rev-parse", "HEAD"), repo.git("rev-parse", "v1")}
    assert (tmp_path / "state" / "m.git").stat().st_mode & 0o777 == 0o700
    assert git.protocols == ()


def test_the_second_fetch_follows_deletions_and_force_pushes_and_keeps_objects(
    server: GitServer, repo: Repo, tmp_path: Path
) -> None:
    repo.git("branch", "old")
    bring(server, tmp_path / "m.git")
    gone = repo.git("rev-parse", "HEAD")
    repo.git("branch", "-D", "old")
    repo.git("commit", "-q", "--amend", "-m", "other")

    git = bring(server, tmp_path / "m.git")

    assert tips(git) == (repo.git("rev-parse", "HEAD"),)
    assert git.run("cat-file", "-t", gone) == b"commit\n"


def test_a_branch_that_becomes_a_folder_is_no_conflict(server: GitServer, repo: Repo, tmp_path: Path) -> None:
    repo.git("branch", "x")
    bring(server, tmp_path / "m.git")
    repo.git("branch", "-D", "x")
    repo.git("branch", "x/y")

    assert bring(server, tmp_path / "m.git").run("for-each-ref", "--format=%(refname)").split() == [
        b"refs/heads/main",
        b"refs/heads/x/y",
    ]


def test_credentials_go_to_the_host_and_nowhere_else(server: GitServer, repo: Repo, tmp_path: Path) -> None:
    url = server.url("o/n").replace("https://", "https://user:hunter2@")

    bring(server, tmp_path / "m.git", url=url)

    assert server.requests[0][1]["Authorization"] == "Basic dXNlcjpodW50ZXIy"
    for file in (tmp_path / "m.git").rglob("*"):
        assert not file.is_file() or b"hunter2" not in file.read_bytes()


def test_logins_come_from_a_netrc_file_by_host(server: GitServer, tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text(
        "machine other.example login x password y\nmachine 127.0.0.1 login user password hunter2\n"
    )
    bring(server, tmp_path / "m.git", netrc_file=file)
    assert server.requests[0][1]["Authorization"] == "Basic dXNlcjpodW50ZXIy"

    file.write_text("machine other.example login x password y\n")
    server.requests.clear()
    bring(server, tmp_path / "m.git", netrc_file=file)
    assert "Authorization" not in server.requests[0][1]

    file.write_text("rubbish hunter2")
    with pytest.raises(GitError) as caught:
        bring(server, tmp_path / "m.git", netrc_file=file)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_redirects_are_not_followed(server: GitServer, tmp_path: Path) -> None:
    server.answer = (302, {"Location": "https://127.0.0.1:1/o/n/info/refs?service=git-upload-pack"})

    with pytest.raises(GitError) as caught:
        bring(server, tmp_path / "m.git")
    assert caught.value.reason == "unreachable"
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
def test_a_server_that_says_no(server: GitServer, tmp_path: Path, status: int) -> None:
    server.answer = (status, {"WWW-Authenticate": "Basic"} if status == 401 else {})

    with pytest.raises(GitError) as caught:
        bring(server, tmp_path / "m.git")
    assert caught.value.reason == "unreachable"


def test_a_server_that_says_nothing_ends_by_time(server: GitServer, tmp_path: Path) -> None:
    server.silent.set()

    with pytest.raises(GitError) as caught:
        bring(server, tmp_path / "m.git", quota=Quota(seconds=0.5))
    assert caught.value.reason == "timeout"


def test_the_certificate_is_checked(server: GitServer, tmp_path: Path) -> None:
    remote = parse(server.url("o/n"))
    assert isinstance(remote, Remote)

    with pytest.raises(GitError) as caught:
        fetch(remote, tmp_path / "m.git", Quota(), Access(guard=AddressGuard(["127.0.0.1"])), Leash())
    assert caught.value.reason == "unreachable"
    assert server.requests == []


def test_a_name_goes_to_the_address_that_was_checked(server: GitServer, tmp_path: Path) -> None:
    bring(server, tmp_path / "m.git", url=server.url("o/n", "localhost"))

    assert server.requests[0][1]["Host"] == f"localhost:{server.port}"


def test_private_addresses_are_refused_before_a_connection(server: GitServer, tmp_path: Path) -> None:
    remote = parse(server.url("o/n"))
    assert isinstance(remote, Remote)

    with pytest.raises(GitError) as caught:
        fetch(remote, tmp_path / "m.git", Quota(), Access(ca_file=server.pem), Leash())
    assert caught.value.reason == "refused_host"
    assert server.requests == []


def test_the_byte_quota_stops_a_fetch_and_leaves_the_mirror_as_it_was(
    server: GitServer, repo: Repo, tmp_path: Path
) -> None:
    before = tips(bring(server, tmp_path / "m.git"))
    repo.commit(big=bytes(range(256)) * 20 + __import__("os").urandom(2_000_000))

    with pytest.raises(GitError) as caught:
        bring(server, tmp_path / "m.git", quota=Quota(pack_bytes=500_000))
    assert caught.value.reason == "too_large"
    assert tips(Git(tmp_path / "m.git")) == before

    assert set(tips(bring(server, tmp_path / "m.git"))) == {repo.git("rev-parse", "HEAD")}


def test_what_a_killed_fetch_left_is_cleaned(server: GitServer, repo: Repo, tmp_path: Path) -> None:
    folder = tmp_path / "m.git"
    bring(server, folder)
    (folder / "packed-refs.lock").touch()
    (folder / "objects/pack/tmp_pack_x").write_bytes(b"x" * 100)
    repo.commit(a=b"2")

    assert tips(bring(server, folder)) == (repo.git("rev-parse", "HEAD"),)
    assert not (folder / "objects/pack/tmp_pack_x").exists()


def test_a_clone_that_was_killed_at_once_is_made_again(server: GitServer, repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "m.git").mkdir()

    assert tips(bring(server, tmp_path / "m.git")) == (repo.git("rev-parse", "HEAD"),)


def test_many_packs_are_joined_and_nothing_is_lost(server: GitServer, repo: Repo, tmp_path: Path) -> None:
    folder = tmp_path / "m.git"
    bring(server, folder)
    pack = next((folder / "objects/pack").glob("*.pack"))
    for number in range(45):
        name = pack.stem[:-3] + f"{number:03}"
        for suffix in (".pack", ".idx"):
            shutil.copy(pack.with_suffix(suffix), pack.with_name(name + suffix))

    git = bring(server, folder)

    assert len(list((folder / "objects/pack").glob("*.pack"))) < 40
    assert git.run("cat-file", "-t", repo.git("rev-parse", "HEAD")) == b"commit\n"


def test_ssh_needs_its_files(tmp_path: Path) -> None:
    remote = parse("ssh://git@127.0.0.1:1/o/n")
    assert isinstance(remote, Remote)
    guard = AddressGuard(["127.0.0.1"])

    with pytest.raises(GitError) as caught:
        fetch(remote, tmp_path / "m.git", Quota(), Access(guard=guard), Leash())
    assert caught.value.reason == "unsupported"

    (tmp_path / "key").touch(mode=0o600)
    (tmp_path / "known").touch()
    access = Access(guard=guard, ssh_key=tmp_path / "key", ssh_known_hosts=tmp_path / "known")
    with pytest.raises(GitError) as caught:  # nobody listens there
        fetch(remote, tmp_path / "m.git", Quota(), access, Leash())
    assert caught.value.reason == "unreachable"


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("git version 2.37.0", True),
        ("git version 2.50.1 (Apple Git-155)", True),
        ("git version 3.0.rc1", True),
        ("git version 2.36.6", False),
        ("git version 1.99", False),
        ("", False),
    ],
)
def test_only_a_git_that_pins_addresses_may_go_out(version: str, expected: bool) -> None:
    assert can_pin(version) is expected


def test_only_mirrors_that_nobody_holds_are_removed(tmp_path: Path) -> None:
    busy, kept, old = (digit * 32 for digit in "abc")
    for name in (busy, kept, old, "project"):
        (tmp_path / f"{name}.git" / "objects").mkdir(parents=True)

    def left() -> list[str]:
        return sorted(path.name for path in tmp_path.iterdir())

    with _locked(tmp_path / f"{busy}.lock"):
        assert forget(tmp_path, [tmp_path / f"{kept}.git"]) == 1
    assert left() == [f"{busy}.git", f"{busy}.lock", f"{kept}.git", "project.git"]
    assert forget(tmp_path, [tmp_path / f"{kept}.git"]) == 1
    assert left() == [f"{kept}.git", "project.git"]  # somebody may keep the state beside repositories
    assert forget(tmp_path / "nothing", ()) == 0
