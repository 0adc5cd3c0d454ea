"""Push webhooks of GitHub, GitLab, Gitea and Forgejo: their texts as documents, and what git has to fetch as a request. Pure.

A payload has the commits' messages and no content, and not all commits (GitHub up to 2,048, GitLab 20). The files are read by the
source `git`, which is asked to sweep the repository. Formats: docs.github.com webhook events, docs.gitlab.com webhook events,
docs.gitea.com webhooks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from monitor.collectors.shapes import instant, items, obj, text
from monitor.contracts import Document, Provenance, Request
from monitor.identity import blob_sha

_NO_COMMIT: Final = "0" * 40


@dataclass(frozen=True, slots=True)
class Push:
    """What a push means for us; `refused` = the clone URL is of a kind that git will not be asked to fetch."""

    documents: tuple[Document, ...] = ()
    requests: tuple[Request, ...] = ()
    refused: bool = False


@dataclass(frozen=True, slots=True)
class _Repository:
    forge: str
    name: str
    owner: str
    clone_url: str


def read_github(payload: Mapping[str, Any], *, source: str, now: float, forge: str = "github.com") -> Push:
    """The payload of a `push` event of GitHub, Gitea or Forgejo. `forge` is the host where it names none."""
    repository = obj(payload, "repository")
    name = text(repository, "full_name")
    where = _Repository(
        forge=host_of(text(repository, "html_url"), forge),
        name=name,
        owner=text(repository, "owner", "login") or name.partition("/")[0],
        clone_url=text(repository, "clone_url"),
    )
    return _push(payload, where, source=source, now=now)


def read_gitlab(payload: Mapping[str, Any], *, source: str, now: float) -> Push:
    """The payload of a `push` or `tag_push` event."""
    project = obj(payload, "project")
    name = text(project, "path_with_namespace")
    where = _Repository(
        forge=host_of(text(project, "web_url"), "gitlab.com"),
        name=name,
        owner=name.rpartition("/")[0],
        clone_url=text(project, "git_http_url"),
    )
    return _push(payload, where, source=source, now=now)


def delivery_key(kind: str, identifier: str, body: bytes) -> bytes:
    """16 bytes that are the same for a repeated delivery: by its id, else by its body."""
    named = identifier.encode("utf-8", "surrogateescape") or hashlib.sha256(body).digest()
    return hashlib.blake2b(kind.encode() + b"\0" + named, digest_size=16).digest()


def _push(payload: Mapping[str, Any], where: _Repository, *, source: str, now: float) -> Push:
    if text(payload, "after") in ("", _NO_COMMIT):  # a branch or tag was deleted
        return Push()
    ref = text(payload, "ref")
    documents = tuple(
        document
        for commit in items(payload.get("commits"))
        for document in _texts(commit, where, ref, source=source, now=now)
    )
    request = sweep(where.clone_url, now, "push")
    return Push(documents, (request,)) if request else Push(documents, refused=True)


def sweep(clone_url: str, now: float, reason: str) -> Request | None:
    """None for a URL that git is not asked to fetch."""
    if not clone_url.startswith("https://") or "@" in clone_url:  # a request holds no credential
        return None
    return Request(kind="sweep", source="git", target=clone_url, requested_at=now, reason=reason)


def _texts(commit: object, where: _Repository, ref: str, *, source: str, now: float) -> Iterator[Document]:
    """The message, and the title where it is not the message's beginning."""
    sha, message, title = text(commit, "id"), text(commit, "message"), text(commit, "title")
    place = Provenance(
        forge=where.forge,
        repository=where.name,
        owner=where.owner,
        url=text(commit, "url"),
        commit=sha,
        ref=ref,
        title=title,
        author=text(commit, "author", "name"),
        author_email=text(commit, "author", "email"),
    )
    texts = {"message": message, "title": "" if message.startswith(title) else title}
    for kind, words in texts.items():
        content = words.encode("utf-8", "surrogatepass")
        if sha and content:
            yield Document(
                source=source,
                id=f"{where.forge}:{where.name}:{sha}:{kind}",
                content=content,
                fetched_at=now,
                published_at=instant(commit, "timestamp"),
                history=True,  # when it was committed says nothing about when it was pushed
                blob_sha=blob_sha(content),
                media_type="text/plain",
                provenance=place,
            )


def host_of(url: str, default: str) -> str:
    """The forge that a page is on."""
    try:
        return urlsplit(url).hostname or default
    except ValueError:
        return default
