"""GitHub's code search (sources.md 1.7): files of default branches that hold all terms of a query, in an order of its own.

A token is needed; nine requests in any minute, counted apart from everything else; a query has at most 256 characters, five operators
and at least one term besides its qualifiers; 1,000 results, the next page answers 422; files below 384 KB of at most 4,000
repositories. Since 2026 every answer carries `Deprecation` and `Sunset`, which concern fields and `sort` only.
"""

from __future__ import annotations

import random
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web

from monitor.simulator import github_json
from monitor.simulator.clock import http_date
from monitor.simulator.github_gate import answer, error, link, paging
from monitor.simulator.journal import Journal, client_of
from monitor.simulator.limits import SlidingPoints
from monitor.simulator.model import Commit, Repository
from monitor.simulator.world import World

PER_MINUTE: Final = 9
_RESULTS: Final = 1_000
_REPOSITORIES: Final = 4_000
_FILE_BYTES: Final = 384 * 1024
_QUERY: Final = 256
_OPERATORS: Final = 5
_QUALIFIER: Final = re.compile(r"(-?)(org|user|repo|in|path|extension|language|filename|fork|size):(.*)")


@dataclass(frozen=True, slots=True)
class _Query:
    terms: tuple[bytes, ...]
    owners: frozenset[str]
    not_owners: frozenset[str]
    repositories: frozenset[str]

    def wants(self, repository: Repository) -> bool:
        owner, name = repository.owner.lower(), repository.full_name.lower()
        if owner in self.not_owners:
            return False
        anywhere = not self.owners and not self.repositories
        return anywhere or owner in self.owners or name in self.repositories


class Search:
    """`incomplete` is how often an answer says that it timed out (0 to 1); `limit` the results of a query."""

    def __init__(
        self, world: World, journal: Journal, clock: Callable[[], float], base_url: Callable[[], str]
    ) -> None:
        self.incomplete = 0.0
        self.limit = _RESULTS
        self._world = world
        self._journal = journal
        self._clock = clock
        self._base = base_url
        self._rng = random.Random("search")
        self._rates: dict[str, SlidingPoints] = {}
        self._told: dict[str, float] = {}

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/github/search/code", self.code, name="github.search_code")]

    async def code(self, request: web.Request) -> web.Response:
        """`text_matches` only for those who ask for them by their Accept header."""
        if not request.headers.get("User-Agent"):
            self._journal.violate(request, "no_user_agent", at=self._clock())
            return web.Response(status=403, text="Request forbidden by administrative rules.")
        if not request.headers.get("Authorization"):
            return error(401, "Requires authentication")
        made = self._limited(request) or self._answer(request)
        return self._finish(request, made)

    def _limited(self, request: web.Request) -> web.Response | None:
        client, now = client_of(request), self._clock()
        if now < self._told.get(client, 0.0):
            self._journal.violate(request, "told_to_wait", at=now)
        wait = self._rate(client).spend()
        if not wait:
            return None
        self._journal.violate(request, "code_search_per_minute", at=now)
        self._told[client] = now + wait
        return error(403, f"API rate limit exceeded for {client}.")

    def _rate(self, client: str) -> SlidingPoints:
        return self._rates.setdefault(client, SlidingPoints(PER_MINUTE, 60.0, self._clock))

    def _answer(self, request: web.Request) -> web.Response:
        text = request.query.get("q", "")
        try:
            query = _parse(text)
        except ValueError as wrong:
            problem = {"resource": "Search", "field": "q", "code": str(wrong)}
            return error(422, "Validation Failed", errors=[problem])
        page, size = paging(request)
        if (page - 1) * size >= self.limit:
            return error(422, f"Only the first {self.limit} search results are available")
        incomplete = self._rng.random() < self.incomplete
        found = sorted(self._found(query), key=lambda hit: hit[3])
        total = len(found)
        shown = found[: self.limit][(page - 1) * size : page * size]
        if incomplete:
            shown = shown[: len(shown) // 2]
        matched = "text-match" in request.headers.get("Accept", "")
        items = [self._item(query, *hit, matched=matched) for hit in shown]
        body = {"total_count": total, "incomplete_results": incomplete, "items": items}
        last = max(1, -(-min(total, self.limit) // size))
        url = f"{self._base()}/search/code?q={quote(text)}&"
        return answer(body, headers=link(url, page, size, last))

    def _found(self, query: _Query) -> Iterator[tuple[Repository, Commit, str, str]]:
        """(repository, commit, path, blob id)."""
        for repository in list(self._world.repositories.values())[:_REPOSITORIES]:
            if not repository.head or not query.wants(repository):
                continue
            commit = repository.commits[repository.head]
            for path, sha in commit.tree.items():
                content = self._world.blobs[sha]
                if len(content) < _FILE_BYTES and all(term in content.lower() for term in query.terms):
                    yield repository, commit, path, sha

    def _item(
        self, query: _Query, repo: Repository, commit: Commit, path: str, sha: str, *, matched: bool
    ) -> dict[str, Any]:
        api = f"{self._base()}/repositories/{repo.id}"
        made: dict[str, Any] = {
            "name": path.rpartition("/")[2],
            "path": path,
            "sha": sha,
            "url": f"{api}/contents/{quote(path)}?ref={commit.sha}",
            "git_url": f"{api}/git/blobs/{sha}",
            "html_url": f"https://github.com/{repo.full_name}/blob/{commit.sha}/{quote(path)}",
            "repository": github_json.repository(self._base(), repo, commit.at),
            "score": 1.0,
        }
        if matched:
            content = self._world.blobs[sha]
            at = content.lower().find(query.terms[0])
            fragment = content[max(0, at - 60) : at + 60].decode("utf-8", "replace")
            term = query.terms[0].decode()
            begin = fragment.lower().find(term)
            made["text_matches"] = [
                {
                    "object_url": made["url"],
                    "object_type": "FileContent",
                    "property": "content",
                    "fragment": fragment,
                    "matches": [{"text": term, "indices": [begin, begin + len(term)]}],
                }
            ]
        return made

    def _finish(self, request: web.Request, made: web.Response) -> web.Response:
        """The headers of a bucket of its own."""
        client, now = client_of(request), self._clock()
        left = self._rate(client).left
        made.headers.update(
            {
                "Date": http_date(now),
                "Deprecation": "@1774569600",
                "Sunset": "Sun, 27 Sep 2026 00:00:00 GMT",
                "X-RateLimit-Limit": str(PER_MINUTE + 1),  # the bucket says ten, nine are allowed
                "X-RateLimit-Remaining": str(left + 1 if made.status != 403 else 0),
                "X-RateLimit-Reset": str(int(max(now, self._told.get(client, now + 60.0))) + 1),
                "X-RateLimit-Resource": "code_search",
            }
        )
        return made


def _parse(text: str) -> _Query:
    """Raises ValueError with GitHub's code for what is wrong."""
    if not text.strip():
        raise ValueError("missing")
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    operators = sum(word in ("AND", "OR", "NOT") for word in words)
    if len(text) > _QUERY or operators > _OPERATORS:
        raise ValueError("invalid")
    terms: list[bytes] = []
    sets: dict[str, set[str]] = {"org": set(), "-org": set(), "repo": set()}
    for word in words:
        found = _QUALIFIER.fullmatch(word)
        if found is None:
            terms.append(word.lower().encode())
            continue
        kind = found[1] + ("org" if found[2] == "user" else found[2])
        if kind in sets:
            sets[kind].add(found[3].lower())
    if not terms:
        raise ValueError("invalid")
    return _Query(tuple(terms), frozenset(sets["org"]), frozenset(sets["-org"]), frozenset(sets["repo"]))
