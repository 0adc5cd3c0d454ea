from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitlab_answers import Answers, Asking, asking
from monitor.collectors.gitlab.snippets import Snippet, SnippetReader, parse
from monitor.collectors.upstream import Refused
from monitor.contracts import Document

RAW = "https://gitlab.com/-/snippets/42/raw/main"


def listed(*paths: str, **more: Any) -> dict[str, Any]:
    return {
        "id": 42,
        "title": "t",
        "file_name": paths[0] if paths else "x.rb",
        "description": None,
        "author": {"id": 1, "username": "a"},
        "created_at": "2026-05-28T20:26:40.000Z",
        "project_id": None,
        "files": [{"path": path, "raw_url": f"{RAW}/{path}"} for path in paths],
        **more,
    }


async def read(ask: Asking, raw: dict[str, Any]) -> list[Document]:
    snippet = parse(raw)
    assert snippet is not None
    return [document async for document in SnippetReader(ask.gitlab, "gitlab").read(ask.context, snippet)]


async def test_one_file_is_read_by_the_snippets_own_address() -> None:
    async with asking(Answers({"/snippets/42/raw": b"content"})) as ask:
        words, document = await read(ask, listed("x.rb", description="see this"))
        assert (words.content, words.id) == (b"t\n\nsee this", "snippets/42#words")
        assert (document.content, document.id) == (b"content", "snippets/42:x.rb")
        assert document.published_at == 1_780_000_000.0
        where = document.provenance
        assert (where.repository, where.owner, where.url) == (
            "a/snippets/42",
            "a",
            "https://gitlab.com/-/snippets/42",
        )
        assert (await read(ask, listed()))[1].id == "snippets/42:x.rb"


async def test_every_file_of_several_is_read() -> None:
    answers = Answers(
        {
            "/snippets/42/files/main/read%20me.md/raw": b"one",
            "/snippets/42/files/main/dir%2Fa.env/raw": b"two",
        }
    )
    async with asking(answers) as ask:
        raw = listed("dir/a.env")
        raw["files"].insert(0, {"path": "read me.md", "raw_url": f"{RAW}/read%20me.md"})
        found = await read(ask, raw)
        assert [(d.content, d.provenance.path) for d in found[1:]] == [
            (b"one", "read me.md"),
            (b"two", "dir/a.env"),
        ]


async def test_a_missing_file_is_counted_and_only_all_missing_are_a_verdict() -> None:
    answers = Answers({"/snippets/42/files/main/b/raw": b"two"})
    async with asking(answers) as ask:
        assert [d.content for d in (await read(ask, listed("a", "b")))[1:]] == [b"two"]
        assert ask.dropped("gone") == 1
        answers.of.clear()
        with pytest.raises(Refused):
            await read(ask, listed("a", "b"))


async def test_more_than_ten_files_are_a_counted_limit() -> None:
    names = [f"f{n}" for n in range(12)]
    answers = Answers({f"/snippets/42/files/main/{name}/raw": b"x" for name in names})
    async with asking(answers) as ask:
        assert len(await read(ask, listed(*names))) == 11
        assert ask.dropped("files_over_limit") == 2


@pytest.mark.parametrize(
    "raw", [None, [], {}, {"id": 1}, listed(id=0), listed(id="x"), listed(created_at="soon"), listed(id=None)]
)
def test_what_is_no_snippet(raw: Any) -> None:
    assert parse(raw) is None


def test_what_is_missing_or_of_another_type() -> None:
    assert parse(listed(author=None, title=5, files=None, description=[])) == Snippet(
        42, 1_780_000_000.0, "", "5", "", "x.rb", ()
    )
    strange = [
        None,
        {},
        {"path": "a"},
        {"path": "a", "raw_url": "http://["},
        {"path": "a", "raw_url": "x/raw/a"},
    ]
    found = parse(listed(files=strange))
    assert found is not None
    assert found.files == ()


@given(
    st.dictionaries(
        st.sampled_from(["id", "created_at", "author", "files", "title"]),
        st.none()
        | st.integers()
        | st.text(max_size=9)
        | st.lists(st.dictionaries(st.text(max_size=7), st.text())),
    )
)
def test_any_json_is_a_snippet_or_none(raw: Any) -> None:
    found = parse(raw)
    assert found is None or found.number > 0
