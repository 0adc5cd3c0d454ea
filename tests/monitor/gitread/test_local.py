from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gitrepos import Repo
from monitor.gitread import GitError, Leash, Quota
from monitor.gitread.local import locate, view


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "repo")
    repo.commit(a=b"1")
    return repo


def tips(path: Path, work: Path) -> set[str]:
    layout = locate(path)
    assert layout is not None
    return set(view(layout, work, Quota(), Leash())[1])


def test_loose_packed_and_detached_refs_are_found(repo: Repo, tmp_path: Path) -> None:
    packed = repo.git("rev-parse", "HEAD")
    repo.git("tag", "-a", "-m", "x", "v1")
    repo.git("pack-refs", "--all")
    loose = repo.commit(a=b"2")
    repo.git("checkout", "-q", "--detach")
    detached = repo.commit(a=b"3")

    assert tips(repo.path, tmp_path / "view") == {packed, loose, detached, repo.git("rev-parse", "v1")}


def test_a_bare_repository(repo: Repo, tmp_path: Path) -> None:
    repo.git("clone", "-q", "--bare", ".", "../bare")

    assert tips(tmp_path / "bare", tmp_path / "view") == {repo.git("rev-parse", "HEAD")}


def test_a_linked_work_tree_and_its_head(repo: Repo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "--detach", "../linked")
    linked = Repo(tmp_path / "other")
    shutil.rmtree(linked.path)
    linked.path = tmp_path / "linked"
    made = linked.commit(b=b"in the linked tree")

    assert made in tips(tmp_path / "linked", tmp_path / "view")
    assert made in tips(repo.path, tmp_path / "view")


def test_a_git_file_that_leads_to_a_stranger_is_refused(repo: Repo, tmp_path: Path) -> None:
    evil = tmp_path / "evil"
    evil.mkdir()
    (evil / ".git").write_text(f"gitdir: {repo.path}/.git\n")

    with pytest.raises(GitError) as caught:
        locate(evil)
    assert caught.value.reason == "outside"


@pytest.mark.parametrize("text", ["", "gitdir:", "gitdir: \0", "x" * 5000])
def test_a_git_file_with_rubbish(text: str, tmp_path: Path) -> None:
    (tmp_path / ".git").write_text(text)

    with pytest.raises(GitError):
        locate(tmp_path)


def test_a_folder_without_a_repository(tmp_path: Path) -> None:
    assert locate(tmp_path) is None


def test_borrowed_objects_are_refused(repo: Repo, tmp_path: Path) -> None:
    borrower = Repo(tmp_path / "borrower")
    (borrower.path / ".git/objects/info/alternates").write_text(f"{repo.path}/.git/objects\n")
    (borrower.path / ".git/refs/heads/main").write_text(repo.git("rev-parse", "HEAD") + "\n")

    with pytest.raises(GitError, match="borrows") as caught:
        tips(borrower.path, tmp_path / "view")
    assert caught.value.reason == "outside"


def test_an_object_store_that_is_a_link_is_refused(repo: Repo, tmp_path: Path) -> None:
    thief = Repo(tmp_path / "thief")
    shutil.rmtree(thief.path / ".git/objects")
    (thief.path / ".git/objects").symlink_to(repo.path / ".git/objects")

    with pytest.raises(GitError) as caught:
        tips(thief.path, tmp_path / "view")
    assert caught.value.reason == "outside"


def test_linked_packs_and_folders_are_left_out(repo: Repo, tmp_path: Path) -> None:
    thief = Repo(tmp_path / "thief")
    objects = repo.path / ".git" / "objects"
    head = repo.git("rev-parse", "HEAD")
    (thief.path / ".git/objects" / head[:2]).symlink_to(objects / head[:2])
    layout = locate(thief.path)
    assert layout is not None

    git, _ = view(layout, tmp_path / "view", Quota(), Leash())

    assert git.run("cat-file", "--batch-check", stdin=head.encode()) == f"{head} missing\n".encode()


def test_refs_that_are_links_fifos_or_rubbish_are_passed_over(repo: Repo, tmp_path: Path) -> None:
    heads = repo.path / ".git/refs/heads"
    (heads / "link").symlink_to("/etc/hostname")
    os.mkfifo(heads / "fifo")
    (heads / "loop").symlink_to(heads)
    (heads / "rubbish").write_bytes(b"\xff" * 30)
    (heads / "symbolic").write_text("ref: refs/heads/main\n")

    assert tips(repo.path, tmp_path / "view") == {repo.git("rev-parse", "HEAD")}


def test_a_huge_ref_is_refused(repo: Repo, tmp_path: Path) -> None:
    (repo.path / ".git/refs/heads/huge").write_bytes(b"a" * 100_000)

    with pytest.raises(GitError) as caught:
        tips(repo.path, tmp_path / "view")
    assert caught.value.reason == "too_large"


def test_a_reftable_is_said_to_be_unsupported(repo: Repo, tmp_path: Path) -> None:
    (repo.path / ".git/reftable").mkdir()

    with pytest.raises(GitError) as caught:
        tips(repo.path, tmp_path / "view")
    assert caught.value.reason == "unsupported"


def test_the_repository_itself_is_not_touched(repo: Repo, tmp_path: Path) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {str(p): (p.lstat().st_mtime_ns, p.lstat().st_size) for p in repo.path.rglob("*")}

    before = state()
    tips(repo.path, tmp_path / "view")

    assert state() == before
