"""What a Gitea or Forgejo server lists: repositories by their last change, and the feeds of what is watched. Shapes only, no I/O.

Both become a `Target`: a repository whose commits are to be read. A feed also carries text of its own (comments, titles).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, Final, Self

from monitor.collectors.gitea.api import commit_id, repository_name
from monitor.collectors.gitea.commits import Commit, parse_pushed, pushed
from monitor.collectors.shapes import instant, integer, items, obj, text

_PUSHES: Final = frozenset({"commit_repo", "mirror_sync_push", "push_tag", "mirror_sync_create"})
_COMPARE: Final = re.compile(r"compare/([0-9a-f]{40,64})\.\.\.")
_TRIES: Final = 5  # without any progress, the last one a quarter of an hour after the first
_PAUSE: Final = 55.0  # seconds; a little less than between two polls
_NEW: Final = (
    24 * 3600.0
)  # a repository younger than this at its change had no history before we could see it


class Rank(IntEnum):
    """What is read first."""

    WATCHED = 0
    PLAIN = 1
    COPY = 2  # a fork or a mirror: most of it is known from elsewhere


@dataclass(frozen=True, slots=True)
class Target:
    """One state of a repository, or one push. `feed` is where it was listed, `head` "" the default branch's.

    `count` is how many commits the feed says were pushed; `commits` those it named.
    """

    key: bytes
    feed: str
    repository: str
    published_at: float
    rank: Rank = Rank.PLAIN
    fresh: bool = False
    ref: str = ""
    head: str = ""
    base: str = ""
    count: int | None = None
    commits: tuple[Commit, ...] = ()
    actor: str = ""
    tries: int = 0
    not_before: float = 0.0

    @property
    def order(self) -> tuple[int, float]:
        """Sorts what comes first to the front."""
        return self.rank, -self.published_at

    @property
    def last_try(self) -> bool:
        """Whether it is given up when it fails once more."""
        return self.tries + 1 >= _TRIES

    def again(self, now: float, *, progress: bool) -> Self:
        """The same after one more try that failed, in vain or after some progress: to be looked at later and later."""
        tries = 0 if progress else self.tries + 1
        return replace(self, tries=tries, not_before=now + _PAUSE * 2 ** max(0, tries - 1))


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of a listing. `target` is None where no commits are to be read, and `reason` says why when it has no text."""

    key: bytes
    repository: str
    published_at: float
    target: Target | None = None
    texts: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # name, content
    actor: str = ""
    reason: str = ""


def digest(*parts: str) -> bytes:
    """16 bytes that name what the parts name together."""
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=16).digest()


def repository(raw: object, *, watched: bool) -> Listed | None:
    """An entry of `/repos/search`; None when it is none. Its key changes whenever the server says that it was changed."""
    name = repository_name(obj(raw).get("full_name"))
    updated = instant(raw, "updated_at")
    if not name or updated is None:
        return None
    key = digest("state", name.lower(), text(raw, "updated_at"))
    entry = obj(raw)
    if entry.get("private") is True or entry.get("internal") is True:
        return Listed(key, name, updated, reason="private")
    if entry.get("empty") is True:
        return Listed(key, name, updated, reason="empty_repository")
    created = instant(raw, "created_at")
    copy = entry.get("fork") is True or entry.get("mirror") is True
    rank = Rank.WATCHED if watched else Rank.COPY if copy else Rank.PLAIN
    fresh = created is not None and updated - created < _NEW and not copy
    return Listed(key, name, updated, Target(key, "", name, updated, rank, fresh))


def activity(raw: object, feed: str) -> Listed | None:
    """An entry of a feed; None when it is none."""
    entry, number = obj(raw), integer(raw, "id")
    name, created = repository_name(obj(raw, "repo").get("full_name")), instant(raw, "created")
    if number is None or not name or created is None:
        return None
    key, actor = digest("activity", str(number)), text(raw, "act_user", "login")
    if entry.get("is_private") is True or obj(raw, "repo").get("private") is True:
        return Listed(key, name, created, actor=actor, reason="private")
    push = pushed(entry.get("content"))
    if text(raw, "op_type") in _PUSHES:
        target = _push(raw, push, Target(key, feed, name, created, Rank.WATCHED, actor=actor))
        return Listed(key, name, created, target, actor=actor, reason="" if target else "no_commits")
    found = {"title": "" if push else _title(raw), "comment": text(raw, "comment", "body")}
    texts = tuple(
        (f"activity/{number}#{kind}", content) for kind, content in found.items() if content.strip()
    )
    return Listed(key, name, created, None, texts, actor, "" if texts else "no_text")


def _push(raw: object, push: dict[str, Any], target: Target) -> Target | None:
    commits = tuple(c for c in map(parse_pushed, items(push.get("Commits"))) if c is not None)
    head = commit_id(obj(push, "HeadCommit").get("Sha1")) or (commits[0].sha if commits else "")
    if not head:
        return None
    base = _COMPARE.search(text(push, "CompareURL"))
    count = integer(push, "Len")
    return replace(
        target,
        ref=text(raw, "ref_name"),
        head=head,
        base=commit_id(base[1]) if base and base[1].strip("0") else "",
        # 0 is what a pushed tag says, whatever it brought along
        count=count if count is not None and 0 < count < 1_000_000 else None,
        commits=commits,
    )


def _title(raw: object) -> str:
    """Of an issue, pull request or release: `12|The title`, or the title alone."""
    number, bar, title = text(raw, "content").partition("|")
    return title if bar and number.isdigit() else text(raw, "content")
