from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitlab_answers import OTHER, SHA, Answers, Asking, asking, commit, entry
from monitor.collectors.gitlab.commits import Commit, CommitReader, Place, judge, parse, skip_reason
from monitor.collectors.upstream import Refused
from monitor.contracts import Document
from monitor.identity import blob_sha

DIFF = f"/projects/7/repository/commits/{SHA}/diff"
PLACE = Place(7, "group/sub/name", 1_780_000_000.0)
RECORDED = Path(__file__).parents[4].parent / "shared" / "payloads" / "gitlab"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "parent_ids", "message", "diff", "new_path", "b_mode", "too_large"]), inner
        )
    ),
    max_leaves=12,
)


def raw_path(path: str) -> str:
    return f"/projects/7/repository/files/{path}/raw"


async def read(ask: Asking, *, max_files: int = 10) -> list[Document]:
    reader = CommitReader(ask.gitlab, "gitlab", max_files=max_files)
    found: list[Document] = []
    async for documents in reader.difference(
        ask.context, PLACE, Commit(SHA, author="A", email="a@example.com")
    ):
        found += documents
    return found


async def test_a_difference_becomes_documents() -> None:
    async with asking(Answers({DIFF: [entry("src/a b.py")]})) as ask:
        (document,) = await read(ask)
        assert document.content == b"@@ -0,0 +1 @@\n+x = 1\n"
        assert document.id == f"group/sub/name@{SHA}:src/a b.py"
        assert document.media_type == "text/x-diff"
        assert document.blob_sha == blob_sha(document.content)
        where = document.provenance
        assert (where.forge, where.repository, where.owner) == ("gitlab.com", "group/sub/name", "group")
        assert where.url == f"https://gitlab.com/group/sub/name/-/blob/{SHA}/src/a%20b.py"
        assert (where.commit, where.path, where.author, where.author_email) == (
            SHA,
            "src/a b.py",
            "A",
            "a@example.com",
        )


async def test_all_pages_of_a_difference_are_read_and_a_file_only_once() -> None:
    pages = [[entry(f"{n}.py") for n in range(page * 20, page * 20 + 20)] for page in range(3)]
    pages[2].append(entry("0.py"))
    answers = Answers({DIFF: pages}, paged={DIFF})
    async with asking(answers) as ask:
        assert [d.provenance.path for d in await read(ask)] == [f"{n}.py" for n in range(60)]
        assert [query["page"] for _, query in answers.asked] == ["1", "2", "3"]


@pytest.mark.parametrize(
    "flags",
    [
        {"new_file": True},
        {},
        {"too_large": True},
        {"collapsed": True},
        {"renamed_file": True, "too_large": True},
        {"too_large": False, "collapsed": True, "generated_file": True},
        {"diff": None},
    ],
)
async def test_an_empty_diff_with_and_without_flags_is_fetched_whole(flags: dict[str, Any]) -> None:
    answers = Answers({DIFF: [entry("big.sql", **{"diff": "", **flags})], raw_path("big.sql"): b"whole file"})
    async with asking(answers) as ask:
        (document,) = await read(ask)
        assert (document.content, document.media_type) == (b"whole file", "")
        assert document.id == f"group/sub/name@{SHA}:big.sql"
        assert document.blob_sha == blob_sha(b"whole file")
        assert answers.asked[-1] == (raw_path("big.sql"), {"ref": SHA})


async def test_the_budget_of_whole_files_is_spent_on_what_a_person_wrote() -> None:
    files = [entry("gen.lock", "", generated_file=True), entry("a.env", ""), entry("b.env", "")]
    answers = Answers({DIFF: files, raw_path("a.env"): b"a", raw_path("b.env"): b"b"})
    async with asking(answers) as ask:
        assert [d.provenance.path for d in await read(ask, max_files=2)] == ["a.env", "b.env"]
        assert ask.dropped("file_over_limit") == 1


async def test_files_that_hold_no_text_by_their_names_are_not_fetched() -> None:
    answers = Answers({DIFF: [entry("logo.png", "", new_file=True), entry("a.pyc", "")]})
    async with asking(answers) as ask:
        assert await read(ask) == []
        assert (ask.dropped("media"), ask.dropped("compiled")) == (1, 1)
        assert len(answers.asked) == 1


async def test_what_a_file_does_not_give_is_counted() -> None:
    answers = Answers(
        {
            DIFF: [
                entry("gone", ""),
                entry("huge", ""),
                entry("secret", ""),
                entry("empty", ""),
                entry("..", ""),
            ],
            raw_path("huge"): b"x" * 2_000_000,
            raw_path("secret"): 403,
            raw_path("empty"): b"",
        }
    )
    async with asking(answers, max_file_mib=1) as ask:
        assert await read(ask) == []
        for reason in ("gone", "too_large", "forbidden", "bad_path"):
            assert ask.dropped(reason) == 1


@pytest.mark.parametrize(
    ("raw", "verdict"),
    [
        (entry(), "text"),
        (entry(diff="Binary files a/x and b/x differ\n"), "binary"),
        (entry(diff="", deleted_file=True), "deleted"),
        (entry(diff="", deleted_file=True, too_large=True), "deleted"),
        (entry(diff="-x\n", deleted_file=True), "text"),
        (entry(diff="", renamed_file=True), "moved"),
        (entry(diff="", b_mode="100755"), "mode"),
        (entry(diff="", b_mode="160000", new_file=True), "submodule"),
        (entry(diff=""), "bare"),
        ({"new_path": "x"}, "bare"),
        ({"old_path": "x", "diff": 5}, "text"),
        ({}, "bad_shape"),
        (None, "bad_shape"),
        ([], "bad_shape"),
    ],
)
def test_what_an_entry_is(raw: Any, verdict: str) -> None:
    assert judge(raw) == verdict


async def test_a_page_beyond_the_offset_limit_is_counted_and_other_trouble_is_raised() -> None:
    answers = Answers({DIFF: [[entry()], 405]}, paged={DIFF})
    answers.of[DIFF][0] = [entry(f"{n}") for n in range(20)]
    async with asking(answers) as ask:
        assert len(await read(ask)) == 20
        assert ask.dropped("files_over_limit") == 1
        answers.of[DIFF][1] = 404
        with pytest.raises(Refused):
            await read(ask)


async def test_more_than_gitlabs_own_three_thousand_files_are_not_asked_for() -> None:
    answers = Answers({DIFF: [[entry(f"{n}")] for n in range(80)]}, paged={DIFF})
    async with asking(answers) as ask:
        assert len(await read(ask)) == 75
        assert ask.dropped("files_over_limit") == 1


async def test_a_message_is_a_document_and_an_empty_one_is_none() -> None:
    async with asking(Answers()) as ask:
        reader = CommitReader(ask.gitlab, "gitlab", max_files=1)
        (document,) = reader.message(PLACE, Commit(SHA, message="key=\udcff value"), 5.0)
        assert document.id == f"group/sub/name@{SHA}#message"
        assert document.content == b"key=? value"
        assert document.provenance.url == f"https://gitlab.com/group/sub/name/-/commit/{SHA}"
        assert list(reader.message(PLACE, Commit(SHA, message=" \n"), 5.0)) == []


def test_a_commit_is_read_from_its_list() -> None:
    found = parse(commit(parent_ids=[OTHER, SHA, "x", None]))
    assert found is not None
    assert (found.sha, found.parents, found.is_merge) == (SHA, (OTHER, SHA), True)
    assert (found.author, found.email, found.message) == ("A", "a@example.com", "message of abab")
    assert "example.com" not in repr(found)
    bare = parse({"id": SHA, "title": "only a title", "created_at": "2012-09-20T09:06:12+03:00"})
    assert bare is not None
    assert (bare.message, bare.parents, bare.committed_at) == ("only a title", (), 1348121172.0)
    assert parse({"id": "short"}) is None


def test_reasons_are_a_closed_set() -> None:
    words = {skip_reason(Refused("refused", status)) for status in range(300, 500)}
    assert words == {"refused", "forbidden", "gone", "conflict", "legal"}
    assert skip_reason(Refused("too_large")) == "too_large"


@given(JSON)
def test_any_json_is_a_commit_or_none_and_an_entry_of_some_kind(raw: Any) -> None:
    found = parse(raw)
    assert found is None or len(found.sha) in (40, 64)
    assert judge(raw) in {"bad_shape", "binary", "text", "submodule", "deleted", "bare", "moved", "mode"}


@pytest.mark.skipif(not RECORDED.exists(), reason="no recorded payloads here")
async def test_recorded_answers_are_read() -> None:
    (one,) = orjson.loads((RECORDED / "commits.json").read_bytes())
    found = parse(one)
    assert found is not None
    assert found.message == "Sanitize for network graph"
    files = orjson.loads((RECORDED / "commit-diff.json").read_bytes())
    async with asking(Answers({DIFF: files})) as ask:
        (document,) = await read(ask)
        assert b"gitlab:assets:compile" in document.content
