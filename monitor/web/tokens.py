"""Tokens of people and programs: each in a file of its own, with a name and a role. Compared in constant time, never shown."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from monitor.config import ConfigError
from monitor.filemode import others_can_read
from monitor.web.roles import Role
from monitor.websettings import WebSettings

OLD_NAME: Final = "admin"  # of the token in [web] token_file
_SHORTEST: Final = 16


@dataclass(frozen=True, slots=True)
class Token:
    name: str
    role: Role
    digest: bytes = field(repr=False)  # SHA-256 of the token: what it is compared with


class Tokens:
    """Immutable, thread-safe."""

    def __init__(self, tokens: Iterable[Token] = ()) -> None:
        self._tokens = tuple(tokens)

    @classmethod
    def read(cls, settings: WebSettings) -> Self:
        """Those of the configuration (blocks). Raises ConfigError: a file that is missing, that others can read, whose token is too short,
        or the same token twice.
        """
        files = [(OLD_NAME, Role.ADMIN, settings.token_file, "token_file")] if settings.token_file else []
        files += [
            (each.name, Role.of(each.role), each.file, f"tokens {each.name}") for each in settings.tokens
        ]
        names: dict[bytes, str] = {}
        for name, _, path, key in files:
            digest = _read(path, key)
            if digest in names:
                raise ConfigError(f"[web] {key}: the same token as {names[digest]}'s; make one for each")
            names[digest] = name
        digests = list(names)
        return cls(
            Token(name, role, digest) for (name, role, _, _), digest in zip(files, digests, strict=True)
        )

    def __bool__(self) -> bool:
        return bool(self._tokens)

    def find(self, given: str) -> Token | None:
        """Whose it is. All are compared, whatever the first comparison says."""
        digest = hashlib.sha256(given.encode("utf-8", "surrogateescape")).digest()
        found = [token for token in self._tokens if hmac.compare_digest(token.digest, digest)]
        return found[0] if found else None


def _read(path: Path, key: str) -> bytes:
    try:
        if others_can_read(path.stat()):
            raise ConfigError(f"[web] {key} {path}: others can read it; run chmod 600 on it")
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"[web] {key} {path}: cannot be read: {error}") from error
    if len(token) < _SHORTEST:
        raise ConfigError(f"[web] {key} {path}: a token of {_SHORTEST} or more characters is needed")
    return hashlib.sha256(token.encode()).digest()
