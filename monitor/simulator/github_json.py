"""How GitHub writes things as JSON. Field sets of recorded answers of 2024 to 2026, made-up values. Pure.

`base` is the API's own URL; what a client may follow (`url`, `raw_url`) leads to it, pages for people lead to github.com.
"""

from __future__ import annotations

from typing import Any, Final

from monitor.simulator.clock import iso
from monitor.simulator.model import Commit, Event, Gist, Person, Repository
from monitor.simulator.patches import FileDiff, diff
from monitor.simulator.world import World

Json = dict[str, Any]
GIST_FILES: Final = 300


def user(base: str, person: Person, kind: str = "User") -> Json:
    return {
        "login": person.login,
        "id": person.id,
        "gravatar_id": "",
        "url": f"{base}/users/{person.login}",
        "html_url": f"https://github.com/{person.login}",
        "type": kind,
        "site_admin": False,
    }


def repository(base: str, repo: Repository, pushed_at: float) -> Json:
    owner = Person(repo.id + 500_000, repo.owner, repo.owner, "")
    return {
        "id": repo.id,
        "name": repo.name,
        "full_name": repo.full_name,
        "private": False,
        "owner": user(base, owner),
        "html_url": f"https://github.com/{repo.full_name}",
        "description": None,
        "fork": False,
        "url": f"{base}/repos/{repo.full_name}",
        "created_at": iso(repo.created_at),
        "updated_at": iso(pushed_at),
        "pushed_at": iso(pushed_at),
        "git_url": f"git://github.com/{repo.full_name}.git",
        "clone_url": f"https://github.com/{repo.full_name}.git",
        "size": len(repo.commits),
        "stargazers_count": 0,
        "language": None,
        "archived": False,
        "disabled": False,
        "visibility": "public",
        "default_branch": repo.default_branch,
    }


def event(base: str, item: Event) -> Json:
    login = item.actor.login
    return {
        "id": item.id,
        "type": item.type,
        "actor": {
            "id": item.actor.id,
            "login": login,
            "display_login": login,
            "gravatar_id": "",
            "url": f"{base}/users/{login}",
            "avatar_url": f"https://avatars.githubusercontent.com/u/{item.actor.id}?",
        },
        "repo": {
            "id": item.repository_id,
            "name": item.repository,
            "url": f"{base}/repos/{item.repository}",
        },
        "payload": dict(item.payload),
        "public": True,
        "created_at": iso(item.created_at),
    }


def commit(base: str, repo: Repository, made: Commit) -> Json:
    """A list's item; a single commit has `stats` and `files` as well."""
    api = f"{base}/repos/{repo.full_name}"
    who = {"name": made.author.name, "email": made.author.email, "date": iso(made.at)}
    return {
        "sha": made.sha,
        "commit": {
            "author": who,
            "committer": dict(who),
            "message": made.message,
            "tree": {"sha": made.tree_sha, "url": f"{api}/git/trees/{made.tree_sha}"},
            "url": f"{api}/git/commits/{made.sha}",
            "comment_count": 0,
            "verification": {"verified": False, "reason": "unsigned", "signature": None, "payload": None},
        },
        "url": f"{api}/commits/{made.sha}",
        "html_url": f"https://github.com/{repo.full_name}/commit/{made.sha}",
        "comments_url": f"{api}/commits/{made.sha}/comments",
        "author": user(base, made.author),
        "committer": user(base, made.author),
        "parents": [
            {
                "sha": sha,
                "url": f"{api}/commits/{sha}",
                "html_url": f"https://github.com/{repo.full_name}/commit/{sha}",
            }
            for sha in made.parents
        ],
    }


def changes(world: World, old: Commit | None, new: Commit) -> list[tuple[str, str, str, FileDiff]]:
    """(path, status, blob sha, diff) of what differs between two trees, by path."""
    before, after = (old.tree if old else {}), new.tree
    found = []
    for path in sorted({p for p in (*before, *after) if before.get(p) != after.get(p)}):
        status = "added" if path not in before else "removed" if path not in after else "modified"
        was = world.blobs.get(before.get(path, ""), b"")
        now = world.blobs.get(after.get(path, ""), b"")
        found.append((path, status, after.get(path) or before[path], diff(was, now)))
    return found


def file(base: str, repo: Repository, ref: str, path: str, status: str, sha: str, delta: FileDiff) -> Json:
    """`patch` is left out where GitHub leaves it out."""
    made = {
        "sha": sha,
        "filename": path,
        "status": status,
        "additions": delta.additions,
        "deletions": delta.deletions,
        "changes": delta.additions + delta.deletions,
        "blob_url": f"https://github.com/{repo.full_name}/blob/{ref}/{path}",
        "raw_url": f"{base.removesuffix('/github')}/raw/{repo.full_name}/{ref}/{path}",
        "contents_url": f"{base}/repos/{repo.full_name}/contents/{path}?ref={ref}",
    }
    if delta.patch is not None:
        made["patch"] = delta.patch
    return made


def gist(base: str, item: Gist, *, content_limit: int | None = None) -> Json:
    """A list's item has no content; with `content_limit` each file has up to so many bytes of it and a `truncated` flag."""
    login = item.owner.login if item.owner else "anonymous"
    root = base.removesuffix("/github")
    files = {}
    for name, content in list(item.files.items())[:GIST_FILES]:
        entry: Json = {
            "filename": name,
            "type": "text/plain",
            "language": None,
            "raw_url": f"{root}/gist-raw/{login}/{item.id}/raw/{item.revision}/{name}",
            "size": len(content),
        }
        if content_limit is not None:
            entry["truncated"] = len(content) > content_limit
            entry["content"] = content[:content_limit].decode("utf-8", "replace")
            entry["encoding"] = "utf-8"
        files[name] = entry
    whole = content_limit is not None
    made: Json = {
        "id": item.id,
        "url": f"{base}/gists/{item.id}",
        "html_url": f"https://gist.github.com/{item.id}",
        "git_pull_url": f"https://gist.github.com/{item.id}.git",
        "files": files,
        "public": True,
        "created_at": iso(item.created_at),
        "updated_at": iso(item.updated_at),
        "description": item.description,
        "comments": 0,
        "user": None,
        "truncated": whole and len(item.files) > GIST_FILES,
    }
    if whole:
        made["history"] = [
            {
                "user": None if state.owner is None else user(base, state.owner),
                "version": state.revision,
                "committed_at": iso(state.updated_at),
                "change_status": {"total": 1, "additions": 1, "deletions": 0},
                "url": f"{base}/gists/{state.id}/{state.revision}",
            }
            for state in (item, *item.before)
        ]
    if item.owner is not None:
        made["owner"] = user(base, item.owner)
    return made
