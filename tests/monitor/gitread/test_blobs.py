from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from gitrepos import Repo
from monitor.gitread import BlobReader, Leash, Quota
from monitor.gitread.local import locate, view
from monitor.gitread.process import Git
from monitor.sizes import PART_BYTES, PART_OVERLAP


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "repo")
    repo.commit(a=b"1")
    return repo


def git_of(repo: Repo) -> Git:
    layout = locate(repo.path)
    assert layout is not None
    return view(layout, repo.path.parent / "view", Quota(), Leash())[0]


def test_blobs_come_in_the_order_asked(repo: Repo) -> None:
    contents = [b"", b"x", b"line\n" * 10, b"\0\xff"]
    names = [repo.blob(content) for content in contents]
    skipped: list[str] = []

    with BlobReader(git_of(repo), skipped.append) as reader:
        for _ in range(2):
            pieces = list(reader.read(names))
            assert [(p.blob, p.data, p.last) for p in pieces] == [
                (n, c, True) for n, c in zip(names, contents, strict=True)
            ]
    assert skipped == []


def test_many_blobs_do_not_block_the_pipe(repo: Repo) -> None:
    for number in range(1300):
        repo.write(f"f{number}", b"%d" % number * 100)
    repo.commit()
    names = [line.split()[2] for line in repo.git("ls-tree", "HEAD").split("\n")]

    with BlobReader(git_of(repo), lambda _: None) as reader:
        assert [piece.blob for piece in reader.read(names)] == names


def test_a_large_blob_comes_in_overlapping_windows_with_their_lines(repo: Repo) -> None:
    content = b"".join(b"line %d\n" % number for number in range(2_000_000))
    name = repo.blob(content)

    with BlobReader(git_of(repo), lambda _: None) as reader:
        pieces = list(reader.read([name]))

    assert len(pieces) == len(content) // PART_BYTES + 1 == 3
    for piece in pieces:
        assert content[piece.offset :].startswith(piece.data)
        assert piece.line == content.count(b"\n", 0, piece.offset) + 1
        assert len(piece.data) <= PART_BYTES
    for one, two in itertools.pairwise(pieces):
        assert two.offset == one.offset + len(one.data) - PART_OVERLAP
    assert pieces[-1].offset + len(pieces[-1].data) == len(content)
    assert [piece.last for piece in pieces] == [False, False, True]


def test_what_is_beyond_the_limit_is_cut_and_counted_and_the_next_blob_is_whole(repo: Repo) -> None:
    names = [repo.blob(b"a" * 5000), repo.blob(b"next")]
    skipped: list[str] = []

    with BlobReader(git_of(repo), skipped.append, max_bytes=100) as reader:
        pieces = list(reader.read(names))

    assert [piece.data for piece in pieces] == [b"a" * 100, b"next"]
    assert skipped == ["blob_cut"]


def test_missing_and_broken_blobs_are_counted_and_the_others_read(repo: Repo) -> None:
    good, broken, last = repo.blob(b"good"), repo.blob(os.urandom(10_000)), repo.blob(b"last")
    file = repo.path / ".git" / "objects" / broken[:2] / broken[2:]
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:5000])
    skipped: list[str] = []

    with BlobReader(git_of(repo), skipped.append) as reader:
        pieces = list(reader.read([good, "ab" * 20, broken, repo.git("rev-parse", "HEAD"), last]))

    assert [piece.data for piece in pieces] == [b"good", b"last"]
    assert skipped == ["missing_blob", "unreadable_blob", "unreadable_blob"]


def test_an_abandoned_read_does_not_spoil_the_next(repo: Repo) -> None:
    names = [repo.blob(b"a" * 3_000_000), repo.blob(b"b")]

    with BlobReader(git_of(repo), lambda _: None) as reader:
        next(iter(reader.read(names)))
        assert [piece.data for piece in reader.read(names[1:])] == [b"b"]
