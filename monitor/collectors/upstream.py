"""Asking a source's server: the HTTP client, the credential's budget and the retry rules in one call.

Order: wait for the budget's slot, ask, learn from the answer. A limit is never retried here (`Limited` says how long to stay
away); no answer, 5xx and unreadable JSON are tried again with full jitter; a 4xx is a verdict and never repeated.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from monitor.budget import Budget, Limited, Outcome, backoff, token_ends
from monitor.collectors.base import SourceContext, Stopping
from monitor.http import MAX_BYTES, Failure, HttpClient, HttpError, Response, Validators
from monitor.metrics import Metrics

_T = TypeVar("_T")
_J = TypeVar("_J", bound=dict[str, object] | list[object])

_ATTEMPTS: Final = 3
# Failures that lie in what was asked for. A circle or a way into private addresses is the server's trouble of today.
_VERDICTS: Final = frozenset({Failure.TOO_LARGE, Failure.BAD_URL})


class UpstreamError(Exception):
    """No usable answer. `reason` is out of a closed set: a Failure, server_error, bad_shape, redirect, refused."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unavailable(UpstreamError):
    """Tried several times in vain; may work later."""


class Refused(UpstreamError):
    """The answer is no: repeating the same request is pointless. `status` is 0 when our own guard said it."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Ask:
    context: SourceContext
    url: str
    headers: Mapping[str, str] = field(repr=False)
    validators: Validators | None
    max_bytes: int
    method: str = "GET"


class Upstream:
    """One credential at one host, for one source. `headers` go with every request and to no other host; `authorize` gives the value of
    `Authorization` where a credential must be fetched first. `number` tells the credentials of one source apart.
    """

    def __init__(
        self,
        http: HttpClient,
        metrics: Metrics,
        budget: Budget,
        *,
        headers: Mapping[str, str] | None = None,
        authorize: Callable[[SourceContext], Awaitable[str]] | None = None,
        number: int = 1,
        attempts: int = _ATTEMPTS,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.budget = budget
        self.asked = 0  # requests that went out, ever
        self.heard_at: float | None = (
            None  # when the server last gave an answer of its own making, whatever it said
        )
        self._authorize = authorize
        self._number = number
        self._http = http
        self._metrics = metrics
        self._headers = dict(headers or {})
        self._attempts = attempts
        self._draw = draw

    async def get(
        self,
        context: SourceContext,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        validators: Validators | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> Response:
        """A 2xx, or with `validators` a 304. Raises Limited, Unavailable, Refused, Stopping."""
        return await self._tries(
            _Ask(context, url, self._with(headers), validators, max_bytes), lambda answer: answer
        )

    async def get_json(
        self,
        context: SourceContext,
        url: str,
        kind: type[_J],
        *,
        validators: Validators | None = None,
        max_bytes: int = MAX_BYTES,
        tries: int | None = None,
        having: str = "",
    ) -> tuple[_J, Response]:
        """The body as `kind` (an empty one for a 304), and the answer. A body of another shape, or without the key `having`, counts as no
        answer. `tries` replaces how often it is asked.
        """

        def parse(answer: Response) -> tuple[_J, Response]:
            body = kind() if answer.status == 304 else answer.json()
            if not isinstance(body, kind):
                raise ValueError("another kind of JSON")  # noqa: TRY004 - as for what is no JSON at all
            if having and answer.status != 304 and having not in body:
                raise ValueError("JSON of something else")
            return body, answer

        ask = _Ask(context, url, self._with(None), validators, max_bytes)
        return await self._tries(ask, parse, tries)

    async def post_json(
        self, context: SourceContext, url: str, kind: type[_J], *, headers: Mapping[str, str]
    ) -> tuple[_J, Response]:
        """As `get_json`, for the one thing that has to be asked with POST: a credential."""

        def parse(answer: Response) -> tuple[_J, Response]:
            body = answer.json()
            if not isinstance(body, kind):
                raise ValueError("another kind of JSON")  # noqa: TRY004 - as for what is no JSON at all
            return body, answer

        return await self._tries(_Ask(context, url, self._with(headers), None, MAX_BYTES, "POST"), parse)

    def allowance(self, seconds: float) -> float | None:
        """How many requests the next `seconds` may cost; None = the host named no limit."""
        return self.budget.allowance(seconds)

    def _with(self, headers: Mapping[str, str] | None) -> dict[str, str]:
        return {**self._headers, **(headers or {})}

    async def _tries(self, ask: _Ask, parse: Callable[[Response], _T], tries: int | None = None) -> _T:
        attempt = 0
        while True:
            try:
                async with self.budget.gate:
                    return await self._once(ask, parse)
            except Unavailable:
                attempt += 1
                if attempt >= (self._attempts if tries is None else tries):
                    raise
            if await ask.context.sleep(backoff(attempt, self._draw(), base=2.0, cap=30.0)):
                raise Stopping

    async def _once(self, ask: _Ask, parse: Callable[[Response], _T]) -> _T:
        context = ask.context
        wait = self.budget.reserve()
        if wait > 0 and await context.sleep(wait):
            raise Stopping
        answer = await self._answer(ask)
        outcome = self.budget.observe(answer.status, answer.headers, answer.body)
        if outcome is not Outcome.SERVER_ERROR:
            self.heard_at = context.now()
        self._measure(context.name, answer)
        match outcome:
            case Outcome.LIMITED:
                self._count(context, outcome.value)
                raise Limited(max(1.0, self.budget.blocked_until - context.now()))
            case Outcome.SERVER_ERROR:
                self._count(context, outcome.value)
                raise Unavailable(outcome.value)
            case Outcome.CLIENT_ERROR:
                self._count(context, outcome.value)
                raise Refused("refused", answer.status)
        if not 200 <= answer.status < 300 and not (ask.validators and answer.status == 304):
            self._count(context, "redirect")
            raise Refused("redirect", answer.status)
        try:
            parsed = parse(answer)
        except ValueError:
            self._count(context, "bad_shape")
            raise Unavailable("bad_shape") from None
        self._count(context, outcome.value)
        return parsed

    def _measure(self, source: str, answer: Response) -> None:
        """What the answer says of the credential."""
        if self.budget.limit is not None:
            self._metrics.budget_limit.labels(source).set(self.budget.limit)
        if self.budget.remaining is not None:
            self._metrics.budget_remaining.labels(source).set(self.budget.remaining)
        if (ends := token_ends(answer.headers)) is not None:
            name = source if self._number == 1 else f"{source}/{self._number}"
            self._metrics.expiry.labels("token", name).set(ends)

    async def _answer(self, ask: _Ask) -> Response:
        """Whatever the server says. Raises Unavailable, Refused: it says nothing."""
        headers = ask.headers
        if self._authorize is not None:
            headers = {**headers, "Authorization": await self._authorize(ask.context)}
        self.asked += 1
        try:
            return await self._http.request(
                ask.method, ask.url, headers=headers, validators=ask.validators, max_bytes=ask.max_bytes
            )
        except HttpError as error:
            self._count(ask.context, error.reason.value)
            raise (Refused if error.reason in _VERDICTS else Unavailable)(error.reason.value) from None

    def _count(self, context: SourceContext, outcome: str) -> None:
        self._metrics.source_requests.labels(context.name, outcome).inc()
