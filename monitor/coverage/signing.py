"""The ledger's key: Ed25519, one private key a ledger, in a file that only its owner reads. The public one is for everybody.

The file holds one line, `ed25519 <64 hex>`. Whoever has it can sign another past; whoever was given the public key and a seal before
can show that it is another one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from monitor.filemode import others_can_read

FILE_NAME: Final = "ledger.key"  # beside the fingerprint key
_KIND: Final = "ed25519"


class LedgerKeyError(Exception):
    """The ledger's key is missing, malformed, or readable by others. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs what the ledger says. Thread-safe (immutable)."""

    _key: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def of(cls, seed: bytes) -> Self:
        """`seed` has 32 bytes. Raises ValueError."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def public(self) -> str:
        """The public key, 64 hex."""
        return self._key.public_key().public_bytes_raw().hex()

    def sign(self, tag: bytes, body: bytes) -> bytes:
        """64 bytes. `tag` says what kind of thing is signed, so that one kind cannot pass for another."""
        return self._key.sign(tag + body)


def is_signed(public: str, tag: bytes, body: bytes, signature: bytes) -> bool:
    """Whether the holder of `public` (64 hex) signed it. False for a key that is none."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(signature, tag + body)
    except (InvalidSignature, ValueError):
        return False
    return True


def create_signer(path: Path) -> Signer:
    """Make a new key file, mode 0600. Raises FileExistsError: a key is never overwritten."""
    import tempfile  # here: who only verifies has no key file

    seed = os.urandom(32)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # O_EXCL, mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{_KIND} {seed.hex()}\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)  # whole or not at all: another alerting process may start now
    finally:
        os.unlink(name)  # noqa: PTH108 - mkstemp gave a name
    return Signer.of(seed)


def load_signer(path: Path) -> Signer:
    """Raises LedgerKeyError with what to do about it."""
    try:
        info = path.stat()
        words = path.read_text(encoding="ascii").split()
    except FileNotFoundError as error:
        raise LedgerKeyError(
            f"{path}: no ledger key here; the alerting stage makes it at its first start"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise LedgerKeyError(f"{path}: cannot be read: {error}") from error
    if others_can_read(info):
        raise LedgerKeyError(f"{path}: others can read the ledger's key; run chmod 600 on it")
    try:
        (seed,) = [word for word in words if word != _KIND]
        return Signer.of(bytes.fromhex(seed))
    except ValueError as error:
        raise LedgerKeyError(f"{path}: not `{_KIND} <64 hex>`; restore the file from its backup") from error
