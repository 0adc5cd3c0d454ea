"""Events of GitHub's public feeds: what they are, and the text that they carry themselves.

Since October 2025 a PushEvent names only commits (see push.py), and pull requests are stubs without title and body. Event
ids are not monotonic and each type counts for itself: an event's key is type and id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from monitor.collectors.github.api import encode, repository_name
from monitor.collectors.shapes import instant, items, obj, text
from monitor.contracts import Document, Provenance
from monitor.identity import blob_sha

PUSH: Final = "PushEvent"
PUBLIC: Final = "PublicEvent"
# type -> the objects of its payload that carry text, and the fields of each that a person filled in
_TEXTS: Final[dict[str, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "CommitCommentEvent": (("comment", ("body",)),),
    "CreateEvent": (("", ("description",)),),
    "DiscussionEvent": (("discussion", ("title", "body")),),
    "DiscussionCommentEvent": (("comment", ("body",)), ("discussion", ("title", "body"))),
    "ForkEvent": (("forkee", ("description",)),),
    "IssueCommentEvent": (("comment", ("body",)), ("issue", ("title", "body"))),
    "IssuesEvent": (("issue", ("title", "body")),),
    "PullRequestEvent": (("pull_request", ("title", "body")),),
    "PullRequestReviewCommentEvent": (
        ("comment", ("body", "diff_hunk")),
        ("pull_request", ("title", "body")),
    ),
    "PullRequestReviewEvent": (("review", ("body",)), ("pull_request", ("title", "body"))),
    "ReleaseEvent": (("release", ("name", "body")),),
}
# types known to carry no text
_SILENT: Final = frozenset({"DeleteEvent", "MemberEvent", "SponsorshipEvent", "WatchEvent"})


@dataclass(frozen=True, slots=True)
class Event:
    """One event, its payload as it came."""

    type: str
    id: str
    repository: str
    actor: str
    created_at: float | None
    payload: dict[str, Any] = field(repr=False)

    @property
    def key(self) -> bytes:
        """16 bytes that name the event for the seen set."""
        return hashlib.blake2b(f"{self.type}\0{self.id}".encode(), digest_size=16).digest()


def parse(raw: object) -> Event | None:
    """None when it is not an event: no id, no type, or a repository that cannot be one."""
    kind, number = text(raw, "type"), text(raw, "id")
    repository = repository_name(obj(raw, "repo").get("name"))
    if not kind or not number or not repository:
        return None
    return Event(
        kind, number, repository, text(raw, "actor", "login"), instant(raw, "created_at"), obj(raw, "payload")
    )


def unread(event: Event) -> str:
    """Why an event that is no push is not read whole, "" when it is: its text is not in the feed, or we do not know it."""
    if event.type == PUBLIC:
        return "repository_made_public"
    if event.type.startswith("PullRequest") and not text(event.payload, "pull_request", "title"):
        # a review or comment has its own text here; only the pull request's own words are missing
        return "pull_request_stub" if event.type == "PullRequestEvent" else ""
    known = event.type in _TEXTS or event.type in _SILENT or event.type in (PUSH, "GollumEvent")
    return "" if known else "unknown_event"


def documents(event: Event, *, source: str, forge: str, now: float) -> Iterator[Document]:
    """The texts of one event that is no push. A text that comes again (an issue under each comment) has the same id."""
    for raw, names in _parts(event):
        content = encode("\n\n".join(filter(None, (text(raw, name) for name in names))))
        if not content.strip():
            continue
        url = text(raw, "html_url")
        if not url.startswith(f"https://{forge}/"):
            url = f"https://{forge}/{event.repository}"
        sha = blob_sha(content)
        path = url.removeprefix(f"https://{forge}/{event.repository}").strip("/")
        yield Document(
            source=source,
            id=f"{event.repository}/{path}@{sha}",
            content=content,
            fetched_at=now,
            published_at=event.created_at,
            blob_sha=sha,
            media_type="text/markdown",
            provenance=Provenance(
                forge=forge,
                repository=event.repository,
                owner=event.repository.partition("/")[0],
                url=url,
                path=path,
                title=text(raw, "title") or text(raw, "name"),
                author=text(raw, "user", "login") or text(raw, "author", "login") or event.actor,
            ),
        )


def _parts(event: Event) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    if event.type == "GollumEvent":
        for page in items(event.payload.get("pages")):
            yield obj(page), ("page_name", "title", "summary")
    for name, fields in _TEXTS.get(event.type, ()):
        yield (obj(event.payload, name) if name else event.payload), fields
