"""A push, resolved to the lines it published.

The feed names only `before` and `head`. `compare` shows the difference from their merge base to `head`, which hides three
things: what was added and removed in between (so commits are read one by one where there are several), what a force push took
away (so the old head is compared the other way round: it stays readable), and anything beyond 250 commits or 300 files. A new
branch has no `before`; a `before` that is gone leaves the list of commits. What is not read is counted with its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Self
from urllib.parse import quote

from monitor.collectors.base import SourceContext
from monitor.collectors.github.api import (
    FILES_PER_COMPARE,
    GitHub,
    author,
    commit_id,
    encode,
    repository_name,
)
from monitor.collectors.github.event import Event
from monitor.collectors.github.known_commits import KnownCommits
from monitor.collectors.shapes import integer, items, text
from monitor.collectors.upstream import Refused
from monitor.collectors.worth import no_text
from monitor.contracts import Document, Provenance
from monitor.identity import blob_sha
from monitor.log import mask
from monitor.watching import Watching

PerCommit = Literal["auto", "always", "never"]
_NEXT_WAY: Final = frozenset({404, 406, 422})  # `compare` cannot, the commits themselves may
_MOST_COMMITS: Final = 1_000_000  # no count above this is believed
_REASONS: Final = {
    403: "forbidden",
    404: "gone",
    406: "diff_too_large",
    409: "empty_repository",
    422: "unprocessable",
    451: "legal",
}


@dataclass(frozen=True, slots=True)
class Push:
    """What the feed says of a push. `before` is "" for a new branch."""

    repository: str
    ref: str
    before: str
    head: str
    actor: str = ""
    published_at: float | None = None
    tries: int = 0

    @classmethod
    def of(cls, event: Event) -> Self | None:
        """None when the event does not name a head."""
        head, before = commit_id(event.payload.get("head")), commit_id(event.payload.get("before"))
        if not head or not head.strip("0"):
            return None
        before = before if before.strip("0") else ""
        return cls(event.repository, text(event.payload, "ref"), before, head, event.actor, event.created_at)

    def again(self) -> Self:
        """The same push after one more try in vain."""
        return replace(self, tries=self.tries + 1)

    def plain(self) -> list[Any]:
        """To be kept over a restart. People write secrets into names, too: what looks like one is left out, but for the
        repository's name, without which nothing can be asked for.
        """
        ref, actor = ("" if mask(name) != name else name for name in (self.ref, self.actor))
        return [self.repository, ref, self.before, self.head, actor, self.published_at, self.tries]

    @classmethod
    def revive(cls, plain: object) -> Self | None:
        """The reverse of `plain`; None for what cannot be one."""
        match plain:
            case [str(name), str(ref), str(before), str(head), str(actor), published, int(tries)]:
                when = float(published) if isinstance(published, int | float) else None
                valid = repository_name(name) and commit_id(head) and before in ("", commit_id(before))
                return cls(name, ref, before, head, actor, when, tries) if valid else None
            case _:
                return None


@dataclass(frozen=True, slots=True)
class Limits:
    """How far one push is followed."""

    per_commit: PerCommit = "auto"
    max_commits: int = 10
    max_blobs: int = 10


@dataclass(slots=True)
class Resolved:
    """A push's documents, and what was left out of it by reason."""

    documents: list[Document] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def skip_reason(error: Refused) -> str:
    """A word of a closed set for a push that GitHub will not show."""
    return _REASONS.get(error.status, "refused") if error.status else error.reason


class PushResolver:
    """For one source. Safe for concurrent calls."""

    def __init__(self, github: GitHub, source: str, limits: Limits, watch: Watching | None = None) -> None:
        self._github = github
        self._source = source
        self._limits = limits
        self._watch = watch or Watching()
        self._read = KnownCommits()

    async def resolve(self, context: SourceContext, push: Push) -> Resolved:
        """Raises Limited, Unavailable, Refused (see `skip_reason`), Stopping; then nothing of it counts."""
        ours = self._watch.is_watched(self._github.forge, push.repository)
        # what is ours is read whole, whoever had it before
        read = KnownCommits() if ours else self._read
        work = _Work(self._github, self._source, self._limits, context, push, read, ours=ours)
        try:
            base = push.before or await self._default_branch(context, push)
            comparison = (
                await self._github.compare(context, push.repository, base, push.head) if base else None
            )
        except Refused as error:
            if error.status not in _NEXT_WAY and error.reason != "too_large":
                raise
            comparison = None
        if comparison is None:
            await work.walk()
            return work.result
        await work.comparison(comparison, push.head)
        if push.before and text(comparison, "status") in ("diverged", "behind"):
            try:
                taken = await self._github.compare(context, push.repository, push.head, push.before)
            except Refused:
                work.result.skipped["old_head_gone"] += 1
            else:
                await work.comparison(taken, push.before)
        return work.result

    async def _default_branch(self, context: SourceContext, push: Push) -> str:
        """What a new branch is compared with; "" when it is the default branch itself, or may be."""
        if not push.ref:
            return ""
        branch = text(await self._github.repository(context, push.repository), "default_branch")
        return "" if push.ref == f"refs/heads/{branch}" else branch


class _Work:
    """One push being resolved."""

    def __init__(
        self,
        github: GitHub,
        source: str,
        limits: Limits,
        context: SourceContext,
        push: Push,
        read: KnownCommits,
        *,
        ours: bool,
    ) -> None:
        self.result = Resolved()
        self._read = read
        self._ours = ours
        self._github = github
        self._source = source
        self._limits = limits
        self._context = context
        self._push = push
        self._blobs = limits.max_blobs
        self._ids: set[str] = set()

    async def comparison(self, body: Mapping[str, Any], head: str) -> None:
        commits = [c for c in items(body.get("commits")) if commit_id(text(c, "sha"))]
        files = items(body.get("files"))
        total = min(max(integer(body, "total_commits") or 0, len(commits)), _MOST_COMMITS)
        for commit in commits:
            self._message(commit)
        one_by_one = self._limits.per_commit == "always" or (
            self._limits.per_commit == "auto" and (total > 1 or len(files) >= FILES_PER_COMPARE)
        )
        if one_by_one:
            merges = sum(_is_merge(commit) for commit in commits)
            beyond = total - merges - await self._commits(commits)
            if not merges and not beyond:
                return
            self._skip("commit_over_limit", beyond)
        # the whole difference shows what merges changed by hand, and what is left of the commits beyond the limit
        if len(files) >= FILES_PER_COMPARE:
            self.result.skipped["files_over_limit"] += 1
        newest = commits[-1] if commits else {}
        await self._files(files, head, newest)

    async def walk(self) -> None:
        """Without a usable comparison: the newest commits of the branch."""
        name = self._push.repository
        commits, _ = await self._github.page(
            self._context, f"/repos/{name}/commits", f"&sha={self._push.head}"
        )
        commits = [c for c in commits if commit_id(text(c, "sha"))]
        for commit in commits[: self._limits.max_commits]:
            self._message(commit)
        # listed newest first, the other way round than a comparison; how many are new nobody says
        beyond = len(commits) - sum(map(_is_merge, commits)) - await self._commits(commits[::-1])
        self._skip("commit_over_limit", beyond)

    async def _commits(self, commits: list[Any]) -> int:
        """Read the newest of `commits` (oldest first) one by one; how many were dealt with."""
        single = [c for c in commits if not _is_merge(c)][-self._limits.max_commits :]
        for commit in single:
            sha = text(commit, "sha")
            if (known := self._read.files(sha)) is not None:
                for path, blob in known:
                    self._add(f"{sha}:{path}", b"", "", blob, sha, path, commit)
                continue
            try:
                body = await self._github.commit(self._context, self._push.repository, sha)
            except Refused as error:
                self.result.skipped[skip_reason(error)] += 1
                continue
            left = self.result.skipped.total()
            files = items(body.get("files"))
            await self._files(files, sha, body)
            if self.result.skipped.total() == left:
                self._read.remember(sha, files)
        return len(single)

    async def _files(self, files: Iterable[Any], sha: str, commit: object) -> None:
        for entry in files:
            path = text(entry, "filename") or text(entry, "path")
            blob = commit_id(text(entry, "sha"))
            patch = text(entry, "patch")
            if not path:
                self.result.skipped["bad_shape"] += 1
            elif patch:
                self._add(f"{sha}:{path}", encode(patch), "text/x-diff", blob, sha, path, commit)
            elif integer(entry, "changes") == 0:
                # a moved file has no new text; a binary one has a size but no lines
                moved = text(entry, "status") in ("renamed", "copied", "unchanged")
                self.result.skipped["moved" if moved else "binary"] += 1
            else:
                await self._blob(blob, sha, path, commit)

    async def _blob(self, blob: str, sha: str, path: str, commit: object) -> None:
        """A file whose diff was too large to come along."""
        if reason := no_text(path):
            self.result.skipped[reason] += 1
            return
        if blob and not self._ours and not await self._context.unknown([blob]):
            self._add(f"{sha}:{path}", b"", "", blob, sha, path, commit)
            return
        if not blob or self._blobs <= 0:
            self.result.skipped["file_over_limit" if blob else "bad_shape"] += 1
            return
        self._blobs -= 1
        try:
            content = await self._github.blob(self._context, self._push.repository, blob)
        except Refused as error:
            self.result.skipped[skip_reason(error)] += 1
            return
        self._add(f"{sha}:{path}", content, "", blob, sha, path, commit)

    def _skip(self, reason: str, count: int) -> None:
        if count > 0:
            self.result.skipped[reason] += count

    def _message(self, commit: Any) -> None:
        message = encode(text(commit, "commit", "message"))
        if message.strip():
            sha = text(commit, "sha")
            self._add(f"{sha}#message", message, "text/plain", blob_sha(message), sha, "", commit)

    def _add(
        self, name: str, content: bytes, media_type: str, blob: str, sha: str, path: str, commit: object
    ) -> None:
        """Without content: it is known, and stands here as well."""
        if name in self._ids or not (content or blob):
            return
        self._ids.add(name)
        push = self._push
        who, email = author(commit)
        place = f"blob/{sha}/{quote(path)}" if path else f"commit/{sha}"
        self.result.documents.append(
            Document(
                source=self._source,
                id=f"{push.repository}@{name}",
                content=content,
                known=not content,
                fetched_at=self._context.now(),
                published_at=push.published_at,
                blob_sha=blob,
                media_type=media_type,
                provenance=Provenance(
                    forge=self._github.forge,
                    repository=push.repository,
                    owner=push.repository.partition("/")[0],
                    url=f"https://{self._github.forge}/{push.repository}/{place}",
                    commit=sha,
                    ref=push.ref,
                    path=path,
                    author=who or push.actor,
                    author_email=email,
                ),
            )
        )


def _is_merge(commit: Any) -> bool:
    """A merge's difference to its first parent is everything that was merged: not worth reading commit by commit."""
    return len(items(commit.get("parents"))) > 1
