"""The baseline file of `leakstream scan`: what is known already and not reported again.

It holds a key of its own and fingerprints under it, never a secret. Weak secrets (below 64 bits of estimated entropy) are not
written: their fingerprints could be guessed by whoever reads the file, key included.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson

from monitor.identity import KeyFileError, KeyRing
from monitor.scan.hit import Hit

_FORMAT: Final = 1


class BaselineError(Exception):
    """The file is no baseline. The message names it."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """Known fingerprints and the key they were made with."""

    keys: KeyRing
    known: frozenset[str]
    key: bytes = field(repr=False)

    @classmethod
    def new(cls) -> Baseline:
        key = secrets.token_bytes(32)
        return cls(KeyRing.of(key), frozenset(), key)

    @classmethod
    def load(cls, path: Path) -> Baseline:
        """Raises BaselineError."""
        try:
            raw = orjson.loads(path.read_bytes())
            if raw["format"] != _FORMAT:
                raise BaselineError(f"{path}: format {raw['format']} is not known; upgrade leakstream")
            key = bytes.fromhex(raw["key"])
            return cls(
                KeyRing.of(key), frozenset(str(entry["fingerprint"]) for entry in raw["findings"]), key
            )
        except OSError as error:
            raise BaselineError(f"{path}: cannot be read: {error.strerror}") from error
        except (orjson.JSONDecodeError, KeyFileError, KeyError, TypeError, ValueError) as error:
            raise BaselineError(f"{path}: not a baseline file of leakstream") from error

    def write(self, path: Path, hits: Iterable[Hit]) -> int:
        """Write `hits` as the known ones, atomically, mode 0600. Returns how many weak ones were left out."""
        kept: dict[str, dict[str, object]] = {}
        weak = 0
        for hit in hits:
            if hit.weak:
                weak += 1
                continue
            kept.setdefault(
                hit.fingerprint, {"fingerprint": hit.fingerprint, "rule": hit.rule, "path": hit.path}
            )
        body = {
            "format": _FORMAT,
            "key": self.key.hex(),
            "findings": sorted(kept.values(), key=lambda f: str(f["fingerprint"])),
        }
        temporary = path.with_name(path.name + ".part")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(orjson.dumps(body, option=orjson.OPT_INDENT_2))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        return weak
