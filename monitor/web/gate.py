"""Who asks: a bearer token, the headers of a trusted proxy, a session; or, where none of these is configured, anybody on this host."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from aiohttp import web

from monitor.metrics import Metrics
from monitor.web.answers import refusal
from monitor.web.limits import Guesses
from monitor.web.proxy import Denied, Peer, Proxy, is_forwarded
from monitor.web.roles import LOCAL, How, Identity
from monitor.web.sessions import SESSION_SECONDS, Sessions
from monitor.web.tokens import Tokens

PEER: Final = web.RequestKey("peer", Peer)


class Reason(StrEnum):
    """Why somebody was refused: the label of leakstream_access_denied_total."""

    HOST = "host"  # a name that is not ours
    NO_CREDENTIALS = "no_credentials"
    WRONG = "wrong_credentials"
    GUESSING = "guessing"  # too many wrong tokens from there
    RATE = "rate"
    ROLE = "role"  # known, but not high enough
    NO_ROLE = "no_role"  # the proxy's groups give none
    BAD_HEADERS = "bad_headers"  # of the proxy
    STRANGE_HEADERS = "strange_headers"  # identity headers of somebody who is no trusted proxy: not believed
    FORWARDED = "forwarded"  # by a proxy that is not configured
    INGEST = "ingest"  # credentials that a route of its own did not accept
    NOT_OUR_PAGE = "not_our_page"  # a change without a page's token, or from elsewhere


class Refused(Exception):
    """`answer` goes out."""

    def __init__(self, reason: Reason, answer: web.Response) -> None:
        super().__init__(reason)
        self.reason = reason
        self.answer = answer


class Gate:
    """For one event loop."""

    def __init__(
        self, tokens: Tokens, proxy: Proxy, metrics: Metrics, *, secure: bool, clock: Callable[[], float]
    ) -> None:
        """`secure`: the console is reached by https only."""
        self._tokens = tokens
        self._proxy = proxy
        self._denied = metrics.access_denied
        self._secure = secure
        self._sessions = Sessions(clock)
        self._guesses = Guesses(clock)
        self.cookie = "__Host-leakstream" if secure else "leakstream_session"
        for reason in Reason:
            self._denied.labels(reason.value)

    @property
    def is_open(self) -> bool:
        """Nothing is configured: whoever reaches the listener, which is on loopback then, is in."""
        return not self._tokens and not self._proxy

    @property
    def has_tokens(self) -> bool:
        """There is something to sign in with."""
        return bool(self._tokens)

    def count(self, reason: Reason) -> None:
        """Somebody else refused it."""
        self._denied.labels(reason.value).inc()

    def refused(self, reason: Reason, status: int, sentence: str, **headers: str) -> Refused:
        """To be raised: counted already."""
        self._denied.labels(reason.value).inc()
        return Refused(reason, refusal(status, sentence, **headers))

    def peer(self, request: web.Request) -> Peer:
        return self._proxy.peer(request.remote or "", request.headers)

    def who(self, request: web.Request) -> Identity | None:
        """None: nobody. Raises Refused for credentials that are wrong: they are no reason to look for others."""
        peer = request[PEER]
        if "Authorization" in request.headers:
            return self._by_bearer(request.headers["Authorization"], peer)
        if self._proxy.names_somebody(request.headers):
            if not peer.trusted:
                self._denied.labels(Reason.STRANGE_HEADERS.value).inc()
            elif (found := self._by_proxy(request)) is not None:
                return found
        if self.is_open:
            if is_forwarded(request.headers):
                raise self.refused(
                    Reason.FORWARDED, 403, "a proxy stands in front: configure [[web.tokens]] or [web.proxy]"
                )
            return LOCAL
        return self._sessions.find(request.cookies.get(self.cookie, ""))

    def sign_in(self, request: web.Request, given: str, answer: web.StreamResponse) -> Identity | None:
        """Put a fresh session into the answer, and end the one that was; None when `given` is nobody's token. Raises Refused: too many
        wrong ones.
        """
        found = self._of_token(given.strip(), request[PEER])
        if found is None:
            self._denied.labels(Reason.WRONG.value).inc()
            return None
        self._sessions.end(request.cookies.get(self.cookie, ""))
        answer.set_cookie(
            self.cookie,
            self._sessions.begin(found),
            max_age=SESSION_SECONDS,
            path="/",
            httponly=True,
            secure=self._secure,
            samesite="Strict",
        )
        return found

    def sign_out(self, request: web.Request, answer: web.StreamResponse) -> None:
        """The session is gone here, too: its cookie is of no use any more."""
        self._sessions.end(request.cookies.get(self.cookie, ""))
        answer.del_cookie(self.cookie, path="/", httponly=True, secure=self._secure, samesite="Strict")

    def _by_bearer(self, header: str, peer: Peer) -> Identity:
        scheme, _, given = header.partition(" ")
        found = self._of_token(given.strip(), peer) if scheme.lower() == "bearer" else None
        if found is None:
            raise self.refused(Reason.WRONG, 401, "this token is not known here", WWW_Authenticate="Bearer")
        return found

    def _of_token(self, given: str, peer: Peer) -> Identity | None:
        if wait := self._guesses.wait(peer.address):
            raise self.refused(
                Reason.GUESSING,
                429,
                "too many wrong tokens from this address; wait",
                Retry_After=str(math.ceil(wait)),
            )
        found = self._tokens.find(given)
        if found is None:
            self._guesses.wrong(peer.address, given)
            return None
        return Identity(found.name, found.role, How.BEARER)

    def _by_proxy(self, request: web.Request) -> Identity | None:
        match self._proxy.identity(request.headers):
            case Denied.NO_ROLE:
                raise self.refused(
                    Reason.NO_ROLE, 403, "none of your groups may use this: see [web.proxy] groups"
                )
            case Denied.BAD_HEADERS:
                raise self.refused(Reason.BAD_HEADERS, 400, "the proxy's identity headers cannot be read")
            case found:
                return found
