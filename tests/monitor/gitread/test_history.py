from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitrepos import GIT_DATE, Repo
from monitor.gitread import BlobReader, Change, GitError, Quota, Repository, Step, history, open_repository
from monitor.gitread.history import _differences


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


def opened(repo: Repo, quota: Quota | None = None) -> Repository:
    return open_repository(str(repo.path), repo.path.parent / "view", quota=quota)


def read(repository: Repository, known: tuple[str, ...] = ()) -> tuple[list[Step], list[str]]:
    skipped: list[str] = []
    return list(history(repository.git, repository.tips, known, skipped.append)), skipped


def changes(steps: list[Step]) -> list[tuple[str, bytes]]:
    return [(change.blob, change.path) for step in steps for change in step.changes]


def test_each_blob_comes_with_the_commit_that_brought_it(repo: Repo) -> None:
    first = repo.commit("one\n\nbody", a=b"1")
    second = repo.commit("two", b=b"2", a=b"3")

    steps, skipped = read(opened(repo))

    assert skipped == []
    assert [(s.commit.id, s.commit.message) for s in steps if s.commit] == [
        (first, b"one\n\nbody\n"),
        (second, b"two\n"),
    ]
    assert steps[0].changes == (Change(repo.blob(b"1"), b"a"),)
    assert set(steps[1].changes) == {Change(repo.blob(b"2"), b"b"), Change(repo.blob(b"3"), b"a")}
    commit = steps[1].commit
    assert commit is not None
    assert (commit.author, commit.author_email, commit.time) == (
        "Ada Example",
        "ada@example.test",
        GIT_DATE + 2.0,
    )
    assert commit.parents == (first,)


def test_removed_and_renamed_files_give_no_blob_of_their_own(repo: Repo) -> None:
    repo.commit(a=b"1")
    repo.git("mv", "a", "b")
    moved = repo.commit("move")
    (repo.path / "b").unlink()
    repo.commit("remove")

    steps, _ = read(opened(repo))

    blob = repo.blob(b"1")
    assert changes(steps) == [(blob, b"a"), (blob, b"b")]
    assert steps[1].commit is not None
    assert steps[1].commit.id == moved


def test_an_evil_merge_shows_what_only_it_brings(repo: Repo) -> None:
    repo.commit(a=b"base")
    repo.git("checkout", "-q", "-b", "side")
    repo.commit(a=b"side")
    repo.git("checkout", "-q", "main")
    repo.commit(a=b"main")
    repo.git("merge", "--quiet", "--no-commit", "side", check=False)
    repo.commit("merge", a=b"neither", extra=b"smuggled")

    steps, _ = read(opened(repo))

    assert set(steps[-1].changes) == {
        Change(repo.blob(b"neither"), b"a"),
        Change(repo.blob(b"smuggled"), b"extra"),
    }
    assert {c[0] for c in changes(steps)} == {
        repo.blob(text) for text in (b"base", b"side", b"main", b"neither", b"smuggled")
    }


def test_only_what_is_new_comes_the_second_time(repo: Repo) -> None:
    repo.commit(a=b"1")
    known = opened(repo).tips
    repo.commit(a=b"2")

    steps, skipped = read(opened(repo), known)

    assert changes(steps) == [(repo.blob(b"2"), b"a")]
    assert skipped == []
    assert read(opened(repo), opened(repo).tips) == ([], [])


def test_after_a_force_push_the_new_branch_is_read_and_old_tips_that_are_gone_do_no_harm(repo: Repo) -> None:
    repo.commit(a=b"1")
    old = repo.commit(a=b"2")
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.commit(a=b"3")

    steps, _ = read(opened(repo), (old, "0123456789" * 4))

    assert changes(steps) == [(repo.blob(b"3"), b"a")]


def test_all_refs_are_read_also_notes_and_odd_ones(repo: Repo) -> None:
    commit = repo.commit(a=b"1")
    repo.git("notes", "add", "-m", "a note")
    repo.commit(a=b"hidden")
    repo.git("update-ref", "refs/pull/7/head", "HEAD")
    repo.git("reset", "-q", "--hard", "HEAD~1")

    found = {blob for blob, _ in changes(read(opened(repo))[0])}

    assert {repo.blob(b"hidden"), repo.blob(b"a note\n"), repo.blob(b"1")} == found
    assert repo.git("rev-parse", "HEAD") == commit


def test_tags_give_their_message_and_tags_of_blobs_and_trees_their_content(repo: Repo) -> None:
    repo.commit(a=b"1")
    repo.git("tag", "-a", "-m", "tag message", "v1")
    lone = repo.blob(b"lone")
    repo.git("tag", "-a", "-m", "of a blob", "blob", lone)
    tree = repo.git("mktree", data=f"100644 blob {repo.blob(b'in tree')}\tname\n".encode())
    repo.git("tag", "tree", tree)

    steps, skipped = read(opened(repo))

    assert skipped == []
    messages = {step.commit.message for step in steps if step.commit}
    assert messages == {b"tag message\n", b"of a blob\n", b"change\n"}
    assert {blob for blob, _ in changes(steps)} == {lone, repo.blob(b"in tree"), repo.blob(b"1")}
    assert (repo.blob(b"in tree"), b"name") in changes(steps)


def test_paths_may_hold_newlines_and_any_bytes(repo: Repo) -> None:
    names = [b"new\nline", b"\xff\xfe", b":100644 fake", b"tab\tname", b"d/" + b"x" * 200]
    for number, name in enumerate(names):
        repo.write(name, b"%d" % number)
    repo.commit()

    assert {path for _, path in changes(read(opened(repo))[0])} == set(names)


def test_submodules_and_links_are_no_files_but_a_links_target_is_text(repo: Repo) -> None:
    commit = repo.commit(a=b"1")
    (repo.path / "link").symlink_to("/etc/passwd")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},sub")
    repo.git("add", "link")
    repo.git("commit", "-q", "-m", "x")

    found = changes(read(opened(repo))[0])

    assert (repo.blob(b"/etc/passwd"), b"link") in found
    assert not [path for _, path in found if path == b"sub"]


def test_an_empty_repository_has_no_history(repo: Repo) -> None:
    assert read(opened(repo)) == ([], [])


def test_a_shallow_clone_is_read_from_its_edge(repo: Repo) -> None:
    for number in range(4):
        repo.commit(a=b"%d" % number)
    shallow = Repo(repo.path.parent / "shallow")
    shallow.git("fetch", "-q", "--depth=2", f"file://{repo.path}", "main:got")

    steps, _ = read(opened(shallow))

    assert {blob for blob, _ in changes(steps)} == {repo.blob(b"2"), repo.blob(b"3")}


def test_a_commit_with_very_many_files_comes_in_several_steps(repo: Repo) -> None:
    for number in range(2100):
        repo.write(f"f{number}", b"%d" % number)
    repo.commit()

    steps, _ = read(opened(repo))

    assert [len(step.changes) for step in steps] == [1000, 1000, 100]
    assert [step.first for step in steps] == [True, False, False]
    assert len(set(changes(steps))) == 2100


def bomb(repo: Repo, depth: int) -> str:
    """A tree of 10 ** depth paths with one blob."""
    kind, name = "100644 blob", repo.blob(b"boom")
    for _ in range(depth):
        lines = "".join(f"{kind} {name}\t{letter}\n" for letter in "abcdefghij")
        name = repo.git("mktree", data=lines.encode())
        kind = "040000 tree"
    return name


def test_a_tree_bomb_costs_one_commit_its_paths_and_nothing_else(repo: Repo) -> None:
    before = repo.commit(a=b"before")
    evil = repo.git("commit-tree", "-p", before, "-m", "bomb", bomb(repo, 9))
    tree = repo.git("rev-parse", f"{before}^{{tree}}")
    after = repo.git("commit-tree", "-p", evil, "-m", "after", tree)
    repo.git("update-ref", "refs/heads/main", after)

    steps, skipped = read(opened(repo, Quota(memory_bytes=192 * 1024**2)))

    assert "tree_by_object" in skipped
    assert {blob for blob, _ in changes(steps)} == {repo.blob(b"boom"), repo.blob(b"before")}
    assert {step.commit.message for step in steps if step.commit} == {b"change\n", b"bomb\n", b"after\n"}


def test_a_broken_tree_costs_one_commit_and_is_counted(repo: Repo) -> None:
    repo.commit(a=b"1")
    broken = repo.commit("broken", b=b"2")
    repo.commit("after", c=b"3")
    tree = repo.git("rev-parse", f"{broken}^{{tree}}")
    (repo.path / ".git" / "objects" / tree[:2] / tree[2:]).unlink()

    steps, skipped = read(opened(repo))

    assert "tree_by_object" in skipped
    found = {blob for blob, _ in changes(steps)}
    assert {repo.blob(b"1"), repo.blob(b"3")} <= found
    assert {step.commit.message for step in steps if step.commit} == {b"change\n", b"broken\n", b"after\n"}


def test_a_ref_to_a_missing_object_is_counted(repo: Repo) -> None:
    repo.commit(a=b"1")
    (repo.path / ".git" / "refs" / "heads" / "gone").write_text("ab" * 20 + "\n")

    steps, skipped = read(opened(repo))

    assert changes(steps) == [(repo.blob(b"1"), b"a")]
    assert skipped == ["missing_object"]


def test_a_history_longer_than_the_quota_is_refused(repo: Repo) -> None:
    for number in range(3):
        repo.commit(a=b"%d" % number)

    with pytest.raises(GitError, match="more than 2 commits") as caught:
        read(opened(repo, Quota(commits=2)))
    assert caught.value.reason == "too_large"


def test_a_commit_object_full_of_rubbish_still_has_its_files(repo: Repo) -> None:
    tree = repo.git("rev-parse", f"{repo.commit(a=b'1')}^{{tree}}")
    body = f"tree {tree}\nauthor \0 <<>> soon\ncommitter nobody 99999999999999999999 +x\n\nbye\0bye".encode()
    evil = repo.git("hash-object", "-w", "-t", "commit", "--literally", "--stdin", data=body)
    (repo.path / ".git" / "refs" / "heads" / "evil").write_text(evil + "\n")

    steps, _ = read(opened(repo))

    commit = next(s.commit for s in steps if s.commit and s.commit.id == evil)
    assert (commit.time, commit.message) == (None, b"bye\0bye")


def test_sha256_repositories_are_read(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo", "--object-format=sha256")
    repo.commit(a=b"1")

    steps, _ = read(opened(repo))

    assert changes(steps) == [(repo.blob(b"1"), b"a")]
    assert len(steps[0].changes[0].blob) == 64


def test_what_rev_list_calls_reachable_is_what_history_yields(repo: Repo) -> None:
    for number in range(6):
        repo.commit(a=b"%d" % number, b=b"%d" % (number // 2))
        if number == 3:
            repo.git("checkout", "-q", "-b", "side", "HEAD~2")
    repo.git("merge", "-q", "-s", "ours", "main", "-m", "joined")
    listed = repo.git(
        "rev-list", "--objects", "--all", "--filter=object:type=blob", "--filter-provided-objects"
    )

    repository = opened(repo)
    steps, _ = read(repository)

    assert {line.split(" ")[0] for line in listed.split("\n")} == {blob for blob, _ in changes(steps)}
    with BlobReader(repository.git, lambda _: None) as reader:
        wanted = sorted({blob for blob, _ in changes(steps)})
        assert {p.blob: p.data for p in reader.read(wanted)} == {
            repo.blob(b"%d" % number): b"%d" % number for number in range(6)
        }


class Fed:
    """A process that says what it was given, in chunks."""

    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = iter(chunks)

    def chunk(self) -> bytes:
        return next(self._chunks, b"")


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"a" * 40, b"b" * 40]),
            st.lists(st.binary(min_size=1, max_size=12).filter(lambda p: b"\0" not in p), max_size=4),
        ),
        max_size=6,
    ),
    st.lists(st.integers(1, 30), min_size=1, max_size=10),
)
def test_the_listing_is_parsed_alike_however_the_pipe_cuts_it(
    commits: list[tuple[bytes, list[bytes]]], cuts: list[int]
) -> None:
    text = b"".join(
        name
        + b"\0"
        + b"".join(b":100644 100644 " + b"1" * 40 + b" " + b"2" * 40 + b" M\0" + p + b"\0" for p in paths)
        for name, paths in commits
    )
    sizes = itertools.cycle(cuts)
    chunks, at = [], 0
    while at < len(text):
        size = next(sizes)
        chunks.append(text[at : at + size])
        at += size

    parsed = list(_differences(Fed(chunks)))  # type: ignore[arg-type]

    assert [(name, [c.path for c in found]) for name, found in parsed] == [
        (name, paths) for name, paths in commits
    ]
