"""Who may talk to the web listener: host names, the token, sessions, and proof that a change came from our own page. No I/O.

A session is a cookie `<expiry>.<nonce>.<HMAC>` keyed by the token: it needs no store, and a new token ends all sessions.
A page's CSRF token is an HMAC of the session under a key made at start, so that only what we served can post back.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Final
from urllib.parse import urlsplit

COOKIE: Final = "leakstream_session"
SESSION_SECONDS: Final = 12 * 3600
_OWN_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class Guard:
    """Thread-safe. Without a token everybody who reaches the listener (which is on loopback then) is in."""

    def __init__(
        self, *, token: str | None, allowed_hosts: Collection[str], clock: Callable[[], float]
    ) -> None:
        self._token = token.encode() if token is not None else None
        self._hosts = _OWN_NAMES | {name.lower().strip("[]") for name in allowed_hosts}
        self._clock = clock
        self._page_key = secrets.token_bytes(32)

    @property
    def needs_token(self) -> bool:
        return self._token is not None

    def knows_host(self, header: str) -> bool:
        """Whether a `Host` header names us, whatever the port. Against DNS rebinding."""
        try:
            name = urlsplit(f"//{header}").hostname
        except ValueError:
            return False
        return name is not None and name.rstrip(".") in self._hosts

    def is_token(self, given: str) -> bool:
        """In constant time."""
        return self._token is not None and hmac.compare_digest(_bytes(given), self._token)

    def new_session(self) -> str:
        """The value of a fresh cookie."""
        body = f"{int(self._clock()) + SESSION_SECONDS}.{secrets.token_urlsafe(16)}"
        return f"{body}.{self._sign(body)}"

    def is_session(self, cookie: str) -> bool:
        body, _, signature = cookie.rpartition(".")
        expiry = body.partition(".")[0]
        if self._token is None or not hmac.compare_digest(_bytes(signature), self._sign(body).encode()):
            return False
        return self._clock() < int(expiry)  # ours: the signature says so

    def page_token(self, session: str) -> str:
        """What a form of ours sends back. `session` is the cookie's value, "" without one."""
        return hmac.new(self._page_key, _bytes(session), hashlib.sha256).hexdigest()

    def is_page_token(self, given: str, session: str) -> bool:
        """In constant time."""
        return hmac.compare_digest(_bytes(given), self.page_token(session).encode())

    @staticmethod
    def is_same_origin(headers: Mapping[str, str]) -> bool:
        """Whether the browser says that the request comes from our own page; one that says nothing is believed."""
        site = headers.get("Sec-Fetch-Site")
        if site not in (None, "same-origin", "none"):
            return False
        origin = headers.get("Origin")
        return origin is None or urlsplit(origin).netloc.lower() == headers.get("Host", "").lower()

    def _sign(self, body: str) -> str:
        return hmac.new(self._token or b"", _bytes(f"session {body}"), hashlib.sha256).hexdigest()


def _bytes(text: str) -> bytes:
    """A header may hold any bytes: aiohttp gives them as lone surrogates."""
    return text.encode("utf-8", "surrogateescape")
