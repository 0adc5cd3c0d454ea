"""Webhooks other than pushes: the texts that people wrote, and repositories that became public. Pure.

GitHub's and Gitea's payloads hold whole issues, comments, pull requests, releases and discussions; an `edited` one also says what stood
there before. GitLab's have them in `object_attributes`. A repository made public is asked to be read whole. Formats: docs.github.com
webhook events, docs.gitlab.com webhook events, docs.gitea.com webhooks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from monitor.collectors.github import event as github_event
from monitor.collectors.github.api import repository_name
from monitor.collectors.handin.push import Push, host_of, sweep
from monitor.collectors.shapes import instant, obj, text
from monitor.contracts import Document, Provenance
from monitor.identity import blob_sha

# webhook event -> the event of the public feed that has the same objects, and the object that it is about
_KINDS: Final = {
    "commit_comment": ("CommitCommentEvent", "comment"),
    "create": ("CreateEvent", ""),
    "discussion": ("DiscussionEvent", "discussion"),
    "discussion_comment": ("DiscussionCommentEvent", "comment"),
    "fork": ("ForkEvent", "forkee"),
    "gollum": ("GollumEvent", ""),
    "issue_comment": ("IssueCommentEvent", "comment"),
    "issues": ("IssuesEvent", "issue"),
    "pull_request": ("PullRequestEvent", "pull_request"),
    "pull_request_comment": ("IssueCommentEvent", "comment"),  # Gitea's name
    "pull_request_review": ("PullRequestReviewEvent", "review"),
    "pull_request_review_comment": ("PullRequestReviewCommentEvent", "comment"),
    "release": ("ReleaseEvent", "release"),
}
# object_kind -> fields of object_attributes that a person filled in
_GITLAB: Final = {
    "issue": ("title", "description"),
    "merge_request": ("title", "description"),
    "note": ("note",),
    "wiki_page": ("title", "content", "message"),
    "work_item": ("title", "description"),
}
_EDITABLE: Final = ("title", "name", "body")


def read_github(
    event: str, payload: Mapping[str, Any], *, forge: str, source: str, now: float
) -> Push | None:
    """Of GitHub, Gitea and Forgejo. `forge` is the host where the payload names none. None = nothing of it is taken."""
    repository = obj(payload, "repository")
    name = repository_name(repository.get("full_name"))
    if not name:
        return None
    if event == "public" or (event == "repository" and payload.get("action") == "publicized"):
        request = sweep(text(repository, "clone_url"), now, "made_public")
        return Push(requests=(request,)) if request else Push(refused=True)
    if event not in _KINDS:
        return None
    kind, subject = _KINDS[event]
    host = host_of(text(repository, "html_url"), forge)
    found: list[Document] = []
    for version in (dict(payload), _before(payload, subject)):
        about = obj(version, subject) if subject else {}
        when = instant(about, "updated_at") or instant(about, "created_at") or now
        happened = github_event.Event(kind, "", name, text(payload, "sender", "login"), when, version)
        found += github_event.documents(happened, source=source, forge=host, now=now)
    return Push(tuple({document.id: document for document in found}.values()))


def read_gitlab(payload: Mapping[str, Any], *, source: str, now: float) -> Push | None:
    """None = nothing of it is taken."""
    kind = text(payload, "object_kind")
    name = text(payload, "project", "path_with_namespace")
    if kind == "release":
        return Push(tuple(_texts(payload, payload, ("name", "description"), name, source=source, now=now)))
    if kind not in _GITLAB:
        return None
    found = [*_texts(payload, obj(payload, "object_attributes"), _GITLAB[kind], name, source=source, now=now)]
    snippet = obj(payload, "snippet")  # that a note is about
    found += _texts(payload, snippet, ("title", "content"), name, source=source, now=now)
    return Push(tuple(found))


def _before(payload: Mapping[str, Any], subject: str) -> dict[str, Any]:
    """The payload as it would have been before an edit: only the former texts are in it."""
    former = {field: text(payload, "changes", field, "from") for field in _EDITABLE}
    return {subject: {**obj(payload, subject), **former}} if subject and any(former.values()) else {}


def _texts(
    payload: Mapping[str, Any],
    raw: Mapping[str, Any],
    fields: tuple[str, ...],
    name: str,
    *,
    source: str,
    now: float,
) -> Iterator[Document]:
    content = "\n\n".join(filter(None, (text(raw, field) for field in fields))).encode(
        "utf-8", "surrogatepass"
    )
    if not content.strip():
        return
    sha = blob_sha(content)
    url = text(raw, "url")
    web = text(payload, "project", "web_url")
    forge = host_of(web, "gitlab.com")
    yield Document(
        source=source,
        id=f"{forge}:{name}:{text(payload, 'object_kind')}:{text(raw, 'id')}@{sha}",
        content=content,
        fetched_at=now,
        published_at=instant(raw, "updated_at") or instant(raw, "created_at"),
        blob_sha=sha,
        media_type="text/markdown",
        provenance=Provenance(
            forge=forge,
            repository=name,
            owner=name.rpartition("/")[0] or text(payload, "user", "username"),
            url=url if url.startswith(("https://", "http://")) else web,
            title=text(raw, "title") or text(raw, "name"),
            author=text(payload, "user", "username"),
        ),
    )
