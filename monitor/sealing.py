"""`[evidence]`: to whom evidence is sealed, and the sealing itself: files of age (age-encryption.org/v1) that `age -d` opens.

Only public keys come in here. A private key that is given by mistake is refused, and never repeated in a message: whoever runs the monitor
must not be able to open what it keeps.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from pydantic import Field, field_validator

from monitor.config import Section

MAGIC: Final = b"age-encryption.org/v1\n"
LARGEST: Final = 64 * 1024  # bytes of one sealed file
_MOST: Final = 16  # recipients: each takes 100 to 600 bytes of every file
_PRIVATE: Final = ("AGE-SECRET-KEY", "PRIVATE KEY", "AGE-PLUGIN-")
_GIVEN: Final = (
    "this is a private key: the monitor must not be able to open what it keeps. Give its public half (`age-keygen -y FILE`, or"
    " the .pub file), and make a new key: this one has been on this machine"
)


class RecipientError(ValueError):
    """A recipient that is none. The message never holds what was given."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One public key. `text` as age reads it; `name` short enough for a list: an age key whole, of an ssh key its fingerprint."""

    text: str
    name: str
    key: Any = field(repr=False, compare=False)  # pyrage's

    @classmethod
    def parse(cls, text: str) -> Self:
        """`age1…`, `ssh-ed25519 …` or `ssh-rsa …`. Raises RecipientError."""
        import pyrage

        text = text.strip()
        if any(mark in text.upper() for mark in _PRIVATE):
            raise RecipientError(_GIVEN)
        try:
            if text.startswith("age1"):
                return cls(text, text, pyrage.x25519.Recipient.from_str(text))
            if text.startswith(("ssh-ed25519 ", "ssh-rsa ")):
                bare = " ".join(text.split()[:2])  # without the comment: a name that nobody needs here
                return cls(bare, _fingerprint(bare), pyrage.ssh.Recipient.from_str(bare))
        except (pyrage.RecipientError, binascii.Error) as error:
            raise RecipientError(
                "not a public key: it is cut or mistyped (keys of age plugins are not taken)"
            ) from error
        raise RecipientError("a recipient is `age1…`, `ssh-ed25519 …` or `ssh-rsa …`")


class EvidenceSettings(Section):
    """Sealed evidence: the secret and its surroundings, encrypted to the responders' age keys. Off unless recipients are named; see
    docs/how-to/evidence-sealed.md.
    """

    recipients: tuple[str, ...] = Field(
        (), description="public keys, `age1…` or `ssh-ed25519 …`; never a private one"
    )
    recipients_file: Path | None = Field(
        None, description="a file of them, one a line, as `age -R` reads it; instead of `recipients`"
    )
    days: float = Field(90.0, gt=0, le=3650, description="how long it is kept, in days")
    context_bytes: int = Field(
        2048, ge=0, le=8192, description="how much of what stands around the secret goes with it"
    )
    per_second: float = Field(
        20.0, gt=0, le=1000, description="findings sealed by one scanning process; the others go without"
    )

    @field_validator("recipients")
    @classmethod
    def _public(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_each(values))

    def read(self) -> tuple[Recipient, ...]:
        """Empty = off. Blocks for the file. Raises ValueError with what to do, OSError."""
        lines: Sequence[str] = self.recipients
        if self.recipients_file is not None:
            if self.recipients:
                raise ValueError("give either recipients or recipients_file")
            lines = _lines(self.recipients_file)
            if not lines:
                raise ValueError(
                    f"{self.recipients_file}: no recipient in it; leave recipients_file out to turn it off"
                )
        found = {recipient.text: recipient for recipient in map(Recipient.parse, _each(lines))}
        if len(found) > _MOST:
            raise ValueError(f"at most {_MOST} recipients")
        return tuple(found.values())


class Sealer:
    """Encrypts to all of `recipients` (at least one): any of their keys opens it. Not thread-safe, does not block."""

    def __init__(self, recipients: Sequence[Recipient]) -> None:
        if not recipients:
            raise ValueError("nobody to seal to")
        self.names = tuple(recipient.name for recipient in recipients)
        self._keys = [recipient.key for recipient in recipients]

    def seal(self, plain: bytes) -> bytes:
        """One age file: 80 µs for 2 KiB and one recipient, 50 µs more for each further one."""
        import pyrage

        sealed: bytes = pyrage.encrypt(plain, self._keys)
        return sealed


def is_sealed(body: bytes) -> bool:
    """Whether it is such a file by its first line and its size; nobody here can see more of it."""
    return body.startswith(MAGIC) and len(body) <= LARGEST


def open_to_others(path: Path) -> bool:
    """Whether another user may write the file, and so add a recipient."""
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o022)


def _each(values: Sequence[str]) -> list[str]:
    texts = []
    for number, value in enumerate(values, 1):
        try:
            texts.append(Recipient.parse(value).text)
        except RecipientError as error:
            raise RecipientError(f"recipient {number}: {error}") from None  # the cause could quote it
    return texts


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not a text") from None
    if any(mark in text.upper() for mark in _PRIVATE):  # also one that stands in a comment
        raise RecipientError(f"{path}: {_GIVEN}")
    return [line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")]


def _fingerprint(text: str) -> str:
    kind, _, key = text.partition(" ")
    digest = hashlib.sha256(base64.b64decode(key, validate=True)).digest()
    return f"{kind} SHA256:{base64.b64encode(digest).decode().rstrip('=')}"
