"""GitLab's REST API below /gitlab/api/v4, as gitlab.com answers it (limits and oddities: docs/reference/sources/gitlab.md).

Options: `own` (the watched group), `forge`, `tokens` (None = any is good), `per_minute` and `anonymous_per_minute`, `offset_limit` and
`counted_rows` (smaller than the real ones where a test wants them met), `patch_bytes`, and `flags` (whether a file over the limit is
marked: "old" = never, "new" = always, "mixed"), `scopes` and `ends` of every token.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final

from aiohttp import web

from monitor.simulator import gitlab_json
from monitor.simulator.clock import from_iso
from monitor.simulator.gitlab_forge import Forge, Project
from monitor.simulator.gitlab_gate import Gate, error, json, page, paging
from monitor.simulator.model import Commit, Planted, Repository
from monitor.simulator.site import Ground, SitePlugin

_API: Final = "/gitlab/api/v4"
_PATCH_BYTES: Final = 200_000
_FILES: Final = 3_000
_OFFSET: Final = 50_000
_TOO_FAR: Final = (
    "Offset pagination has a maximum allowed offset of {limit} for requests that return objects of type Project. "
    "Remaining records can be retrieved using keyset pagination."
)


class GitLab:
    """The site."""

    def __init__(self, ground: Ground) -> None:
        options: Mapping[str, Any] = ground.options
        self._ground = ground
        self._forge_name = str(options.get("forge", "gitlab.com"))
        self._offset_limit = int(options.get("offset_limit", _OFFSET))
        self._counted = int(options.get("counted_rows", 10_000))
        self._patch_bytes = int(options.get("patch_bytes", _PATCH_BYTES))
        self._flags = str(options.get("flags", "mixed"))
        self.forge = Forge(
            ground.world,
            ground.rng,
            ground.clock(),
            own=str(options.get("own", "acme-corp")),
            forge=self._forge_name,
        )
        self._project = partial(gitlab_json.project, forge=self._forge_name)
        self._snippet = partial(gitlab_json.snippet, forge=self._forge_name)
        self._scopes = tuple(options.get("scopes", ("read_api",)))
        self._ends = options.get("ends")
        self._gate = Gate(
            ground.clock,
            ground.journal,
            with_token=int(options.get("per_minute", 2_000)),
            without_token=int(options.get("anonymous_per_minute", 500)),
            tokens=options.get("tokens"),
        )

    def publish(self, at: float, planted: Planted | None, watched: str) -> None:
        self.forge.publish(at, planted, watched)

    def routes(self) -> Iterable[web.RouteDef]:
        repository = "/projects/{id}/repository"
        for path, handler, name in (
            ("/projects", self.projects, "projects"),
            ("/groups/{name}/projects", self.group, "group_projects"),
            ("/users/{name}/projects", self.user, "user_projects"),
            ("/projects/{id}", self.project, "project"),
            (f"{repository}/branches", self.branches, "branches"),
            (f"{repository}/commits", self.commits, "commits"),
            (f"{repository}/commits/{{sha}}", self.commit, "commit"),
            (f"{repository}/commits/{{sha}}/diff", self.difference, "diff"),
            (f"{repository}/files/{{path}}/raw", self.file, "file"),
            (f"{repository}/files/{{path}}", self.file_at, "file_at"),
            ("/snippets/public", self.snippets, "snippets"),
            ("/snippets/{id}/raw", self.snippet_raw, "snippet_raw"),
            ("/snippets/{id}/files/{ref}/{path}/raw", self.snippet_file, "snippet_file"),
            ("/personal_access_tokens/self", self.token, "token"),
        ):
            yield web.get(_API + path, self._gate.wrap(handler), name=f"gitlab.{name}")

    async def token(self, _: web.Request) -> web.Response:
        """What the one who asks may do; `scopes` and `ends` are options."""
        return json({"active": True, "scopes": list(self._scopes), "expires_at": self._ends})

    # -- projects

    async def projects(self, request: web.Request) -> web.Response:
        """By keyset of the id, or by number of page in the order of id or last activity."""
        query = request.query
        found = list(self.forge.projects.values())
        if query.get("pagination") == "keyset":
            if query.get("order_by", "id") != "id":
                return json({"error": "order_by does not have a valid value"}, status=405)
            return self._keyset(request, found)
        number, size = paging(request)
        if (number - 1) * size > self._offset_limit:
            return json({"error": _TOO_FAR.format(limit=self._offset_limit)}, status=405)
        after = query.get("last_activity_after")
        if after is not None:
            try:
                since = from_iso(after)
            except ValueError:
                return json({"error": "last_activity_after is invalid"}, status=400)
            found = [project for project in found if project.active_at >= since]
        by_activity = query.get("order_by") == "last_activity_at"
        found.sort(
            key=lambda p: (p.active_at, p.id) if by_activity else (p.id, p.id),
            reverse=query.get("sort", "desc") == "desc",
        )
        return self._page(request, found, self._project)

    def _keyset(self, request: web.Request, found: list[Project]) -> web.Response:
        """Ascending; the end is a page without a Link."""
        _, size = paging(request)
        after = int(request.query.get("id_after", "0"))
        rows = sorted((p for p in found if p.id > after), key=lambda p: p.id)
        headers = {}
        if len(rows) > size:
            query = {**request.query, "id_after": str(rows[size - 1].id)}
            target = request.rel_url.with_query(query).raw_path_qs.removeprefix("/gitlab")
            headers["Link"] = f'<{self._ground.url()}{target}>; rel="next"'
        return json([self._project(p) for p in rows[:size]], headers=headers)

    async def group(self, request: web.Request) -> web.Response:
        name = request.match_info["name"].lower()
        deep = request.query.get("include_subgroups") == "true"
        prefix = f"{name}/"
        found = [
            p
            for p in self.forge.projects.values()
            if p.path.lower().startswith(prefix) and (deep or "/" not in p.path[len(prefix) :])
        ]
        known = name == str(self._ground.options.get("own", "acme-corp")).lower()
        return self._page(request, found, self._project) if known else error(404, "404 Group Not Found")

    async def user(self, request: web.Request) -> web.Response:
        name = request.match_info["name"].lower()
        people = {person.login for person in self._ground.world.people}
        found = [p for p in self.forge.projects.values() if p.repository.owner.lower() == name]
        return (
            self._page(request, found, self._project) if name in people else error(404, "404 User Not Found")
        )

    async def project(self, request: web.Request) -> web.Response:
        project = self.forge.find(request.match_info["id"])
        return json(self._project(project)) if project else error(404, "404 Project Not Found")

    # -- repositories

    async def branches(self, request: web.Request) -> web.Response:
        repository = self._repository(request)
        if repository is None or not repository.head:
            return error(404, "404 Repository Not Found")

        def show(name: str) -> object:
            return {
                "name": name,
                "default": name == repository.default_branch,
                "merged": False,
                "commit": gitlab_json.commit(repository.commits[repository.refs[name]]),
            }

        return self._page(request, sorted(repository.refs), show)

    async def commits(self, request: web.Request) -> web.Response:
        """Newest first by the committer's date; never with totals."""
        repository = self._repository(request)
        if repository is None or not repository.head:
            return error(404, "404 Repository Not Found")
        query = request.query
        try:
            since = from_iso(query["since"]) if "since" in query else float("-inf")
        except ValueError:
            return json({"error": "since is invalid"}, status=400)
        if query.get("all") == "true":
            shas = set().union(*(_history(repository, head) for head in repository.refs.values()))
        else:
            base, dots, head = query.get("ref_name", repository.default_branch).rpartition("..")
            tip = repository.refs.get(head, head)
            start = repository.refs.get(base, base)
            if tip not in repository.commits or (dots and start not in repository.commits):
                return error(404, "404 Commit Not Found")
            shas = _history(repository, tip) - (_history(repository, start) if dots else set())
        found = [repository.commits[sha] for sha in shas]
        found = sorted((c for c in found if c.at >= since), key=lambda c: (c.at, c.sha), reverse=True)
        return self._page(request, found, gitlab_json.commit, total=False)

    async def commit(self, request: web.Request) -> web.Response:
        found = self._commit(request)
        return json(gitlab_json.commit(found[1])) if found else error(404, "404 Commit Not Found")

    async def difference(self, request: web.Request) -> web.Response:
        """Files changed against the first parent, 20 a page unless told."""
        found = self._commit(request)
        if found is None:
            return error(404, "404 Commit Not Found")
        repository, commit = found
        parent = repository.commits.get(commit.parents[0]) if commit.parents else None
        old, blobs = dict(parent.tree) if parent else {}, self.forge.git.blobs
        changed = sorted(p for p in {*old, *commit.tree} if old.get(p) != commit.tree.get(p))[:_FILES]

        def show(path: str) -> object:
            sides = (
                (sha, blobs.get(sha, b"")) if sha else None for sha in (old.get(path), commit.tree.get(path))
            )
            return gitlab_json.file_diff(path, *sides, limit=self._patch_bytes, flags=self._flags)

        return self._page(request, changed, show)

    async def file(self, request: web.Request) -> web.Response:
        repository = self._repository(request)
        commit = repository.commits.get(request.query.get("ref", "")) if repository else None
        sha = commit.tree.get(request.match_info["path"]) if commit else None
        content = self.forge.git.blobs.get(sha or "")
        return error(404, "404 File Not Found") if content is None else _raw(content)

    async def file_at(self, request: web.Request) -> web.Response:
        """A file at a commit, a branch or `HEAD`: without its content here."""
        repository = self._repository(request)
        ref = request.query.get("ref", "")
        head = repository.head if repository and ref == "HEAD" else ref
        commit = repository.commits.get(repository.refs.get(head, head)) if repository else None
        path = request.match_info["path"]
        sha = commit.tree.get(path) if commit else None
        return json({"file_path": path, "blob_id": sha}) if sha else error(404, "404 File Not Found")

    # -- snippets

    async def snippets(self, request: web.Request) -> web.Response:
        """The newest first; `created_after` filters."""
        try:
            after = from_iso(request.query["created_after"]) if "created_after" in request.query else 0.0
        except ValueError:
            return json({"error": "created_after is invalid"}, status=400)
        found = [one for one in reversed(self.forge.snippets.values()) if one.created_at >= after]
        return self._page(request, found, self._snippet)

    async def snippet_raw(self, request: web.Request) -> web.Response:
        """Of several files the first."""
        snippet = self.forge.snippets.get(_number(request))
        return (
            error(404, "404 Snippet Not Found")
            if snippet is None
            else _raw(next(iter(snippet.files.values())))
        )

    async def snippet_file(self, request: web.Request) -> web.Response:
        snippet = self.forge.snippets.get(_number(request))
        content = snippet.files.get(request.match_info["path"]) if snippet else None
        if content is None or request.match_info["ref"] != "main":
            return error(404, "404 File Not Found")
        return _raw(content)

    # -- shapes

    def _page(self, request: web.Request, rows: Any, show: Any, *, total: bool = True) -> web.Response:
        url = f"{self._ground.url()}/api/v4"
        return page(request, rows, show, url=url, total=total, counted=self._counted)

    def _repository(self, request: web.Request) -> Repository | None:
        project = self.forge.find(request.match_info["id"])
        return project.repository if project else None

    def _commit(self, request: web.Request) -> tuple[Repository, Commit] | None:
        repository = self._repository(request)
        commit = repository.commits.get(request.match_info["sha"]) if repository else None
        return (repository, commit) if repository and commit else None


def _number(request: web.Request) -> int:
    text = request.match_info["id"]
    return int(text) if text.isdigit() else -1


def _history(repository: Repository, head: str) -> set[str]:
    """`head` and all that it stands on and that is still remembered."""
    found: set[str] = set()
    waiting = [head]
    while waiting:
        sha = waiting.pop()
        if sha not in found and sha in repository.commits:
            found.add(sha)
            waiting += repository.commits[sha].parents
    return found


def _raw(content: bytes) -> web.Response:
    return web.Response(body=content, headers={"Content-Type": "text/plain; charset=utf-8"})


SITE: Final = SitePlugin(GitLab, weight=12)
