"""What kind of password hash a text is, by its shape: what a guesser must know first, and no secret."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

_KINDS: Final = (
    ("bcrypt", rb"\$2[abxy]\$[0-9]{2}\$[./0-9A-Za-z]{53}"),
    ("argon2", rb"\$argon2(?:id|i|d)\$.{20,}"),
    ("sha512crypt", rb"\$6\$.{20,}"),
    ("sha256crypt", rb"\$5\$.{20,}"),
    ("md5crypt", rb"\$(?:1|apr1)\$.{22,}"),
    ("yescrypt", rb"\$y\$.{20,}"),
    ("scrypt", rb"\$(?:7|scrypt)\$.{20,}"),
    ("phpass", rb"\$[PH]\$[./0-9A-Za-z]{31}"),
    ("pbkdf2", rb"pbkdf2[_:-].{20,}"),
    ("mysql", rb"\*[0-9A-F]{40}"),
    ("ssha", rb"\{SSHA\}.{20,}"),
    ("sha1", rb"[0-9a-fA-F]{40}|\{SHA\}.{28}"),
    ("md5", rb"[0-9a-fA-F]{32}"),
    ("sha256", rb"[0-9a-fA-F]{64}"),
    ("sha512", rb"[0-9a-fA-F]{128}"),
)
_COMPILED: Final = tuple((name, re.compile(text, re.DOTALL)) for name, text in _KINDS)
_SAMPLE: Final = 100


def kind(text: bytes) -> str:
    """The name of the hash; "" for none that is known. Linear."""
    return next((name for name, shape in _COMPILED if shape.fullmatch(text)), "")


def commonest(texts: Iterable[bytes]) -> str:
    """The kind that half of the first hundred are; "" where none is."""
    seen = Counter(kind(text) for text, _ in zip(texts, range(_SAMPLE), strict=False))
    name, count = seen.most_common(1)[0] if seen else ("", 0)
    return name if count * 2 >= seen.total() else ""
