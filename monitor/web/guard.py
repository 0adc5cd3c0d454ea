"""Against other people's pages: which host names are ours, and proof that a change came from a page of ours. No I/O.

A page's CSRF token is an HMAC of who it was shown to (a session, a proxy's user) under a key made at start, so that only what we served to
him can post back.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import urlsplit

_OWN_PATH: Final = re.compile(r"/(?:[A-Za-z0-9_.~%=&?+-][A-Za-z0-9_.~%=&?+/-]*)?")
_OWN_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class Guard:
    """Thread-safe."""

    def __init__(self, allowed_hosts: Collection[str]) -> None:
        self._hosts = _OWN_NAMES | {name.lower().strip("[]") for name in allowed_hosts}
        self._page_key = secrets.token_bytes(32)

    def knows_host(self, header: str) -> bool:
        """Whether a `Host` header names us, whatever the port. Against DNS rebinding."""
        try:
            name = urlsplit(f"//{header}").hostname
        except ValueError:
            return False
        return name is not None and name.rstrip(".") in self._hosts

    def page_token(self, mark: str) -> str:
        """What a form of ours sends back. `mark`: of the identity that the page is for, "" for nobody in particular."""
        return hmac.new(self._page_key, _bytes(mark), hashlib.sha256).hexdigest()

    def is_page_token(self, given: str, mark: str) -> bool:
        """In constant time."""
        return hmac.compare_digest(_bytes(given), self.page_token(mark).encode())

    @staticmethod
    def is_same_origin(headers: Mapping[str, str]) -> bool:
        """Whether the browser says that the request comes from our own page; one that says nothing is believed."""
        site = headers.get("Sec-Fetch-Site")
        if site not in (None, "same-origin", "none"):
            return False
        origin = headers.get("Origin")
        return origin is None or urlsplit(origin).netloc.lower() == headers.get("Host", "").lower()


def is_own_path(text: str) -> bool:
    """Whether it can only lead to a page of ours: to go back to after signing in."""
    return _OWN_PATH.fullmatch(text) is not None


def _bytes(text: str) -> bytes:
    """A header may hold any bytes: aiohttp gives them as lone surrogates."""
    return text.encode("utf-8", "surrogateescape")
