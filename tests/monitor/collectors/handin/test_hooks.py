from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.collectors.handin.hooks import read_github, read_gitlab
from monitor.collectors.handin.push import read_github as read_push

PAYLOADS = Path(__file__).parents[5] / "shared" / "payloads"
BY = {"source": "ingest", "now": 5.0}
REPOSITORY = {
    "full_name": "acme/code",
    "html_url": "https://github.com/acme/code",
    "clone_url": "https://github.com/acme/code.git",
}


def texts(event, forge="github.com", **payload):
    found = read_github(
        event, {"repository": REPOSITORY, "sender": {"login": "ann"}, **payload}, forge=forge, **BY
    )
    return None if found is None else sorted(d.content.decode() for d in found.documents)


@pytest.mark.parametrize(
    ("event", "payload", "found"),
    [
        ("issues", {"issue": {"title": "t", "body": "b"}}, ["t\n\nb"]),
        ("issue_comment", {"comment": {"body": "c"}, "issue": {"title": "t", "body": None}}, ["c", "t"]),
        ("pull_request", {"pull_request": {"title": "t", "body": "b"}}, ["t\n\nb"]),
        ("pull_request_review", {"review": {"body": "r"}, "pull_request": {"title": "t"}}, ["r", "t"]),
        ("pull_request_review_comment", {"comment": {"body": "c", "diff_hunk": "@@"}}, ["c\n\n@@"]),
        ("commit_comment", {"comment": {"body": "c"}}, ["c"]),
        ("release", {"release": {"name": "n", "body": "b"}}, ["n\n\nb"]),
        ("discussion", {"discussion": {"title": "t", "body": "b"}}, ["t\n\nb"]),
        ("discussion_comment", {"comment": {"body": "c"}, "discussion": {"title": "t"}}, ["c", "t"]),
        ("gollum", {"pages": [{"page_name": "p", "title": "p", "summary": "s"}]}, ["p\n\np\n\ns"]),
        ("pull_request_comment", {"comment": {"body": "c"}}, ["c"]),
        ("ping", {"zen": "z"}, None),
        ("star", {}, None),
        ("repository", {"action": "created"}, None),
    ],
)
def test_texts_of_github_and_gitea(event, payload, found):
    assert texts(event, **payload) == found


def test_an_edit_also_tells_what_stood_there_before():
    issue = {"title": "t", "body": "nothing here", "html_url": "https://github.com/acme/code/issues/1"}
    changes = {"body": {"from": "KEY=1"}}
    assert texts("issues", action="edited", issue=issue, changes=changes) == ["KEY=1", "t\n\nnothing here"]
    found = read_github(
        "issues", {"repository": REPOSITORY, "issue": issue, "changes": changes}, forge="x", **BY
    )
    assert {d.provenance.url for d in found.documents} == {issue["html_url"]}
    assert len({d.id for d in found.documents}) == 2


@pytest.mark.parametrize(("event", "action"), [("public", None), ("repository", "publicized")])
def test_a_repository_made_public_is_read_whole(event, action):
    found = read_github(event, {"repository": REPOSITORY, "action": action}, forge="github.com", **BY)
    (request,) = found.requests
    assert (request.kind, request.source, request.target) == (
        "sweep",
        "git",
        "https://github.com/acme/code.git",
    )
    local = {**REPOSITORY, "clone_url": "file:///etc"}
    assert read_github(event, {"repository": local, "action": action}, forge="github.com", **BY).refused


def test_the_forge_is_the_payloads_or_the_hooks():
    own = {"full_name": "a/b", "html_url": "https://git.acme.test/a/b"}
    found = read_github("issues", {"repository": own, "issue": {"title": "t"}}, forge="hook", **BY)
    assert found.documents[0].provenance.forge == "git.acme.test"
    found = read_github(
        "issues", {"repository": {"full_name": "a/b"}, "issue": {"title": "t"}}, forge="hook", **BY
    )
    assert found.documents[0].provenance.forge == "hook"


PROJECT = {"path_with_namespace": "acme/team/code", "web_url": "https://git.acme.test/acme/team/code"}


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        ({"object_kind": "issue", "object_attributes": {"title": "t", "description": "d"}}, ["t\n\nd"]),
        ({"object_kind": "merge_request", "object_attributes": {"title": "t", "description": None}}, ["t"]),
        (
            {"object_kind": "note", "object_attributes": {"note": "n"}, "snippet": {"content": "c"}},
            ["n", "c"],
        ),
        ({"object_kind": "wiki_page", "object_attributes": {"title": "t", "content": "c"}}, ["t\n\nc"]),
        ({"object_kind": "release", "name": "n", "description": "d"}, ["n\n\nd"]),
        ({"object_kind": "pipeline", "object_attributes": {"title": "t"}}, None),
        ({}, None),
    ],
)
def test_texts_of_gitlab(payload, found):
    read = read_gitlab({"project": PROJECT, "user": {"username": "ann"}, **payload}, **BY)
    assert (None if read is None else [d.content.decode() for d in read.documents]) == found
    for document in read.documents if read else ():
        where = document.provenance
        assert (where.forge, where.repository, where.owner, where.author) == (
            "git.acme.test",
            "acme/team/code",
            "acme/team",
            "ann",
        )


@pytest.mark.skipif(not PAYLOADS.is_dir(), reason="the published payloads are not on this machine")
def test_published_payloads():
    def load(name):
        return orjson.loads((PAYLOADS / name).read_bytes())

    comment = read_github(
        "issue_comment", load("github-webhooks/issue_comment-created.json"), forge="x", **BY
    )
    assert len(comment.documents) == 2
    assert comment.documents[0].provenance.forge == "github.com"
    for event, name in (("public", "public"), ("repository", "repository-publicized")):
        found = read_github(event, load(f"github-webhooks/{name}.json"), forge="x", **BY)
        assert [r.target for r in found.requests] == ["https://github.com/Codertocat/Hello-World.git"]
    for event in ("ping", "secret_scanning_alert"):
        name = {"secret_scanning_alert": "secret_scanning_alert-reopened"}.get(event, event)
        assert read_github(event, load(f"github-webhooks/{name}.json"), forge="x", **BY) is None
    note = read_gitlab(load("gitlab/webhook-note-snippet.json"), **BY)
    assert len(note.documents) == 2
    assert read_gitlab(load("gitlab/systemhook-project_create.json"), **BY) is None
    pushed = read_push(load("gitea/webhook-push.json"), forge="x", **BY)
    assert [d.content for d in pushed.documents] == [b"Updated readme\n"]
    assert pushed.documents[0].provenance.forge == "try.gitea.io"
    assert pushed.refused  # its clone URL is no https


KEYS = [
    "repository",
    "full_name",
    "issue",
    "comment",
    "title",
    "body",
    "changes",
    "from",
    "object_attributes",
    "project",
    "pages",
    "note",
    "snippet",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=15,
)


@settings(max_examples=150)
@given(
    st.dictionaries(st.sampled_from(KEYS), JSON),
    st.sampled_from(["issues", "issue_comment", "gollum", "public", "release"]),
)
def test_any_object_is_read_without_an_error(payload, event):
    for found in (
        read_github(event, {"repository": REPOSITORY} | payload, forge="x", **BY),
        read_gitlab({"object_kind": "note"} | payload, **BY),
    ):
        for document in found.documents if found else ():
            document.message()
