from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.collectors.stackexchange.post import METHODS, host_of, parse

AT = 1_780_000_000
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def question(**more: Any) -> dict[str, Any]:
    """As the API gives one with the filter `withbody`."""
    return {
        "question_id": 7,
        "title": "a &amp; b",
        "body": '<p>text</p>\n<pre><code class="x">KEY = &quot;1 &lt; 2&quot;\n\tdone\n</code></pre>',
        "link": "https://stackoverflow.com/questions/7/a-b",
        "owner": {"user_id": 42, "display_name": "some &#246;ne", "user_type": "registered"},
        "creation_date": AT,
        "last_activity_date": AT + 50,
        "tags": ["python"],
        "content_license": "CC BY-SA 4.0",
        **more,
    }


def test_a_question_is_its_title_and_text() -> None:
    post = parse(question(), "stackoverflow", "questions")
    assert post is not None
    assert post.content == b'a & b\ntext\n\nKEY = "1 < 2"\n\tdone'
    assert (post.name, post.active, post.at) == ("stackoverflow/questions/7", AT + 50, float(AT))
    assert (post.title, post.author, post.owner) == ("a & b", "some öne", "42")
    assert post.url == "https://stackoverflow.com/q/7"


def test_answers_and_comments_are_found_by_their_own_ids() -> None:
    answer = {
        "answer_id": 8,
        "question_id": 7,
        "body": "x",
        "creation_date": AT,
        "last_activity_date": AT + 9,
    }
    comment = {"comment_id": 9, "post_id": 8, "body": "y", "creation_date": AT, "edited": False}
    found = parse(answer, "unix", "answers"), parse(comment, "unix", "comments")
    assert [post and (post.name, post.url, post.active) for post in found] == [
        ("unix/answers/8", "https://unix.stackexchange.com/a/8", AT + 9),
        ("unix/comments/9", "https://unix.stackexchange.com/q/8#comment9_8", AT),
    ]


def test_activity_alone_is_no_new_text_and_an_edit_is() -> None:
    first, bumped, edited = (
        parse(question(**more), "stackoverflow", "questions")
        for more in (
            {},
            {"last_activity_date": AT + 90, "score": 3},
            {"body": "new", "last_edit_date": AT + 90},
        )
    )
    assert first is not None
    assert bumped is not None
    assert edited is not None
    assert (first.key, first.revision) == (bumped.key, bumped.revision)
    assert first.key != edited.key
    assert edited.at == AT + 90
    assert len(first.key) == 16


def test_the_user_may_be_gone() -> None:
    for owner in (None, {}, {"display_name": "user1", "user_type": "does_not_exist"}, []):
        post = parse(question(owner=owner), "stackoverflow", "questions")
        assert post is not None
        assert post.owner == ""


@pytest.mark.parametrize(
    "more",
    [
        {"question_id": None}, {"question_id": 0}, {"question_id": "x"}, {"question_id": -7},
    ],
)  # fmt: skip
def test_what_is_no_question(more: dict[str, Any]) -> None:
    assert parse(question(**more), "stackoverflow", "questions") is None


@pytest.mark.parametrize("time", [None, "x", 0, -1, 10**12, 1.5, []])
def test_a_strange_time_is_no_time(time: Any) -> None:
    post = parse(question(last_activity_date=time, creation_date=time), "stackoverflow", "questions")
    assert post is not None
    assert (post.active, post.at) == (0, None)


@pytest.mark.parametrize(
    ("site", "host"),
    [
        ("stackoverflow", "stackoverflow.com"),
        ("serverfault", "serverfault.com"),
        ("mathoverflow", "mathoverflow.net"),
        ("mathoverflow.net", "mathoverflow.net"),
        ("unix", "unix.stackexchange.com"),
        ("meta", "meta.stackexchange.com"),
        ("unix.meta", "unix.meta.stackexchange.com"),
        ("meta.serverfault", "meta.serverfault.com"),
        ("pt.stackoverflow", "pt.stackoverflow.com"),
        ("stackoverflow.com", "stackoverflow.com"),
    ],
)
def test_the_host_of_a_site(site: str, host: str) -> None:
    assert host_of(site) == host


@settings(max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "question_id",
                "answer_id",
                "comment_id",
                "post_id",
                "title",
                "body",
                "owner",
                "creation_date",
                "last_activity_date",
                "last_edit_date",
            ]
        ),
        JSON | st.integers(1, 10),
    )
    | JSON,
    st.sampled_from(list(METHODS)),
)
def test_nothing_upsets_the_parser(raw: Any, method: str) -> None:
    post = parse(raw, "stackoverflow", method)
    assert post is None or (len(post.key) == 16 and post.active >= 0)
