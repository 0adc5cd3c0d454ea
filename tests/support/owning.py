"""Own secrets for tests: made at run time, fingerprinted, opened as the scanning process opens them."""

from __future__ import annotations

import random
import string
from collections.abc import Sequence
from pathlib import Path

from monitor.identity import KeyRing
from monitor.matcher.ownsecrets import OwnSecrets
from monitor.own import ownfile
from monitor.own.fingerprinting import fingerprint, merged
from monitor.own.reading import NamedSecret

KEYS = KeyRing.of(b"k" * 32, b"o" * 32)
ALPHABET = (string.ascii_letters + string.digits + "+/!-_.~").encode()


def secret(rng: random.Random, size: int = 32, alphabet: bytes = ALPHABET) -> bytes:
    """One that no rule knows, with a letter at both ends."""
    middle = bytes(rng.choice(alphabet) for _ in range(size - 2))
    return b"%c%s%c" % (rng.choice(b"KQXZkqxz"), middle, rng.choice(b"KQXZkqxz"))


def own_file(folder: Path, secrets: Sequence[bytes], *, selectors: bool = True, keys: KeyRing = KEYS) -> Path:
    """The file of these, named `own-0`, `own-1` …"""
    named = [NamedSecret(f"own-{number}", value) for number, value in enumerate(secrets)]
    outcome = fingerprint(named, keys, selectors=selectors)
    assert len(outcome.entries) == len(secrets), outcome.refused
    path = folder / "own.txt"
    ownfile.write(path, merged((), outcome))
    return path


def own_secrets(
    folder: Path, secrets: Sequence[bytes], *, selectors: bool = True, keys: KeyRing = KEYS
) -> OwnSecrets:
    return OwnSecrets.open(
        [own_file(folder, secrets, selectors=selectors, keys=keys)], keys, folder / "cache"
    )
