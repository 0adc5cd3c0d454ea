from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collecting import START
from monitor.collectors.gitea.activity import Rank, Target, activity, repository

A, B = "a" * 40, "b" * 40
WHEN = "2026-06-01T15:00:00Z"


def repo(**more: Any) -> dict[str, Any]:
    return {
        "id": 1,
        "full_name": "o/n",
        "updated_at": WHEN,
        "created_at": "2020-01-01T00:00:00+01:00",
        **more,
    }


def test_a_repository_is_known_by_name_and_change() -> None:
    first, same = repository(repo(), watched=False), repository(repo(stars_count=7), watched=False)
    later = repository(repo(updated_at="2026-06-01T15:00:01Z"), watched=False)
    assert first
    assert same
    assert later
    assert first.key == same.key != later.key
    assert first.target is not None
    assert (first.target.rank, first.target.fresh) == (Rank.PLAIN, False)


@pytest.mark.parametrize(
    ("more", "reason"),
    [({"private": True}, "private"), ({"internal": True}, "private"), ({"empty": True}, "empty_repository")],
)
def test_what_is_not_public_or_empty_has_no_target(more: dict[str, Any], reason: str) -> None:
    listed = repository(repo(**more), watched=True)
    assert listed is not None
    assert (listed.target, listed.reason) == (None, reason)


def test_watched_come_first_and_copies_last() -> None:
    ranks = [
        repository(repo(fork=True), watched=True),
        repository(repo(created_at=WHEN), watched=False),
        repository(repo(mirror=True, created_at=WHEN), watched=False),
    ]
    assert [entry.target.rank for entry in ranks if entry and entry.target] == [
        Rank.WATCHED,
        Rank.PLAIN,
        Rank.COPY,
    ]
    assert [entry.target.fresh for entry in ranks if entry and entry.target] == [False, True, False]


@pytest.mark.parametrize(
    "bad",
    [
        {"full_name": "../.."},
        {"full_name": "a/b/c"},
        {"full_name": 5},
        {"updated_at": None},
        {"updated_at": "soon"},
    ],
)
def test_what_is_no_repository_is_none(bad: dict[str, Any]) -> None:
    assert repository(repo(**bad), watched=False) is None


def event(content: Any, op: str = "commit_repo", **more: Any) -> dict[str, Any]:
    return {
        "id": 9,
        "op_type": op,
        "act_user": {"login": "a"},
        "repo": {"full_name": "o/n"},
        "ref_name": "refs/heads/topic",
        "is_private": False,
        "created": WHEN,
        "content": content,
        **more,
    }


PUSH = {
    "Commits": [
        {"Sha1": A, "Message": "m\n", "AuthorEmail": "a@example.com", "AuthorName": "N", "Timestamp": WHEN}
    ],
    "HeadCommit": {"Sha1": A},
    "CompareURL": f"o/n/compare/{B}...{A}",
    "Len": 7,
}


def test_content_is_json_inside_a_string_with_capitalised_keys() -> None:
    listed = activity(event(json.dumps(PUSH)), "/orgs/o/activities/feeds")
    assert listed is not None
    assert listed.target is not None
    target = listed.target
    assert (target.head, target.base, target.count, target.ref) == (A, B, 7, "refs/heads/topic")
    assert (target.rank, target.actor, target.feed) == (Rank.WATCHED, "a", "/orgs/o/activities/feeds")
    (commit,) = target.commits
    assert (commit.sha, commit.message, commit.author, commit.email) == (A, "m\n", "N", "a@example.com")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", None, 5, json.dumps({"Commits": None}), json.dumps(PUSH["Commits"])]
)
def test_a_push_that_names_no_commit_is_counted(content: Any) -> None:
    listed = activity(event(content), "")
    assert listed is not None
    assert (listed.target, listed.reason) == (None, "no_commits")


def test_a_tag_says_no_number_and_a_new_branch_no_base() -> None:
    listed = activity(event(json.dumps({**PUSH, "CompareURL": "", "Len": 0}), "push_tag"), "")
    assert listed is not None
    assert listed.target is not None
    assert (listed.target.base, listed.target.count) == ("", None)


def test_titles_and_comments_are_text() -> None:
    issue = activity(event("12|My key is KEY=1", "create_issue"), "")
    comment = activity(event("12|", "comment_issue", comment={"body": "use KEY=2"}), "")
    release = activity(event("v1 with KEY=3", "publish_release"), "")
    assert issue
    assert comment
    assert release
    assert issue.texts == (("activity/9#title", "My key is KEY=1"),)
    assert comment.texts == (("activity/9#comment", "use KEY=2"),)
    assert release.texts == (("activity/9#title", "v1 with KEY=3"),)
    nothing = activity(event("", "star_repo"), "")
    assert nothing is not None
    assert nothing.reason == "no_text"


def test_what_is_private_is_left_out() -> None:
    for more in ({"is_private": True}, {"repo": {"full_name": "o/n", "private": True}}):
        listed = activity(event(json.dumps(PUSH), **more), "")
        assert listed is not None
        assert (listed.target, listed.texts, listed.reason) == (None, (), "private")


LEAF = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from([A, WHEN, "o/n", json.dumps(PUSH)])
)
KEYS = sorted({*repo(), *event(""), *PUSH, "login", "body", "comment", "private", "fork"})
JSON = st.recursive(
    LEAF, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner), max_leaves=30
)


@given(JSON, st.dictionaries(st.sampled_from(KEYS), JSON))
def test_json_of_any_shape_is_read_or_none(raw: object, more: dict[str, Any]) -> None:
    for entry in (raw, {**event(""), **more}, {**repo(), **more}):
        assert activity(entry, "") is None or entry
        assert repository(entry, watched=False) is None or entry


def test_json_of_a_hundred_levels_is_no_entry() -> None:
    deep: Any = "x"
    for _ in range(100):
        deep = {"data": [deep], "repo": deep, "full_name": deep}
    assert repository(deep, watched=False) is None
    assert activity(deep, "") is None
    listed = activity(event("[" * 100 + "]" * 100), "")
    assert listed is not None
    assert listed.reason == "no_commits"


def test_what_failed_waits_longer_each_time() -> None:
    target = Target(b"k" * 16, "", "o/n", START)
    pauses = []
    while not target.last_try:
        target = target.again(START, progress=False)
        pauses.append(target.not_before - START)
    assert pauses == [55, 110, 220, 440]
    assert target.again(START, progress=True).not_before == START + 55
