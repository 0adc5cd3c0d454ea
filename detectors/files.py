"""Small files of our own cache: sealed with a digest, written whole or not at all, private to their owner."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Final

_DIGEST: Final = 32
_PACKAGE: Final = Path(__file__).parent
_PREBUILT: Final = (
    _PACKAGE / "prebuilt"
)  # deploy/prebuild.py fills it when a wheel is built; not there in a checkout


def stored(name: str, kind: bytes, folder: Path) -> bytes | None:
    """What came with the wheel (as trusted as its code), else what `folder`, a cache of this user, has. None = make it."""
    try:
        with (_PREBUILT / name).open("rb") as file:
            shipped = _content(file, kind)
    except OSError:
        shipped = None
    return read_sealed(folder / name, kind) if shipped is None else shipped


def has(name: str, folder: Path) -> bool:
    """Whether there is something to read for `stored`, good or not."""
    return (_PREBUILT / name).exists() or (folder / name).exists()


def read_sealed(path: Path, kind: bytes) -> bytes | None:
    """The content, or None when the file is missing, cut, changed, of another kind, or another user could have written it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        info = os.fstat(file.fileno())
        if info.st_uid != os.geteuid() or stat.S_IMODE(info.st_mode) & 0o022:
            return None
        try:
            return _content(file, kind)
        except OSError:
            return None


def _content(file: BinaryIO, kind: bytes) -> bytes | None:
    """What stands behind the head, which is read apart: the rest of a database are megabytes that nobody needs twice."""
    head = file.read(len(kind) + _DIGEST)
    content = file.read()
    return content if head == kind + hashlib.sha256(content).digest() else None


def write_sealed(path: Path, kind: bytes, content: bytes) -> bool:
    """Mode 0600, atomically. False when the folder cannot be written: the caller does without."""
    import tempfile  # a start with a warm cache writes nothing

    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    except OSError:
        return False
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(kind + hashlib.sha256(content).digest() + content)
        Path(name).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        return False
    return True


def code_digest(names: Iterable[str]) -> str:
    """Of these modules and folders of modules of this package: a cache made by other code is no cache."""
    digest = hashlib.sha256()
    for name in names:
        path = _PACKAGE / name
        for module in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            digest.update(hashlib.sha256(module.read_bytes()).digest())
    return digest.hexdigest()


def default_cache() -> Path:
    """$XDG_CACHE_HOME/leakstream, else ~/.cache/leakstream."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "leakstream"
