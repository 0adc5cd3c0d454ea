"""Looking for any eight characters of a secret, however they are written, in anything."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

import hyperscan

WINDOW = 8


def windows(secret: bytes, public: Iterable[bytes] = ()) -> set[bytes]:
    """Every eight bytes of `secret` that stand in none of `public`."""
    cut = {secret[at : at + WINDOW] for at in range(len(secret) - WINDOW + 1)}
    return {window for window in cut if not any(window in text for text in public)}


def forms(window: bytes) -> set[bytes]:
    """The window as it lies, in hex, in base64 at each alignment, URL-escaped and JSON-escaped."""
    found = {window, window.hex().encode(), window.hex().upper().encode()}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + window + b"\0\0")
        inner = encoded[-(-shift * 8 // 6) : (shift + len(window)) * 8 // 6]
        found |= {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}
    text = window.decode("latin-1")
    every = "".join(f"%{byte:02x}" for byte in window)
    found |= {quote(window).encode(), quote(window, safe="").encode(), every.encode(), every.upper().encode()}
    found |= {json.dumps(text)[1:-1].encode(), "".join(f"\\u{byte:04x}" for byte in window).encode()}
    return found


class Search:
    """`secrets` maps a name to its windows. A hit is told by name and place, never by its text."""

    def __init__(self, secrets: Mapping[str, set[bytes]]) -> None:
        self._names = list(secrets)
        literals = [
            (form, number)
            for number, name in enumerate(self._names)
            for window in secrets[name]
            for form in forms(window)
        ]
        self._database = hyperscan.Database()
        self._database.compile(
            expressions=[form for form, _ in literals],
            ids=[number for _, number in literals],
            elements=len(literals),
            flags=[hyperscan.HS_FLAG_SINGLEMATCH] * len(literals),
            literal=True,
        )

    def __call__(self, text: bytes) -> set[str]:
        """Names of the secrets that show in `text`."""
        found: set[str] = set()

        def hit(number: int, *_: object) -> None:
            found.add(self._names[number])

        self._database.scan(text, match_event_handler=hit)
        return found

    def places(self, texts: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, str]]:
        """(where, which secret) of every hit."""
        for where, text in texts:
            for name in sorted(self(text)):
                yield where, name
