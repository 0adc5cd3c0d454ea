from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forge import event
from monitor.collectors.github import event as github_event
from monitor.collectors.github.push import Push
from monitor.contracts import Document

AT = "2026-11-21T10:00:00Z"
PAYLOADS = Path(os.environ.get("LEAKSTREAM_PAYLOADS", Path(__file__).parents[5] / "shared" / "payloads"))


def texts(raw: dict[str, Any]) -> list[Document]:
    parsed = github_event.parse(raw)
    assert parsed is not None
    return list(github_event.documents(parsed, source="s", forge="github.com", now=1.0))


ISSUE = {
    "number": 4,
    "title": "It broke",
    "body": "with this config",
    "html_url": "https://github.com/octo/demo/issues/4",
    "user": {"login": "reporter"},
}
COMMENT = {
    "body": "try mine",
    "html_url": "https://github.com/octo/demo/issues/4#issuecomment-9",
    "user": {"login": "helper"},
}


def test_a_comment_brings_itself_and_its_issue_with_their_places() -> None:
    comment, issue = texts(event("IssueCommentEvent", 1, {"comment": COMMENT, "issue": ISSUE}, at=AT))
    assert comment.content == b"try mine"
    assert issue.content == b"It broke\n\nwith this config"
    where = comment.provenance
    assert (where.forge, where.repository, where.owner) == ("github.com", "octo/demo", "octo")
    assert (where.url, where.path) == (COMMENT["html_url"], "issues/4#issuecomment-9")
    assert (where.author, issue.provenance.author) == ("helper", "reporter")
    assert comment.published_at == 1795255200.0
    (again,) = texts(event("IssuesEvent", 2, {"issue": ISSUE}, at=AT))
    assert again.id == issue.id  # the same text of the same place has the same id
    (edited,) = texts(event("IssuesEvent", 2, {"issue": {**ISSUE, "body": "x"}}, at=AT))
    assert edited.id != issue.id


@pytest.mark.parametrize(
    ("kind", "payload", "expected"),
    [
        ("CommitCommentEvent", {"comment": {"body": "a"}}, [b"a"]),
        ("CreateEvent", {"ref": "main", "ref_type": "branch", "description": "about"}, [b"about"]),
        ("CreateEvent", {"ref": None, "description": None}, []),
        ("DiscussionEvent", {"discussion": {"title": "t", "body": "b"}}, [b"t\n\nb"]),
        ("DiscussionCommentEvent", {"comment": {"body": "c"}}, [b"c"]),
        ("ForkEvent", {"forkee": {"description": "d"}}, [b"d"]),
        ("GollumEvent", {"pages": [{"page_name": "p", "title": "t", "summary": None}, None]}, [b"p\n\nt"]),
        ("PullRequestReviewEvent", {"review": {"body": "r"}, "pull_request": {"number": 1}}, [b"r"]),
        ("PullRequestReviewCommentEvent", {"comment": {"body": "c", "diff_hunk": "@@"}}, [b"c\n\n@@"]),
        ("ReleaseEvent", {"release": {"name": "v1", "body": "notes"}}, [b"v1\n\nnotes"]),
        ("WatchEvent", {"action": "started"}, []),
        ("PushEvent", {"head": "a" * 40}, []),
    ],
)
def test_each_type_gives_its_own_text(kind: str, payload: dict[str, Any], expected: list[bytes]) -> None:
    assert [d.content for d in texts(event(kind, 1, payload, at=AT))] == expected


@pytest.mark.parametrize(
    ("kind", "payload", "reason"),
    [
        ("PullRequestEvent", {"pull_request": {"number": 1}}, "pull_request_stub"),
        ("PullRequestEvent", {"pull_request": {"title": "whole, as GHES sends it"}}, ""),
        ("PullRequestReviewEvent", {"pull_request": {"number": 1}}, ""),
        ("PublicEvent", {}, "repository_made_public"),
        ("TeleportEvent", {}, "unknown_event"),
        ("WatchEvent", {}, ""),
    ],
)
def test_what_is_not_read_has_a_reason(kind: str, payload: dict[str, Any], reason: str) -> None:
    parsed = github_event.parse(event(kind, 1, payload, at=AT))
    assert parsed is not None
    assert github_event.unread(parsed) == reason


def test_equal_ids_of_two_types_are_two_events() -> None:
    keys = {github_event.parse(event(kind, 7, {}, at=AT)).key for kind in ("WatchEvent", "ForkEvent")}  # type: ignore[union-attr]
    assert len(keys) == 2


@pytest.mark.parametrize(
    "name", ["", "demo", "a/b/c", "../x", "octo/..", "o cto/demo", "octo/demo?x=1", None, 5]
)
def test_a_repository_that_cannot_be_one_is_no_event(name: Any) -> None:
    assert github_event.parse({**event("WatchEvent", 1, {}, at=AT), "repo": {"name": name}}) is None


def test_a_foreign_link_is_not_taken_over() -> None:
    (document,) = texts(
        event("CommitCommentEvent", 1, {"comment": {"body": "a", "html_url": "https://evil.example/"}}, at=AT)
    )
    assert document.provenance.url == "https://github.com/octo/demo"


HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["comment", "issue", "body", "title", "pages", "user", "login", "head", "before", "release"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)
KINDS = st.sampled_from([*github_event._TEXTS, "GollumEvent", "PushEvent", "PublicEvent", "New"])


@settings(max_examples=200)
@given(KINDS, HOSTILE, HOSTILE)
def test_no_payload_upsets_the_parser(kind: str, payload: Any, actor: Any) -> None:
    raw = {**event(kind, 1, {}, at=AT), "payload": payload, "actor": actor}
    parsed = github_event.parse(orjson.loads(orjson.dumps(raw, option=orjson.OPT_NON_STR_KEYS)))
    assert parsed is not None
    for document in github_event.documents(parsed, source="s", forge="github.com", now=1.0):
        document.message()
    github_event.unread(parsed)
    Push.of(parsed)
    github_event.parse(payload)


@pytest.mark.skipif(not PAYLOADS.is_dir(), reason="no recorded payloads here")
def test_recorded_payloads_are_read() -> None:
    def load(name: str) -> dict[str, Any]:
        return orjson.loads((PAYLOADS / "github" / f"event-{name}.json").read_bytes())  # type: ignore[no-any-return]

    comment, issue = texts(load("IssueCommentEvent"))
    assert comment.content == b"Test"
    assert comment.provenance.path.startswith("issues/")
    assert issue.content
    (release,) = texts(load("ReleaseEvent"))
    assert release.content.startswith(b"Last-CI-build\n\nLast updated")
    assert release.provenance.path == "releases/tag/Last-CI-build"
    (created,) = texts(load("CreateEvent"))
    assert created.content == b"Your friendly URL vetting service"
    pushed = github_event.parse(load("PushEvent-trimmed"))
    assert pushed is not None
    push = Push.of(pushed)
    assert push is not None
    assert len(push.before) == len(push.head) == 40
    assert push.ref == "refs/heads/master"
