from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.collectors.gitea.commits import (
    Commit,
    FileDiff,
    Place,
    parse,
    parse_pushed,
    pushed,
    since,
    split,
)

A, B, C, D, E = (letter * 40 for letter in "abcde")


def diff(*parts: str) -> tuple[list[FileDiff], dict[str, int]]:
    skipped: Counter[str] = Counter()
    return list(split("".join(parts).encode(), skipped)), dict(skipped)


ADDED = (
    "diff --git a/x.env b/x.env\nnew file mode 100644\nindex 0000000..1234567\n"
    "--- /dev/null\n+++ b/x.env\n@@ -0,0 +1 @@\n+KEY=1\n"
)


def test_a_diff_is_cut_into_files_and_what_stands_before_the_first_is_left_out() -> None:
    preamble = f"commit {A}\nAuthor: A <a@example.com>\n\n    diff --git is no file here\n\n"
    changed = f"diff --git a/y b/y\nindex {B}..{C} 100644\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-old\n+diff --git a/z b/z\n"
    files, skipped = diff(preamble, ADDED, changed)
    assert files == [
        FileDiff("x.env", b"@@ -0,0 +1 @@\n+KEY=1\n"),
        FileDiff("y", b"@@ -1 +1 @@\n-old\n+diff --git a/z b/z\n", C),
    ]
    assert skipped == {}


def test_quoted_paths_and_paths_with_blanks_are_read() -> None:
    quoted = (
        'diff --git "a/\\303\\244\\t.txt" "b/\\303\\244\\t.txt"\n--- "a/\\303\\244\\t.txt"\n'
        '+++ "b/\\303\\244\\t.txt"\n@@ -1 +1 @@\n-1\n+2\n'
    )
    blank = "diff --git a/a b.txt b/a b.txt\n--- a/a b.txt\t\n+++ b/a b.txt\t\n@@ -1 +1 @@\n-1\n+2\n"
    files, _ = diff(quoted, blank)
    assert [file.path for file in files] == ["ä\t.txt", "a b.txt"]


def test_a_deleted_file_is_named_by_what_it_was() -> None:
    files, _ = diff(
        f"diff --git a/x b/x\ndeleted file mode 100644\nindex {A}..{'0' * 40}\n--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-KEY\n"
    )
    assert files == [FileDiff("x", b"@@ -1 +0,0 @@\n-KEY\n", "")]


def test_a_combined_diff_of_a_merge_is_read() -> None:
    files, _ = diff("diff --cc x\nindex 1,2..3\n--- a/x\n+++ b/x\n@@@ -1,1 -1,1 +1,1 @@@\n++new\n")
    assert files == [FileDiff("x", b"@@@ -1,1 -1,1 +1,1 @@@\n++new\n")]


def test_what_has_no_text_is_counted() -> None:
    files, skipped = diff(
        "diff --git a/p.png b/p.png\nindex 1..2\nBinary files a/p.png and b/p.png differ\n",
        "diff --git a/q b/r\nsimilarity index 100%\nrename from q\nrename to r\n",
        "diff --git a/e b/e\nnew file mode 100644\nindex 0000000..e69de29\n",
        "diff --git a/n b/n\n@@ -1 +1 @@\n+x\n",
    )
    assert files == []
    assert skipped == {"binary": 1, "moved": 1, "empty_file": 1, "bad_shape": 1}


@given(st.binary(), st.binary())
def test_any_bytes_are_taken_for_a_diff(before: bytes, after: bytes) -> None:
    files = list(split(before + b"\ndiff --git a/x b/x\n" + after, Counter()))
    assert all(isinstance(file.path, str) and file.hunks.startswith(b"@@") for file in files)


def chain(*links: tuple[str, tuple[str, ...]]) -> list[Commit]:
    return [Commit(sha, parents=parents) for sha, parents in links]


@pytest.mark.parametrize(
    ("listed", "known", "new"),
    [
        (chain((A, (B,)), (B, (C,)), (C, ())), {C}, [A, B]),
        (chain((A, (B,)), (B, ())), {A}, []),
        (chain((A, (B,)), (B, ())), {D}, [A, B]),
        # A merges E, which is older than the known head B
        (chain((A, (B, E)), (B, (C,)), (E, (D,)), (C, (D,)), (D, ())), {B}, [A, E]),
        # the clock of C's author was late: it stands above its child
        (chain((A, (B,)), (C, ()), (B, (C,))), {B}, [A]),
        ([], {A}, []),
    ],
)
def test_what_a_known_head_reaches_is_not_new(listed: list[Commit], known: set[str], new: list[str]) -> None:
    assert [commit.sha for commit in since(listed, known)] == new


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                [
                    "sha",
                    "commit",
                    "author",
                    "parents",
                    "message",
                    "Sha1",
                    "Message",
                    "Commits",
                    "login",
                    "date",
                ]
            ),
            inner,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_json_of_any_shape_is_a_commit_or_none(raw: object) -> None:
    for found in (parse(raw), parse_pushed(raw)):
        assert found is None or (len(found.sha) in (40, 64) and isinstance(found.message, str))


@given(JSON)
def test_content_of_any_shape_is_an_object(raw: object) -> None:
    assert isinstance(pushed(raw), dict)
    assert pushed('{"Len":') == {}
    assert pushed('{"Len":1}') == {"Len": 1}
    assert pushed("12|a title") == {}


def test_a_commit_without_a_known_account_has_its_author_name() -> None:
    raw = {
        "sha": A,
        "commit": {"author": {"name": "N", "email": "n@example.com"}, "message": "m"},
        "author": None,
        "parents": None,
    }
    commit = parse(raw)
    assert commit == Commit(A, "m", "N", "n@example.com")
    assert not commit.is_merge
    again = parse({**raw, "author": {"login": "nn"}, "parents": [{"sha": B}, {"sha": C}, {"sha": 7}, None]})
    assert again is not None
    assert (again.author, again.parents, again.is_merge) == ("nn", (B, C), True)
    assert parse({**raw, "sha": "../.."}) is None


def test_documents_name_commit_path_and_person() -> None:
    place = Place("gitea", "codeberg.org", "o/n", "refs/heads/main", "pusher", 5.0)
    commit = Commit(A, "message", "N", "n@example.com")
    message, changed = place.documents(commit, [FileDiff("a dir/x", b"@@ -0,0 +1 @@\n+1\n", B)], 9.0)
    assert (message.id, message.content) == (f"o/n@{A}#message", b"message")
    assert (changed.id, changed.media_type, changed.blob_sha) == (f"o/n@{A}:a dir/x", "text/x-diff", B)
    where = changed.provenance
    assert where.url == f"https://codeberg.org/o/n/src/commit/{A}/a%20dir/x"
    assert (where.owner, where.repository, where.path) == ("o", "o/n", "a dir/x")
    assert (where.author, where.author_email, where.ref) == ("N", "n@example.com", "refs/heads/main")
    assert (changed.published_at, changed.fetched_at) == (5.0, 9.0)
    assert place.documents(Commit(A, " \n"), [], 9.0) == []
