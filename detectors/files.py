"""Small files of our own cache: sealed with a digest, written whole or not at all, private to their owner."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

_DIGEST: Final = 32


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
            raw = file.read()
        except OSError:
            return None
    head = len(kind) + _DIGEST
    content = raw[head:]
    if not raw.startswith(kind) or raw[len(kind) : head] != hashlib.sha256(content).digest():
        return None
    return content


def write_sealed(path: Path, kind: bytes, content: bytes) -> bool:
    """Mode 0600, atomically. False when the folder cannot be written: the caller does without."""
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
