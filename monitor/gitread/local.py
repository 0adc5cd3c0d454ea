"""A local repository seen through a bare repository of our own: its objects are read, nothing of it is obeyed.

Git run inside a foreign repository obeys its config: fsmonitor, textconv, external diff, hooks, ssh command, aliases, lazy fetch
from a promisor. So no git ever runs there. Its refs are read here as plain files; its packs and loose objects are linked one by
one into our own object store, so that its `info/alternates`, commit graph, grafts and replacements count for nothing.

An object store outside of the repository (a link, `objects/info/alternates`) is refused: a hostile folder could make us read and
report what is somebody else's.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitor.gitread.errors import GitError
from monitor.gitread.process import Git, Leash, Quota

_ID: Final = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_FANOUT: Final = re.compile(r"[0-9a-f]{2}")
_PACK: Final = re.compile(r"pack-[0-9a-f]{40,64}\.(?:pack|idx)")
_REF_BYTES: Final = 4096
_PACKED_REFS_BYTES: Final = 256 * 1024**2
_MAX_DEPTH: Final = 64


@dataclass(frozen=True, slots=True)
class Layout:
    """`folder` holds HEAD, `common` holds objects and refs (they differ in a linked work tree)."""

    folder: Path
    common: Path


def locate(path: Path) -> Layout | None:
    """The repository at `path` (a work tree's root or a bare repository), None when there is none.

    Raises GitError("outside") when a `.git` file leads to a repository that does not know of it.
    """
    dot = path / ".git"
    if dot.is_symlink():
        raise GitError("outside", "its .git is a symbolic link")
    if dot.is_file():
        return _linked(path, dot)
    folder = dot if dot.is_dir() else path
    looks = all((folder / name).exists() for name in ("HEAD", "objects", "refs"))
    return Layout(folder, folder) if looks else None


def _linked(path: Path, dot: Path) -> Layout:
    text = _small(dot).decode("utf-8", "surrogateescape").removeprefix("gitdir:").strip()
    if not text or "\0" in text:
        raise GitError("not_a_repository", "its .git file names nothing")
    folder = (path / text).resolve()
    back = _small(folder / "gitdir").decode("utf-8", "surrogateescape").strip()
    if back:  # a linked work tree: the repository names it
        common = (folder / (_small(folder / "commondir").decode().strip() or ".")).resolve()
        if (folder / back).resolve() != dot.resolve():
            raise GitError("outside", "its .git file leads to a repository that does not know of it")
        return Layout(folder, common)
    if any(folder.is_relative_to(parent / ".git" / "modules") for parent in path.resolve().parents):
        return Layout(folder, folder)  # a submodule: the repository around it keeps its objects
    raise GitError("outside", "its .git file leads out of it")


def view(layout: Layout, work: Path, quota: Quota, leash: Leash) -> tuple[Git, tuple[str, ...]]:
    """(git on our own repository at `work`, distinct ids that refs and HEADs name). `work` is made anew.

    Raises GitError (outside, unsupported, too_large, git_failed).
    """
    common = layout.common.resolve()
    objects = common / "objects"
    if objects.resolve() != objects:
        raise GitError("outside", "its object store is a link")
    if _small(objects / "info" / "alternates").strip():
        raise GitError(
            "outside",
            "it borrows objects (info/alternates); run git repack -a -d && rm objects/info/alternates",
        )
    if (common / "reftable").exists():
        raise GitError("unsupported", "its refs are a reftable")
    tips = tuple(dict.fromkeys(t.decode() for t in _tips(layout)))
    shutil.rmtree(work, ignore_errors=True)
    git = create(work, quota, leash, sha256=bool(tips) and len(tips[0]) == 64)
    _link_objects(objects, work / "objects")
    shallow = [line for line in _small(common / "shallow", 1 << 24).split(b"\n") if _ID.fullmatch(line)]
    if shallow:
        (work / "shallow").write_bytes(b"".join(line + b"\n" for line in shallow))
    return git, tips


def create(work: Path, quota: Quota, leash: Leash, *, sha256: bool = False) -> Git:
    """A new bare repository, mode 0700, without templates."""
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    git = Git(work, quota, leash=leash)
    kind = "sha256" if sha256 else "sha1"
    git.run("init", "--quiet", "--bare", "--template=", f"--object-format={kind}", "--", str(work))
    return git


def _link_objects(source: Path, target: Path) -> None:
    for entry in _entries(source):
        if entry.name == "pack" and entry.is_dir(follow_symlinks=False):
            (target / "pack").mkdir(exist_ok=True)
            for pack in _entries(Path(entry.path)):
                if _PACK.fullmatch(pack.name) and pack.is_file(follow_symlinks=False):
                    (target / "pack" / pack.name).symlink_to(pack.path)
        elif _FANOUT.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
            (target / entry.name).symlink_to(entry.path)


def _tips(layout: Layout) -> Iterator[bytes]:
    heads = [layout.common / "HEAD", layout.folder / "HEAD"]
    heads += [Path(e.path) / "HEAD" for e in _entries(layout.common / "worktrees")]
    for head in heads:
        if _ID.fullmatch(line := _small(head).strip()):
            yield line
    for line in _small(layout.common / "packed-refs", _PACKED_REFS_BYTES).split(b"\n"):
        word = line.lstrip(b"^").partition(b" ")[0]
        if _ID.fullmatch(word):
            yield word
    folders = [(layout.common / "refs", 0)]
    while folders:
        folder, depth = folders.pop()
        for entry in _entries(folder):
            if entry.is_dir(follow_symlinks=False) and depth < _MAX_DEPTH:
                folders.append((Path(entry.path), depth + 1))
            elif entry.is_file(follow_symlinks=False) and _ID.fullmatch(
                line := _small(Path(entry.path)).strip()
            ):
                yield line


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda e: e.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise GitError("not_a_repository", f"cannot be read: {error.strerror}") from error


def _small(path: Path, limit: int = _REF_BYTES) -> bytes:
    """The content of a regular file, b"" when there is none. Never follows a link, never waits for a FIFO."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        raise GitError("not_a_repository", f"cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return b""
        data = file.read(limit + 1)
    if len(data) > limit:
        raise GitError("too_large", f"{path.name} is longer than {limit} bytes")
    return data
