"""What GitHub says of one repository: itself, its commits, comparisons, blobs and raw files. Routes under /github and /raw."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from math import ceil
from typing import Final

from aiohttp import web

from monitor.simulator import github_json as as_json
from monitor.simulator.clock import from_iso
from monitor.simulator.github_gate import Gate, Handler, answer, error, link, paging
from monitor.simulator.model import NO_COMMIT, Commit, Repository
from monitor.simulator.patches import FileDiff
from monitor.simulator.world import World

_COMPARE_COMMITS: Final = 250
_COMPARE_FILES: Final = 300
_COMMIT_FILES: Final = 3000
_DIFF_LINES: Final = 20_000
_TEXT_TYPES: Final = (".diff", ".patch")


class Repositories:
    """Every route exists for `repos/<owner>/<name>` and for `repositories/<id>`, whither the API's own links lead."""

    def __init__(self, world: World, gate: Gate, base_url: Callable[[], str]) -> None:
        self._world = world
        self._gate = gate
        self._base = base_url

    def routes(self) -> list[web.RouteDef]:
        routes = [web.get("/raw/{owner}/{repo}/{ref}/{path:.+}", self.raw, name="raw.file")]
        for prefix, kind in (("/github/repos/{owner}/{repo}", ""), ("/github/repositories/{id}", "_by_id")):
            for path, name, handler in (
                ("", "repo", self.repository),
                ("/commits", "commits", self.commits),
                ("/commits/{ref:.+}", "commit", self.commit),
                ("/compare/{basehead:.+}", "compare", self.compare),
                ("/git/blobs/{sha}", "blob", self.blob),
                ("/git/commits/{sha}", "git_commit", self.git_commit),
                ("/contents/{path:.+}", "contents", self.contents),
            ):
                routes.append(web.get(prefix + path, self._found(handler), name=f"github.{name}{kind}"))
        return routes

    def _found(self, handler: Callable[[web.Request, Repository], web.Response]) -> Handler:
        """404 for what does not exist, 301 to the id for a former name."""

        async def found(request: web.Request) -> web.Response:
            match = request.match_info
            if "id" in match:
                number = int(match["id"]) if match["id"].isdigit() else -1
                repository = self._world.repositories.get(number)
            else:
                repository = self._world.find(f"{match['owner']}/{match['repo']}")
            if repository is None or repository.private:  # to a stranger the same
                return error(404, "Not Found")
            asked = f"{match['owner']}/{match['repo']}".lower() if "owner" in match else ""
            if asked and asked != repository.full_name.lower():
                tail = request.raw_path.split("/repos/", 1)[1].split("/", 2)[2:]
                url = "/".join([f"{self._base()}/repositories/{repository.id}", *tail])
                body = {
                    "message": "Moved Permanently",
                    "url": url,
                    "documentation_url": "https://docs.github.com",
                }
                return answer(body, status=301, headers={"Location": url})
            return handler(request, repository)

        return self._gate.wrap(found)

    def repository(self, _: web.Request, repo: Repository) -> web.Response:
        head = repo.commits.get(repo.head)
        return answer(as_json.repository(self._base(), repo, head.at if head else repo.created_at))

    def commits(self, request: web.Request, repo: Repository) -> web.Response:
        """Newest first."""
        if not repo.head:
            return error(409, "Git Repository is empty.")
        start = _resolve(repo, request.query.get("sha", repo.default_branch))
        if start is None:
            return error(404, "Not Found")
        try:
            since = from_iso(request.query["since"]) if "since" in request.query else float("-inf")
            until = from_iso(request.query["until"]) if "until" in request.query else float("inf")
        except ValueError:
            return error(422, "Validation Failed")
        path, author = request.query.get("path"), request.query.get("author")
        found = [
            made
            for made in _walk(repo, start.sha)
            if since <= made.at <= until
            and (author is None or author in (made.author.login, made.author.email))
            and (path is None or _touches(repo, made, path))
        ]
        page, size = paging(request)
        last = max(1, ceil(len(found) / size))
        shown = found[(page - 1) * size : page * size]
        keep = "".join(f"{k}={v}&" for k, v in request.query.items() if k not in ("page", "per_page"))
        url = f"{self._base()}/repositories/{repo.id}/commits?{keep}"
        return answer(
            [as_json.commit(self._base(), repo, made) for made in shown], headers=link(url, page, size, last)
        )

    def commit(self, request: web.Request, repo: Repository) -> web.Response:
        """Files are paged, 300 a page, at most 3,000."""
        if not repo.head:
            return error(409, "Git Repository is empty.")
        made = _resolve(repo, request.match_info["ref"])
        if made is None:
            return error(422, f"No commit found for SHA: {request.match_info['ref']}")
        parent = repo.commits.get(made.parents[0]) if made.parents else None
        changes = as_json.changes(self._world, parent, made)[:_COMMIT_FILES]
        if request.headers.get("Accept", "").endswith(_TEXT_TYPES):
            return _as_text(changes)
        page, size = paging(request, default=300, largest=300)
        body = as_json.commit(self._base(), repo, made)
        added = sum(delta.additions for *_, delta in changes)
        gone = sum(delta.deletions for *_, delta in changes)
        body["stats"] = {"total": added + gone, "additions": added, "deletions": gone}
        shown = changes[(page - 1) * size : page * size]
        body["files"] = [as_json.file(self._base(), repo, made.sha, *change) for change in shown]
        url = f"{self._base()}/repositories/{repo.id}/commits/{made.sha}?"
        return answer(body, headers=link(url, page, size, max(1, ceil(len(changes) / size))))

    def compare(self, request: web.Request, repo: Repository) -> web.Response:
        """Three dots: from the merge base to the head. Files only on page 1, at most 300; 250 commits without paging."""
        base_name, dots, head_name = request.match_info["basehead"].partition("...")
        base, head = _resolve(repo, base_name), _resolve(repo, head_name)
        if not dots or base is None or head is None:
            return error(404, "Not Found")
        behind_of_base = {made.sha for made in _walk(repo, base.sha)}
        ahead = [made for made in _walk(repo, head.sha) if made.sha not in behind_of_base]
        merge_base = next((made for made in _walk(repo, head.sha) if made.sha in behind_of_base), None)
        if merge_base is None:
            return error(404, "No common ancestor between the two.")
        reach = {made.sha for made in _walk(repo, head.sha)}
        behind = sum(1 for made in _walk(repo, base.sha) if made.sha not in reach)
        changes = as_json.changes(self._world, merge_base, head)
        if request.headers.get("Accept", "").endswith(_TEXT_TYPES):
            return _as_text(changes)
        paged = "page" in request.query or "per_page" in request.query
        page, size = paging(request) if paged else (1, _COMPARE_COMMITS)
        ahead.reverse()  # oldest first here, unlike the list of commits
        names = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind"}
        web_url = f"https://github.com/{repo.full_name}/compare/{base_name}...{head_name}"
        api_url = f"{self._base()}/repos/{repo.full_name}/compare/{base_name}...{head_name}"
        body = {
            "url": api_url,
            "html_url": web_url,
            "permalink_url": web_url,
            "diff_url": f"{web_url}.diff",
            "patch_url": f"{web_url}.patch",
            "base_commit": as_json.commit(self._base(), repo, base),
            "merge_base_commit": as_json.commit(self._base(), repo, merge_base),
            "status": names.get((bool(ahead), bool(behind)), "identical"),
            "ahead_by": len(ahead),
            "behind_by": behind,
            "total_commits": len(ahead),
            "commits": [
                as_json.commit(self._base(), repo, made) for made in ahead[(page - 1) * size : page * size]
            ],
        }
        if page == 1:
            body["files"] = [
                as_json.file(self._base(), repo, head.sha, *change) for change in changes[:_COMPARE_FILES]
            ]
        url = f"{self._base()}/repositories/{repo.id}/compare/{base_name}...{head_name}?"
        last = max(1, ceil(len(ahead) / size)) if paged else 1
        return answer(body, headers=link(url, page, size, last))

    def blob(self, request: web.Request, repo: Repository) -> web.Response:
        sha = request.match_info["sha"]
        content = self._world.blobs.get(sha)
        if content is None:
            return error(404, "Not Found")
        if "raw" in request.headers.get("Accept", ""):
            return web.Response(body=content, headers={"Content-Type": "application/vnd.github.raw"})
        return answer(
            {
                "sha": sha,
                "size": len(content),
                "url": f"{self._base()}/repos/{repo.full_name}/git/blobs/{sha}",
                "content": base64.encodebytes(content).decode(),  # with line ends, as the real one
                "encoding": "base64",
            }
        )

    def git_commit(self, request: web.Request, repo: Repository) -> web.Response:
        """One commit by its full id, also one that no branch has any more."""
        made = repo.commits.get(request.match_info["sha"])
        if made is None:
            return error(404, "Not Found")
        tree = {"sha": made.tree_sha}
        return answer({"sha": made.sha, "tree": tree, "message": made.message})

    def contents(self, request: web.Request, repo: Repository) -> web.Response:
        """A file at the head of a branch, or of the default one; a folder as a list."""
        path = request.match_info["path"]
        made = _resolve(repo, request.query.get("ref", repo.default_branch))
        sha = made.tree.get(path) if made else None
        if made is None or sha is None:
            inside = [name for name in (made.tree if made else {}) if name.startswith(f"{path}/")]
            return answer([{"path": name} for name in inside]) if inside else error(404, "Not Found")
        content = self._world.blobs[sha]
        return answer(
            {
                "type": "file",
                "path": path,
                "sha": sha,
                "size": len(content),
                "content": base64.encodebytes(content).decode(),
                "encoding": "base64",
            }
        )

    async def raw(self, request: web.Request) -> web.Response:
        """As raw.githubusercontent.com: plain bytes, plain errors."""
        match = request.match_info
        repo = self._world.find(f"{match['owner']}/{match['repo']}")
        made = _resolve(repo, match["ref"]) if repo else None
        content = self._world.blobs.get(made.tree.get(match["path"], "")) if made else None
        if content is None:
            return web.Response(status=404, text="404: Not Found")
        return web.Response(body=content, headers={"Content-Type": "text/plain; charset=utf-8"})


def _resolve(repo: Repository, ref: str) -> Commit | None:
    """By branch or full sha; zeros are no commit."""
    ref = ref.removeprefix("refs/heads/").removeprefix("heads/")
    return None if ref == NO_COMMIT else repo.commits.get(repo.refs.get(ref, ref))


def _walk(repo: Repository, sha: str) -> Iterator[Commit]:
    """From `sha` down to the first commit that is still known."""
    while sha in repo.commits:
        made = repo.commits[sha]
        yield made
        sha = made.parents[0] if made.parents else ""


def _touches(repo: Repository, made: Commit, path: str) -> bool:
    parent = repo.commits.get(made.parents[0]) if made.parents else None
    return made.tree.get(path) != (parent.tree.get(path) if parent else None)


def _as_text(changes: list[tuple[str, str, str, FileDiff]]) -> web.Response:
    """application/vnd.github.diff: 406 above 20,000 lines."""
    lines = sum(delta.additions + delta.deletions for *_, delta in changes)
    if lines > _DIFF_LINES:
        return error(
            406,
            f"Sorry, the diff exceeded the maximum number of lines ({_DIFF_LINES})",
            errors=[{"resource": "Diff", "field": "diff", "code": "too_large"}],
        )
    pieces = []
    for path, status, _, delta in changes:
        old = "/dev/null" if status == "added" else f"a/{path}"
        new = "/dev/null" if status == "removed" else f"b/{path}"
        head = f"diff --git a/{path} b/{path}\n"
        if delta.patch is None:
            pieces.append(f"{head}Binary files {old} and {new} differ\n")
        else:
            pieces.append(f"{head}--- {old}\n+++ {new}\n{delta.patch}\n")
    return web.Response(text="".join(pieces), content_type="text/plain")
