"""Values that are no secrets because everybody has them: examples of documentations, keys that emulators and test suites come with, the
keys that a provider ships in its own public clients.

They are kept as salted digests, each with a reason, in `values.toml`; none is written out there. `python -m detectors.known` makes
the digests. Forms that a digest cannot list (any JWT of an emulator, any id that ends in EXAMPLE) are in `patterns`.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote_to_bytes

from detectors.encodings import unbase64
from detectors.known.patterns import matched
from detectors.remembering import remembered

VALUES: Final = Path(__file__).parent / "values.toml"
_SALT: Final = b"leakstream known value\0"
_LONGEST: Final = 4096
_NUMBERED: Final = re.compile(rb"[0-9A-Za-z]{2,8}(?:[ -][0-9A-Za-z]{1,8}){1,9}")
_PHRASE: Final = re.compile(rb"[A-Za-z]+(?:\s+[A-Za-z]+){11,23}")


@remembered
def reason_of(secret: bytes) -> str:
    """Why everybody has this value; "" when it is not known. Any bytes; linear; thread-safe."""
    if not secret or len(secret) > _LONGEST:
        return ""
    known = values()
    return next((known[text] for text in map(digest, forms(secret)) if text in known), "") or matched(secret)


def digest(value: bytes) -> str:
    """What stands for `value` in the file: 32 hex digits."""
    return hashlib.sha256(_SALT + hashlib.sha256(value).digest()).hexdigest()[:32]


def forms(secret: bytes) -> Iterator[bytes]:
    """The ways in which one value is written: as found, percent-decoded, without padding or the separators of a number, without
    `0x`, and what stands in base64 around it (a login: whole, and its password).
    """
    yield secret
    if b"%" in secret:
        yield unquote_to_bytes(secret)
    if secret.endswith(b"="):
        yield secret.rstrip(b"=")
    if secret[:2] in (b"0x", b"0X"):
        yield secret[2:].lower()
    if _NUMBERED.fullmatch(secret):
        yield secret.translate(None, b" -").upper()
    if _PHRASE.fullmatch(secret):
        yield b" ".join(secret.lower().split())
    decoded = unbase64(secret)
    if decoded and decoded.isascii():
        yield decoded
        if b":" in decoded:
            yield decoded.partition(b":")[2]


@cache
def values() -> Mapping[str, str]:
    """Digest -> reason; read once a process."""
    groups = tomllib.loads(VALUES.read_text())["group"]
    return MappingProxyType({text: group["reason"] for group in groups for text in group["values"]})
