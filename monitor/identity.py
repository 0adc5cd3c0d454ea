"""Who a leak is and where it stands: fingerprints that survive everything but the secret itself.

*Leak* = HMAC-SHA256(key, family, canonical secret). Below 64 bits of estimated entropy (a human password) the scope (host
and user, else the forge owner) is hashed as well, so that `changeme123` of two strangers is not one leak.

*Place* = hash(forge, repository or URL, blob sha, path, leak, n-th occurrence): no rule id, no byte span, no collector, so
that the same place seen by events, webhook, git and archive is one place. In a text that came in parts the line takes the place of
the occurrence's number.

The key file holds one key a line, the current one first: `<key id> <64 hex>`. The key id is the key's check value (the first
8 hex of HMAC(key, "leakstream key check")), so that a file cannot pair an id with a wrong key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from monitor.filemode import others_can_read

WEAK_BELOW_BITS: Final = 64.0
_CHECK_TEXT: Final = b"leakstream key check"
_OWN_TEXT: Final = b"leakstream own secrets"
_KEY_BYTES: Final = 32


class KeyFileError(Exception):
    """The fingerprint key is missing, malformed, readable by others, or not the one the store was made with."""


def check_value(key: bytes) -> str:
    """8 hex characters that name a key and betray nothing of it."""
    return hmac.new(key, _CHECK_TEXT, hashlib.sha256).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The active keys, current one first. Thread-safe (immutable)."""

    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def of(cls, *keys: bytes) -> Self:
        """Raises KeyFileError unless each key has 32 bytes and there is at least one."""
        if not keys or any(len(key) != _KEY_BYTES for key in keys):
            raise KeyFileError(f"a fingerprint key has {_KEY_BYTES} bytes")
        return cls({check_value(key): key for key in keys})

    @property
    def current_id(self) -> str:
        return next(iter(self.keys))

    def leak(self, family: str, canonical: bytes, *, bits: float, scope: bytes = b"") -> dict[str, str]:
        """Key id -> fingerprint (64 hex) under every active key, the current one first.

        `bits` is the estimated entropy of the secret; `scope` enters the hash only below WEAK_BELOW_BITS.
        """
        parts = [family.encode(), canonical]
        if bits < WEAK_BELOW_BITS:
            parts.append(scope)
        message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        return {
            key_id: hmac.new(key, message, hashlib.sha256).hexdigest() for key_id, key in self.keys.items()
        }

    def own_keys(self) -> dict[str, bytes]:
        """Key id -> the key under which own secrets are hashed: a realm of its own, comparable with no leak's fingerprint."""
        return {key_id: hmac.digest(key, _OWN_TEXT, "sha256") for key_id, key in self.keys.items()}

    def digest(self, purpose: str, value: bytes) -> str:
        """A keyed hash (32 hex) of something else that must not be stored in clear: an author's e-mail address."""
        current = self.keys[self.current_id]
        return hmac.new(current, purpose.encode() + b"\0" + value, hashlib.sha256).hexdigest()[:32]


def place_id(*, forge: str, where: str, blob_sha: str, path: str, leak: str, occurrence: int) -> str:
    """32 hex. `where` is the repository, or the URL where there is none; `occurrence` counts from 0 in the blob."""
    text = "\0".join((forge, where, blob_sha, path, leak, str(occurrence)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def blob_sha(content: bytes) -> str:
    """The git blob id of `content` (40 hex), so that every source names the same text alike."""
    digest = hashlib.sha1(b"blob %d\0" % len(content), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()


def create_key(path: Path) -> KeyRing:
    """Make a new key file, mode 0600. Raises FileExistsError: a key is never overwritten."""
    import tempfile  # here: a scan has no key file

    key = secrets.token_bytes(_KEY_BYTES)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{check_value(key)} {key.hex()}\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)  # whole or not at all: another stage that starts now may be reading it
    finally:
        os.unlink(name)  # noqa: PTH108 - mkstemp gave a name
    return KeyRing.of(key)


def load_keys(path: Path) -> KeyRing:
    """Raises KeyFileError with what to do about it."""
    try:
        info = path.stat()
        lines = path.read_text(encoding="ascii").split("\n")
    except FileNotFoundError as error:
        raise KeyFileError(f"{path}: no fingerprint key here; `leakstream init` makes one") from error
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"{path}: cannot be read: {error}") from error
    if others_can_read(info):
        raise KeyFileError(f"{path}: others can read the fingerprint key; run chmod 600 on it")
    keys = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        key_id, _, text = line.strip().partition(" ")
        try:
            key = bytes.fromhex(text)
        except ValueError as error:
            raise KeyFileError(f"{path}:{number}: not `<key id> <64 hex>`") from error
        if len(key) != _KEY_BYTES or check_value(key) != key_id:
            raise KeyFileError(
                f"{path}:{number}: the key does not fit its id; restore the file from its backup"
            )
        keys.append(key)
    return KeyRing.of(*keys)
