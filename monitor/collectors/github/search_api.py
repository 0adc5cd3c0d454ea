"""GitHub's code search as this service asks it: a bucket of its own, nine requests a minute, at most 1,000 results of a query."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import structlog
from yarl import URL

from monitor.collectors.base import SourceContext
from monitor.collectors.github.api import PER_PAGE, commit_id, encode, repository_name
from monitor.collectors.shapes import integer, items, text
from monitor.collectors.upstream import Unavailable, Upstream
from monitor.http import Response
from monitor.tools import Tools

_LOG = structlog.get_logger("github_search")
PAGES: Final = 10  # of 100: the next one answers 422
QUERY_CHARACTERS: Final = 256
_INTERVAL: Final = 60 / 9 + 0.1  # seconds; a little more, so that no minute ever holds ten
_BODY: Final = 16 * 1024 * 1024
_FRAGMENTS: Final = 20


@dataclass(frozen=True, slots=True)
class Hit:
    """A file that the search names, and what it showed of it. `commit` is "" where the answer does not say."""

    repository: str
    path: str
    blob: str
    commit: str = ""
    fragments: bytes = b""
    query: str = ""  # which one named it
    tries: int = 0

    @property
    def key(self) -> bytes:
        """16 bytes that name this state of this file in this repository."""
        named = f"{self.repository.lower()}\0{self.path}\0{self.blob}"
        return hashlib.blake2b(named.encode("utf-8", "replace"), digest_size=16).digest()

    def url(self, forge: str) -> str:
        """Its page, for people."""
        return f"https://{forge}/{self.repository}/blob/{self.commit or 'HEAD'}/{quote(self.path)}"


def parse(raw: object, query: str = "") -> Hit | None:
    """None when it is no file of a repository."""
    owner = raw.get("repository") if isinstance(raw, dict) else None
    name, path, blob = (
        repository_name(text(owner, "full_name")),
        text(raw, "path"),
        commit_id(text(raw, "sha")),
    )
    if not name or not path or not blob:
        return None
    shown = [text(match, "fragment") for match in items(raw.get("text_matches"))[:_FRAGMENTS]]  # type: ignore[attr-defined]
    fragments = encode("\n".join(fragment for fragment in shown if fragment))
    return Hit(name, path, blob, _commit(text(raw, "url")), fragments, query)


@dataclass(frozen=True, slots=True)
class Page:
    """`total` is what the index has; `timed_out` = there is more than was found."""

    hits: Sequence[Hit]
    strange: int
    total: int
    timed_out: bool
    more: bool


class CodeSearch:
    """For one source. Raises Limited, Unavailable, Refused, Stopping."""

    def __init__(self, base_url: str, token: str, tools: Tools) -> None:
        name = hashlib.sha256(token.encode()).hexdigest()[:16]
        budget = tools.http.budget(base_url, f"code_search {name}", interval=_INTERVAL, concurrency=1)
        headers = {
            "Accept": "application/vnd.github.text-match+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "Authorization": f"Bearer {token}",
        }
        self._upstream = Upstream(tools.http, tools.metrics, budget, headers=headers)
        self._base = base_url
        self._sunset = ""

    async def page(self, context: SourceContext, query: str, page: int) -> Page:
        """One page of a query's results, 1 to `PAGES`. Their order is the server's."""
        url = f"{self._base}/search/code?q={quote(query, safe='')}&per_page={PER_PAGE}&page={page}"
        body: dict[str, Any]
        body, answer = await self._upstream.get_json(context, url, dict, max_bytes=_BODY, having="items")
        self._tell_sunset(answer)
        raw = items(body.get("items"))
        found = [hit for hit in (parse(entry, query) for entry in raw) if hit is not None]
        if raw and not found:
            raise Unavailable("bad_shape")
        total = max(integer(body, "total_count") or 0, len(raw))
        more = page < PAGES and bool(raw) and total > page * PER_PAGE
        return Page(found, len(raw) - len(found), total, body.get("incomplete_results") is True, more)

    def _tell_sunset(self, answer: Response) -> None:
        """It concerns fields and parameters that nobody here uses; who runs this should know that something changes."""
        sunset = answer.headers.get("Sunset", "")
        if sunset != self._sunset:
            self._sunset = sunset
            _LOG.info("api_deprecation", api="code search", sunset=sunset[:64])


def queries(
    names: Sequence[str], written: Sequence[str], excluded: Sequence[str]
) -> tuple[list[str], list[str]]:
    """(what is searched for, what is too long): `names` as exact words, `written` as they are, each without the organisations
    `excluded`, as far as these fit.
    """
    good: list[str] = []
    long: list[str] = []
    for query in dict.fromkeys([*(f'"{name}"' for name in names), *written]):
        whole = query
        for organisation in excluded:
            longer = f"{whole} -org:{organisation}"
            # a query that names this organisation means it
            if f"org:{organisation}" not in query and len(longer) <= QUERY_CHARACTERS:
                whole = longer
        (good if len(whole) <= QUERY_CHARACTERS else long).append(whole)
    return good, long


def _commit(url: str) -> str:
    """The commit that the file's address names, "" where there is none."""
    try:
        return commit_id(URL(url).query.get("ref", ""))
    except ValueError:
        return ""
