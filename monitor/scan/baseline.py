"""The baseline file of `leakstream scan`: what is known already and not reported again.

It holds a key of its own and fingerprints under it, never a secret. Weak secrets (below 64 bits of estimated entropy) are not
written: their fingerprints could be guessed by whoever reads the file, key included.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from monitor.identity import KeyFileError, KeyRing
from monitor.scan.hit import Hit

_FORMAT: Final = 1


class BaselineError(Exception):
    """The file is no baseline, or cannot be written. The message names it."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known, each with its fingerprint, and the key that the fingerprints were made with."""

    keys: KeyRing
    entries: tuple[Mapping[str, str], ...]
    key: bytes = field(repr=False)

    @property
    def known(self) -> frozenset[str]:
        return frozenset(entry["fingerprint"] for entry in self.entries)

    @classmethod
    def new(cls) -> Baseline:
        key = secrets.token_bytes(32)
        return cls(KeyRing.of(key), (), key)

    @classmethod
    def load(cls, path: Path) -> Baseline:
        """Raises BaselineError."""
        import orjson  # here and below: most scans have no baseline

        try:
            raw = orjson.loads(path.read_bytes())
            if raw["format"] != _FORMAT:
                raise BaselineError(f"{path}: format {raw['format']} is not known; upgrade leakstream")
            key = bytes.fromhex(raw["key"])
            entries = tuple(
                {name: str(entry[name]) for name in ("fingerprint", "rule", "path")}
                for entry in raw["findings"]
            )
            return cls(KeyRing.of(key), entries, key)
        except OSError as error:
            raise BaselineError(f"{path}: cannot be read: {error.strerror}") from error
        except (KeyFileError, KeyError, TypeError, ValueError) as error:
            raise BaselineError(f"{path}: not a baseline file of leakstream") from error

    def write(self, path: Path, hits: Iterable[Hit]) -> int:
        """Write what is known and `hits`, atomically, mode 0600. Returns how many weak ones were left out. Raises BaselineError."""
        import orjson

        kept = {entry["fingerprint"]: entry for entry in self.entries}
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
            "findings": sorted(kept.values(), key=lambda f: f["fingerprint"]),
        }
        temporary = path.with_name(path.name + ".part")
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(orjson.dumps(body, option=orjson.OPT_INDENT_2))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            raise BaselineError(f"{path}: cannot be written: {error.strerror}") from error
        return weak


def check_writable(path: Path) -> None:
    """Before a long scan. Raises BaselineError when a baseline cannot be written there."""
    if path.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise BaselineError(
            f"{path}: cannot be written: no folder that can be written to, or a folder itself"
        )
