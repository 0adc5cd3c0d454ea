from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from gitrepos import Repo
from monitor.gitread import GitError, Leash, Quota
from monitor.gitread.local import create
from monitor.gitread.process import CONFIG, Git


@pytest.fixture
def git(tmp_path: Path) -> Git:
    return create(tmp_path / "own.git", Quota(), Leash())


def test_it_sees_no_config_but_ours(git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = tmp_path / "evil"
    evil.write_text("[alias]\n\tx = !touch gone\n[core]\n\tfsmonitor = touch gone\n")
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, str(evil))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.editor'='touch gone'")
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))

    listed = git.run("config", "--list", "--show-origin").decode().splitlines()

    values = dict(line.split("\t", 1)[1].split("=", 1) for line in listed)
    assert {line.split(":", 1)[0] for line in listed} == {"command line", "file"}
    assert all(str(evil) not in line for line in listed)
    assert values["core.fsmonitor"] == "false"
    assert values["core.editor"] == "/bin/false"
    assert not (tmp_path / "trace").exists()


def test_the_pinned_values_win_over_a_config_slipped_into_our_own_folder(git: Git) -> None:
    with (git.git_dir / "config").open("a") as file:
        for name in CONFIG:
            section, _, key = name.rpartition(".")
            file.write(f"[{section}]\n\t{key} = evil\n")

    for name, value in CONFIG.items():
        if name != "credential.helper":  # a list: the empty value clears what stands before it
            assert git.run("config", "--get", name).decode().strip() == value


def test_no_protocol_is_spoken_unless_named(git: Git, tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo")
    repo.commit(a=b"1")

    for url in (str(repo.path), f"file://{repo.path}", "ext::touch gone", "https://127.0.0.1:1/x"):
        with pytest.raises(GitError, match="not allowed"):
            git.run("fetch", "--", url)


def test_what_git_says_is_told_without_credentials(git: Git) -> None:
    with pytest.raises(GitError) as caught:
        git.run("fetch", "--", "https://user:hunter2@127.0.0.1:1/x")
    assert "hunter2" not in str(caught.value)


def test_a_process_that_stands_still_ends_by_time(git: Git) -> None:
    impatient = Git(git.git_dir, Quota(idle_seconds=0.2))
    with impatient.start("cat-file", "--batch", stdin=subprocess.PIPE) as process:
        with pytest.raises(GitError) as caught:
            process.line()
        assert caught.value.reason == "timeout"
    assert process.popen.returncode is not None


def test_the_whole_group_is_killed(git: Git, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    told = Git(
        git.git_dir, Quota(), config={"alias.sleeper": f"!echo ready; exec 3> {fifo}; sleep 1000 & wait"}
    )
    with told.start("sleeper") as process:
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        assert process.line() == b"ready"
        os.set_blocking(reader, True)
    with os.fdopen(reader, "rb") as file:
        assert file.read() == b""  # the end: nobody holds the other side any more


def test_a_cut_leash_ends_what_runs_and_what_comes(git: Git) -> None:
    leash = Leash()
    held = Git(git.git_dir, Quota(idle_seconds=60), leash=leash)
    with held.start("cat-file", "--batch", stdin=subprocess.PIPE) as process:
        threading.Timer(0.05, leash.cut).start()
        assert process.line() == b""
    with pytest.raises(GitError):
        held.run("cat-file", "--batch")


def test_memory_and_file_size_are_limited(git: Git, tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo")
    repo.commit(a=os.urandom(3_000_000))
    limited = Git(git.git_dir, Quota(pack_bytes=1_000_000))
    packed = subprocess.run(
        ["git", "-C", str(repo.path), "pack-objects", "--all", "--stdout", "-q"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    ).stdout

    with pytest.raises(GitError) as caught:
        limited.run("index-pack", "--stdin", stdin=packed)
    assert caught.value.reason == "too_large"

    git.run("index-pack", "--stdin", stdin=packed)
    small = Git(git.git_dir, Quota(memory_bytes=2_000_000))
    with pytest.raises(GitError) as caught:
        small.run("cat-file", "blob", repo.git("rev-parse", "HEAD:a"))
    assert caught.value.reason == "too_large"


def test_lines_and_exact_reads_share_one_buffer(git: Git) -> None:
    name = git.run("hash-object", "-w", "--stdin", stdin=b"one\ntwo\n" * 100_000).decode().strip()
    with git.start("cat-file", "blob", name) as process:
        assert process.line() == b"one"
        assert process.exactly(4) == b"two\n"
        rest = process.exactly(799_992)
        assert rest == b"one\ntwo\n" * 99_999
        assert process.line() == b""
        assert process.chunk() == b""
        process.check()
    with git.start("cat-file", "blob", name) as process, pytest.raises(GitError, match="ended early"):
        process.exactly(800_001)


def test_the_output_is_private(git: Git) -> None:
    assert git.git_dir.stat().st_mode & 0o777 == 0o700
