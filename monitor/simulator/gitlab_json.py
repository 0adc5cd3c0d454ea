"""What the fake GitLab's API says of projects, commits, files of a difference, and snippets."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from urllib.parse import quote

from monitor.simulator.gitlab_forge import Project, Snippet
from monitor.simulator.model import Commit
from monitor.simulator.patches import diff


def project(project: Project, forge: str) -> dict[str, object]:
    web_url = f"https://{forge}/{project.path}"
    name = project.path.rpartition("/")[2]
    return {
        "id": project.id,
        "description": None,
        "name": name,
        "path": name,
        "path_with_namespace": project.path,
        "created_at": iso(project.created_at),
        "default_branch": project.repository.default_branch,
        "http_url_to_repo": f"{web_url}.git",
        "web_url": web_url,
        "star_count": 0,
        "last_activity_at": iso(project.active_at),
        "visibility": "public",
    }


def commit(made: Commit) -> dict[str, object]:
    when = iso(made.at)
    return {
        "id": made.sha,
        "short_id": made.sha[:8],
        "title": made.message.partition("\n")[0],
        "message": made.message,
        "author_name": made.author.name,
        "author_email": made.author.email,
        "authored_date": when,
        "committer_name": made.author.name,
        "committer_email": made.author.email,
        "committed_date": when,
        "created_at": when,
        "parent_ids": list(made.parents),
        "trailers": {},
    }


def file_diff(
    path: str, old: tuple[str, bytes] | None, new: tuple[str, bytes] | None, *, limit: int, flags: str
) -> dict[str, object]:
    """One file of a difference; `old` and `new` are (blob id, content). Over `limit` bytes it comes without its text, and `flags` says
    whether with a mark: "old" never, "new" always, "mixed" as the blob's id decides.
    """
    made = diff(old[1] if old else b"", new[1] if new else b"").patch
    large = made is None or len(made) > limit
    entry: dict[str, object] = {
        "diff": "" if large else f"{made}\n",
        "new_path": path,
        "old_path": path,
        "a_mode": "100644" if old else "0",
        "b_mode": "100644" if new else "0",
        "new_file": old is None,
        "renamed_file": False,
        "deleted_file": new is None,
    }
    kind = {"old": 0, "new": 1}.get(flags, zlib.crc32(new[0].encode() if new else b"") % 3)
    if kind or not large:
        # newer versions say why there is no text
        entry |= {
            "generated_file": False,
            "collapsed": large and kind == 2,
            "too_large": large and kind == 1,
        }
    return entry


def snippet(snippet: Snippet, forge: str) -> dict[str, object]:
    web_url = f"https://{forge}/-/snippets/{snippet.id}"
    return {
        "id": snippet.id,
        "title": snippet.title,
        "file_name": next(iter(snippet.files)),
        "description": None,
        "visibility": "public",
        "author": {
            "id": snippet.author.id,
            "username": snippet.author.login,
            "name": snippet.author.name,
        },
        "created_at": iso(snippet.created_at),
        "updated_at": iso(snippet.created_at),
        "project_id": None,
        "web_url": web_url,
        "raw_url": f"{web_url}/raw",
        "files": [{"path": path, "raw_url": f"{web_url}/raw/main/{quote(path)}"} for path in snippet.files],
    }


def iso(at: float) -> str:
    """With milliseconds, as GitLab writes times."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
