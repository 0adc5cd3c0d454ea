"""Hostile repositories execute nothing. Each trap is proved to be live: git used carelessly does spring it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gitrepos import Repo
from monitor.gitread import BlobReader, GitError, history, open_repository


@dataclass
class Trap:
    repo: Repo
    canary: Path
    careless: Callable[[], object]  # what springs it


def program(tmp_path: Path, canary: Path) -> Path:
    """Touches the canary, then does what a filter should: nothing."""
    script = tmp_path / "payload.sh"
    script.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(canary))}\nexit 1\n")
    script.chmod(0o700)
    return script


def fsmonitor(repo: Repo, payload: Path) -> Callable[[], object]:
    repo.git("config", "core.fsmonitor", str(payload))
    return lambda: repo.git("status", check=False)


def textconv(repo: Repo, payload: Path) -> Callable[[], object]:
    repo.commit("x", __gitattributes=b"* diff=evil filter=evil\n", a=b"changed")
    repo.git("config", "diff.evil.textconv", str(payload))
    repo.git("config", "filter.evil.smudge", str(payload))
    repo.git("config", "filter.evil.process", str(payload))
    return lambda: repo.git("log", "-p", check=False)


def external_diff(repo: Repo, payload: Path) -> Callable[[], object]:
    repo.commit("x", a=b"changed")
    repo.git("config", "diff.external", str(payload))
    return lambda: repo.git("diff", "HEAD~1", check=False)


def hooks(repo: Repo, payload: Path) -> Callable[[], object]:
    names = (
        "post-checkout",
        "reference-transaction",
        "post-index-change",
        "fsmonitor-watchman",
        "post-merge",
    )
    folder = repo.path / ".git" / "hooks"
    folder.mkdir(exist_ok=True)
    for name in (*names, "pre-auto-gc", "post-rewrite"):
        (folder / name).symlink_to(payload)
    return lambda: repo.git("checkout", "-b", "other", check=False)


def upload_pack(repo: Repo, payload: Path) -> Callable[[], object]:
    repo.git("config", "remote.origin.url", str(repo.path))
    repo.git("config", "remote.origin.uploadpack", str(payload))
    repo.git("config", "uploadpack.packObjectsHook", str(payload))
    return lambda: repo.git("fetch", "origin", check=False)


def lazy_fetch(repo: Repo, payload: Path) -> Callable[[], object]:
    """A partial clone: even `git cat-file` of a missing object asks the promisor, by a command of the repository's choice."""
    missing = repo.blob(b"missing")
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{missing},missing")
    repo.git("commit", "-q", "-m", "x")
    (repo.path / ".git" / "objects" / missing[:2] / missing[2:]).unlink()
    repo.git("config", "core.repositoryformatversion", "1")
    repo.git("config", "extensions.partialClone", "origin")
    repo.git("config", "remote.origin.promisor", "true")
    repo.git("config", "remote.origin.url", str(repo.path))
    repo.git("config", "remote.origin.uploadpack", str(payload))
    return lambda: repo.git("cat-file", "-p", missing, check=False)


def submodules(repo: Repo, payload: Path) -> Callable[[], object]:
    """Git looks into the submodule's work tree by its own config, and clones from where .gitmodules says."""
    inner = Repo(repo.path / "sub")
    inner.commit(inner=b"2")
    inner.git("config", "core.fsmonitor", str(payload))
    repo.write(".gitmodules", f'[submodule "sub"]\n\tpath = sub\n\turl = ext::{payload}\n'.encode())
    repo.git("-c", "protocol.ext.allow=always", "add", ".gitmodules")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{inner.git('rev-parse', 'HEAD')},sub")
    repo.git("commit", "-q", "-m", "sub")
    (payload.parent / "canary").unlink(missing_ok=True)
    repo.git("config", "submodule.sub.update", f"!{payload}")
    return lambda: repo.git("status", check=False)


def ssh_command(repo: Repo, payload: Path) -> Callable[[], object]:
    repo.git("config", "remote.origin.url", "ssh://localhost/x")
    repo.git("config", "core.sshCommand", str(payload))
    return lambda: repo.git("fetch", "origin", check=False)


def included_config(repo: Repo, payload: Path) -> Callable[[], object]:
    repo.write("config.inc", f"[core]\n\tfsmonitor = {payload}\n\tpager = {payload}\n".encode())
    repo.commit("x")
    repo.git("config", "include.path", "../config.inc")
    return lambda: repo.git("status", check=False)


def helper_url(repo: Repo, payload: Path) -> Callable[[], object]:
    repo.git("config", "remote.origin.url", f"ext::{payload}")
    repo.git("config", "protocol.ext.allow", "always")
    return lambda: repo.git("ls-remote", "origin", check=False)


TRAPS = [
    fsmonitor,
    textconv,
    external_diff,
    hooks,
    upload_pack,
    lazy_fetch,
    submodules,
    ssh_command,
    included_config,
    helper_url,
]


@pytest.fixture(params=TRAPS, ids=lambda make: make.__name__)
def trap(request: pytest.FixtureRequest, tmp_path: Path) -> Trap:
    repo = Repo(tmp_path / "hostile")
    repo.commit(a=b"1")
    canary = tmp_path / "canary"
    careless = request.param(repo, program(tmp_path, canary))
    assert not canary.exists()
    return Trap(repo, canary, careless)


def test_reading_a_hostile_repository_executes_nothing_and_finds_everything(
    trap: Trap, tmp_path: Path
) -> None:
    skipped: list[str] = []

    opened = open_repository(str(trap.repo.path), tmp_path / "view")
    blobs = [c.blob for s in history(opened.git, opened.tips, (), skipped.append) for c in s.changes]
    with BlobReader(opened.git, skipped.append) as reader:
        contents = [piece.data for piece in reader.read(blobs)]

    assert not trap.canary.exists()
    assert b"1" in contents
    assert set(skipped) <= {"missing_blob"}

    trap.careless()
    assert trap.canary.exists(), "the trap is not live: this test proves nothing"


@pytest.mark.parametrize("form", ["ext::{}", "-u{}", "--upload-pack={}", "fd::7/{}"])
def test_a_repository_name_is_never_a_command(form: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary"

    with pytest.raises(GitError):
        open_repository(form.format(program(tmp_path, canary)), tmp_path / "view")
    assert not canary.exists()


def test_objects_of_a_stranger_are_not_read(tmp_path: Path) -> None:
    """The alternates escape: a hostile folder that names a private repository's objects and ids."""
    private = Repo(tmp_path / "private")
    commit = private.commit(secret=b"only mine")
    hostile = Repo(tmp_path / "hostile")
    (hostile.path / ".git/objects/info/alternates").write_text(f"{private.path}/.git/objects\n")
    (hostile.path / ".git/refs/heads/main").write_text(commit + "\n")
    assert hostile.git("show", "HEAD:secret") == "only mine"  # careless git reads them

    with pytest.raises(GitError) as caught:
        open_repository(str(hostile.path), tmp_path / "view")
    assert caught.value.reason == "outside"
