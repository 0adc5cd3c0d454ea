"""A Gitea server as sources.md 4 and 11 describe it: search by change, commits, diffs, activity feeds, lists of repositories.

Options: `per_minute` (requests a client may ask in any minute before the proxy says 429), `owners` (how many strangers publish),
`max_items` (the server's largest page). `world` and `refuse` let a test say what happens.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson
from aiohttp import web

from monitor.identity import blob_sha
from monitor.simulator.clock import iso
from monitor.simulator.gitea_world import Commit, GiteaWorld, Repo, reached
from monitor.simulator.journal import client_of
from monitor.simulator.limits import SlidingPoints
from monitor.simulator.model import Planted, Planting
from monitor.simulator.site import Ground, SitePlugin

_SORTS: Final = ("alpha", "created", "updated", "size", "id", "git_size", "lfs_size", "stars", "forks")
_WAIT: Final = 30  # seconds the proxy asks for
_OWN: Final = "acme-corp"


class GiteaSite:
    """Routes under /gitea/api/v1."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._rng = ground.rng
        options = ground.options
        self._per_minute = int(options.get("per_minute", 60))
        self._max_items = int(options.get("max_items", 50))
        self._points: dict[str, SlidingPoints] = {}
        self._told: dict[str, float] = {}  # client -> until when it was told to wait
        self._closed: tuple[float, int] = (0.0, 503)
        self.world = GiteaWorld(self._rng, ground.world.corpus, ground.world.people)
        people = ground.world.people[: int(options.get("owners", 40))]
        self._strange = [f"{person.login}/{ground.world.corpus.word(self._rng)}" for person in people]
        self._own = [f"{_OWN}/{ground.world.corpus.word(self._rng)}-{n}" for n in range(2)]

    def routes(self) -> Iterator[web.RouteDef]:
        base = f"/{self._ground.name}/api/v1"
        for path, name, handler in (
            ("/repos/search", "search", self._search),
            ("/repos/{owner}/{repo}/commits", "commits", self._commits),
            (r"/repos/{owner}/{repo}/git/commits/{sha:[0-9a-f]+}.diff", "diff", self._diff),
            (r"/repos/{owner}/{repo}/git/commits/{sha:[0-9a-f]+}", "commit", self._commit),
            ("/repos/{owner}/{repo}/contents/{path:.+}", "contents", self._contents),
            ("/repos/{owner}/{repo}", "repo", self._repository),
            ("/version", "version", self._version),
            ("/repos/{owner}/{repo}/activities/feeds", "feed.repo", self._feed),
            ("/users/{owner}/activities/feeds", "feed.user", self._feed),
            ("/orgs/{owner}/activities/feeds", "feed.org", self._feed),
            ("/users/{owner}/repos", "repos.user", self._repos),
            ("/orgs/{owner}/repos", "repos.org", self._repos),
        ):
            yield web.get(base + path, self._guarded(handler), name=f"{self._ground.name}.{name}")

    # -- what happens

    def publish(self, at: float, planted: Planted | None, watched: str) -> None:
        """A push, some of several commits, some to a branch; every fifth time something that is no push."""
        name = self._rng.choice(self._own if watched == "owner" else self._strange)
        chance = self._rng.random()
        if planted is None and chance < 0.2 and self.world.repos:
            self.world.touch(self._rng.choice(list(self.world.repos.values())).name, at)
            return
        count = 1 if chance < 0.7 else self._rng.randrange(2, 8)
        # a branch of a stranger is in no feed that anybody watches, and search shows no branches
        branch = "topic" if watched == "owner" and chance > 0.8 else "main"
        plants = [b""] * count
        if planted is not None:
            plants[self._rng.randrange(count)] = planted.text
        made = self.world.push(name, at, plants=plants, branch=branch)
        if planted is not None:
            commit, path = next(pair for pair, text in zip(made, plants, strict=True) if text)
            self._ground.world.planted(
                planted,
                Planting(
                    source=self._ground.name,
                    forge="codeberg.org",
                    repository=name,
                    owner=name.partition("/")[0],
                    path=path,
                    commit=commit,
                    published_at=at,
                    watched=watched,
                ),
            )

    def refuse(self, seconds: float, status: int = 503) -> None:
        """Everybody is told to wait `seconds` from now on."""
        self._closed = (self._ground.clock() + seconds, status)

    # -- answers

    async def _search(self, request: web.Request) -> web.Response:
        sort, order = request.query.get("sort", "alpha"), request.query.get("order", "asc")
        if sort not in _SORTS:
            return _json({"ok": False, "error": f'Invalid sort mode: "{sort}"'}, 422)
        found = [repo for repo in self.world.repos.values() if not repo.private]
        keys = {"updated": lambda r: r.updated, "created": lambda r: r.created, "id": lambda r: r.id}
        found.sort(key=keys.get(sort, lambda r: r.name), reverse=order == "desc")
        return self._page(request, [self._as_json(repo) for repo in found], wrap=True)

    async def _repos(self, request: web.Request) -> web.Response:
        owner = request.match_info["owner"].lower()
        found = [
            r for r in self.world.repos.values() if r.name.lower().startswith(f"{owner}/") and not r.private
        ]
        if not found:
            return self._error("user redirect does not exist", 404)
        return self._page(request, [self._as_json(repo) for repo in found])

    async def _commits(self, request: web.Request) -> web.Response:
        repo = self._find(request)
        if repo is None:
            return self._error("The target couldn't be found.", 404)
        if not repo.branches:
            return self._error("Git Repository is empty.", 409)
        if any(request.query.get(name, "true") != "false" for name in ("stat", "verification", "files")):
            self._ground.journal.violate(request, "expensive", at=self._ground.clock())
        head = request.query.get("sha", "main")
        head = repo.branches.get(head, head)
        if head not in repo.commits:
            return self._error("The target couldn't be found.", 404)
        listed = sorted(reached(repo, head), key=lambda c: -c.at)
        return self._page(request, [self._commit_json(repo, commit) for commit in listed])

    async def _version(self, _: web.Request) -> web.Response:
        return _json({"version": "1.22.0"})

    async def _repository(self, request: web.Request) -> web.Response:
        repo = self._find(request)
        if repo is None or repo.private:
            return self._error("The target couldn't be found.", 404)
        return _json(self._as_json(repo))

    async def _commit(self, request: web.Request) -> web.Response:
        repo = self._find(request)
        commit = repo.commits.get(request.match_info["sha"]) if repo else None
        if repo is None or commit is None:
            return self._error("The target couldn't be found.", 404)
        return _json(self._commit_json(repo, commit))

    async def _contents(self, request: web.Request) -> web.Response:
        """Of the default branch."""
        repo = self._find(request)
        content = repo.files.get(request.match_info["path"]) if repo else None
        if content is None:
            return self._error("The target couldn't be found.", 404)
        return _json({"type": "file", "path": request.match_info["path"], "sha": blob_sha(content)})

    async def _diff(self, request: web.Request) -> web.Response:
        repo = self._find(request)
        commit = repo.commits.get(request.match_info["sha"]) if repo else None
        if commit is None:
            return self._error("The target couldn't be found.", 404)
        body = commit.diff
        if not commit.parents:  # `git show`, not `git diff`: the commit itself stands before it
            body = f"commit {commit.sha}\nAuthor: {commit.author.name}\n\n    first\n\n".encode() + body
        return web.Response(body=body, headers={"Content-Type": "text/plain; charset=utf-8"})

    async def _feed(self, request: web.Request) -> web.Response:
        owner, repo = request.match_info["owner"], request.match_info.get("repo", "")
        feed = self.world.feeds.get(f"{owner}/{repo}".lower() if repo else owner.lower())
        if feed is None:
            return self._error("user redirect does not exist", 404)
        return self._page(request, list(feed))

    # -- parts

    def _guarded(self, handler: Any) -> Any:
        async def guarded(request: web.Request) -> web.Response:
            refused = self._judge(request)
            if refused is not None:
                return refused
            answer: web.Response = await handler(request)
            return answer

        return guarded

    def _judge(self, request: web.Request) -> web.Response | None:
        """The proxy's answer to who asks too fast or while told to wait, which it also puts down."""
        now, client, journal = self._ground.clock(), client_of(request), self._ground.journal
        if not request.headers.get("User-Agent"):
            journal.violate(request, "user_agent", at=now)
        if now < self._told.get(client, 0.0):
            journal.violate(request, "asked_while_waiting", at=now)
            return self._wait(client, self._told[client] - now, 429)
        until, status = self._closed
        if now < until:
            return self._wait(client, until - now, status)
        points = self._points.setdefault(client, SlidingPoints(self._per_minute, 60.0, self._ground.clock))
        if points.spend():
            journal.violate(request, "requests_per_minute", at=now)
            return self._wait(client, _WAIT, 429)
        return None

    def _wait(self, client: str, seconds: float, status: int) -> web.Response:
        self._told[client] = self._ground.clock() + seconds
        text = "<html><body><h1>Too many requests</h1></body></html>"
        headers = {"Retry-After": f"{seconds:.0f}"}
        return web.Response(status=status, text=text, content_type="text/html", headers=headers)

    def _page(self, request: web.Request, found: list[Any], *, wrap: bool = False) -> web.Response:
        """`limit` is clamped, never refused; Link and X-Total-Count tell the rest."""
        page = max(1, _number(request.query.get("page"), 1))
        limit = min(max(1, _number(request.query.get("limit"), 30)), self._max_items)
        shown = found[(page - 1) * limit : page * limit]
        headers = {"X-Total-Count": str(len(found))}
        url, links = f"{self._ground.url()}{request.path.partition(self._ground.name)[2]}", []
        if page * limit < len(found):
            query = {**request.query, "limit": limit}
            for rel, number in (("next", page + 1), ("last", -(-len(found) // limit))):
                parts = "&".join(f"{key}={value}" for key, value in {**query, "page": number}.items())
                links.append(f'<{url}?{parts}>; rel="{rel}"')
            headers["Link"] = ",".join(links)
        return _json({"ok": True, "data": shown} if wrap else shown, headers=headers)

    def _find(self, request: web.Request) -> Repo | None:
        name = f"{request.match_info['owner']}/{request.match_info['repo']}".lower()
        return self.world.repos.get(name)

    def _error(self, message: str, status: int) -> web.Response:
        return _json({"message": message, "url": f"{self._ground.url()}/api/swagger"}, status)

    def _as_json(self, repo: Repo) -> dict[str, Any]:
        owner, _, name = repo.name.partition("/")
        web_url = f"https://codeberg.org/{repo.name}"
        return {
            "id": repo.id,
            "owner": {"id": 1, "login": owner, "full_name": "", "email": "", "username": owner},
            "name": name,
            "full_name": repo.name,
            "description": "",
            "empty": not repo.branches,
            "private": repo.private,
            "fork": repo.fork,
            "mirror": repo.mirror,
            "archived": repo.archived,
            "html_url": web_url,
            "clone_url": f"{web_url}.git",
            "ssh_url": f"ssh://git@codeberg.org/{repo.name}.git",
            "default_branch": "main",
            "created_at": iso(repo.created),
            "updated_at": iso(repo.updated),
        }

    def _commit_json(self, repo: Repo, commit: Commit) -> dict[str, Any]:
        person = {"name": commit.author.name, "email": commit.author.email, "date": iso(commit.at)}
        return {
            "url": f"{self._ground.url()}/api/v1/repos/{repo.name}/git/commits/{commit.sha}",
            "sha": commit.sha,
            "created": iso(commit.at),
            "html_url": f"https://codeberg.org/{repo.name}/commit/{commit.sha}",
            "commit": {"author": person, "committer": person, "message": commit.message},
            "author": None,
            "committer": None,
            "parents": [{"sha": sha} for sha in commit.parents],
            "files": None,
            "stats": None,
        }


def _number(value: str | None, default: int) -> int:
    return int(value) if value and value.isascii() and value.isdigit() else default


def _json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=orjson.dumps(value),
        status=status,
        headers={"Content-Type": "application/json;charset=utf-8", **(headers or {})},
    )


SITE = SitePlugin(GiteaSite, weight=10)
