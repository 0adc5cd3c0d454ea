"""One small file onto a branch of a remote repository that is ours: what a drill plants.

As careful as a fetch: the same git without configuration, the pinned address, the deploy key and known hosts out of `Access`. Nothing
is forced: a branch that moved meanwhile refuses the push, and the next try begins at its new tip.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from monitor.gitread.address import Remote, addresses
from monitor.gitread.errors import GitError
from monitor.gitread.mirror import Access, fetch, online
from monitor.gitread.process import Leash, Quota

_AUTHOR: Final = "leakstream drill <drill@leakstream.invalid>"


def push_file(
    remote: Remote,
    folder: Path,
    quota: Quota,
    access: Access,
    *,
    branch: str,
    path: str,
    content: bytes,
    message: str,
    at: float,
) -> str:
    """Commit `content` as the only change on top of `branch` (made if there is none) and push it. Returns the commit's id.

    `folder` is our mirror of it; `path` a name in its root; `at` epoch seconds. Blocking for up to `quota.seconds` twice. Raises GitError.
    """
    leash = Leash()
    git = fetch(remote, folder, quota, access, leash)
    ref = f"refs/heads/{branch}"
    known = git.run("for-each-ref", "--format=%(objectname)", "--", ref).decode().split()
    blob = git.run("hash-object", "-w", "--stdin", stdin=content).decode().strip()
    tree = git.run("mktree", stdin=_entries(git.run("ls-tree", known[0]) if known else b"", path, blob))
    when = f"{int(at)} +0000"
    lines = [f"tree {tree.decode().strip()}", *(f"parent {commit}" for commit in known)]
    lines += [f"author {_AUTHOR} {when}", f"committer {_AUTHOR} {when}", "", message, ""]
    made = git.run("hash-object", "-w", "-t", "commit", "--stdin", stdin="\n".join(lines).encode())
    commit = made.decode().strip()
    sender = online(git, remote, access, addresses(remote, access.guard))
    try:
        sender.run(
            "push", "--quiet", "--no-verify", "--", remote.url, f"{commit}:{ref}", seconds=quota.seconds
        )
    except GitError as error:
        if error.reason == "git_failed":
            raise GitError("unreachable", str(error)) from error
        raise
    return commit


def _entries(tree: bytes, name: str, blob: str) -> bytes:
    """`tree`, as ls-tree prints it, with the file. Raises GitError: a folder of that name."""
    line = f"100644 blob {blob}\t{name}".encode()
    ending = f"\t{name}".encode()
    kept = [known for known in tree.splitlines() if not known.endswith(ending)]
    if any(known.startswith(b"040000") and known.endswith(ending) for known in tree.splitlines()):
        raise GitError("unsupported", "a folder has the name of the drill's file")
    return b"\n".join([*kept, line]) + b"\n"
