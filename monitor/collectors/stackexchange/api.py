"""Stack Exchange's API 2.3 as this service asks it, and its throttles (api.stackexchange.com/docs/throttle).

Errors are HTTP 400 with a JSON object, whatever went wrong. An answer may carry `backoff`: seconds in which the same method must not
be asked again. `quota_remaining` is for one UTC day. The same request must not be made twice within a minute.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from monitor.budget import Budget, Limited, Outcome, server_time
from monitor.collectors.base import SourceContext
from monitor.collectors.shapes import integer, items, obj, text
from monitor.collectors.stackexchange.post import METHODS
from monitor.collectors.upstream import Refused, Unavailable, Upstream
from monitor.http import HttpClient
from monitor.metrics import Metrics

LIMITS: Final = "limits"  # the cursor of what must be obeyed
PAGE_SIZE: Final = 100
PAGES_WITHOUT_KEY: Final = 25
REPEAT_SECONDS: Final = 61.0  # a minute, and a little for clocks that differ
_QUOTA: Final = {True: 10_000, False: 300}  # a day, with a key and without
_DAY: Final = 86_400.0
_SPENT: Final = 0.95  # of the quota: the address may be shared
_INTERVAL: Final = 1.0  # seconds between any two requests; 30 a second bring a ban
_MAX_BYTES: Final = 16 * 1024 * 1024
_SECONDS: Final = re.compile(r"available in (\d{1,7}) seconds")
_THROTTLED: Final = 502
_PASSING: Final = frozenset({500, 503})
_ERRORS: Final[Mapping[int, str]] = {
    400: "bad_parameter",
    401: "unauthorized",
    402: "unauthorized",
    403: "access_denied",
    404: "no_method",
    405: "key_required",
    406: "unauthorized",
}


class QuotaBudget(Budget):
    """The allowance of one key, or of one address without a key."""

    def __init__(self, *, clock: Callable[[], float], with_key: bool) -> None:
        super().__init__(clock=clock, concurrency=1, interval=_INTERVAL)
        self.error = ""  # what the last refusal was, out of a closed set
        self._quota = _QUOTA[with_key]
        self._now = clock

    def observe(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> Outcome:
        """As ever, with the API's own errors inside HTTP 400."""
        if status != 400:
            return super().observe(status, headers, body)
        try:
            raw = orjson.loads(body)
        except ValueError:
            raw = None
        number = integer(raw, "error_id") or 0
        self.error = _ERRORS.get(number, "refused")
        if number == _THROTTLED or text(raw, "error_name") == "throttle_violation":
            told = _SECONDS.search(text(raw, "error_message"))
            # without a number it is 60 s that grow, as for any server that says no more than "too many"
            return super().observe(429, {"Retry-After": told[1]} if told else {})
        return Outcome.SERVER_ERROR if number in _PASSING else Outcome.CLIENT_ERROR

    def told(self, wrapper: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        """What an answer's wrapper says of the day's quota."""
        remaining = integer(wrapper, "quota_remaining")
        if remaining is None:
            return
        there = server_time(headers, self._now())
        left = _DAY - there % _DAY  # the day is UTC's, by the server's clock
        self.remaining, self.reset_at = max(0, remaining), self._now() + left
        if remaining <= 0:
            self.block(left)

    @property
    def pace(self) -> float:
        """Seconds between two requests that make the rest of the quota, less a twentieth, last for the rest of the day."""
        now = self._now()
        if self.remaining is None or self.reset_at is None or self.reset_at <= now:
            return _DAY / self._quota
        return (self.reset_at - now) / max(1.0, self.remaining * _SPENT)


@dataclass(frozen=True, slots=True)
class Page:
    """One page: `more` says whether there is another one after it."""

    items: list[Any] = field(repr=False)
    more: bool


class StackExchange:
    """The calls. For one task. All raise Limited, Unavailable, Refused, Stopping."""

    def __init__(
        self, http: HttpClient, metrics: Metrics, clock: Callable[[], float], *, base_url: str, key: str
    ) -> None:
        self.budget = QuotaBudget(clock=clock, with_key=bool(key))
        self.pages = 1000 if key else PAGES_WITHOUT_KEY
        self.asked_at = 0.0
        self._base = base_url
        self._key = key
        self._ready: dict[str, float] = {}
        # once: a second try within a minute would be an identical request
        self._upstream = Upstream(http, metrics, self.budget, attempts=1)

    def ready_at(self, method: str) -> float:
        """From when on the method may be asked again."""
        return self._ready.get(method, 0.0)

    def save(self) -> str:
        """What must be obeyed after a restart, too."""
        told = {"asked_at": self.asked_at, "blocked": self.budget.blocked_until, "ready": self._ready}
        return orjson.dumps(told).decode()

    def restore(self, saved: str | None) -> None:
        raw = orjson.loads(saved) if saved else {}
        self.asked_at = float(raw.get("asked_at", 0.0))
        self.budget.blocked_until = float(raw.get("blocked", 0.0))
        self._ready = {name: float(until) for name, until in obj(raw, "ready").items()}

    async def page(self, context: SourceContext, site: str, method: str, *, since: int, number: int) -> Page:
        """The items of `method` from `since` (epoch seconds, of what it is sorted by) on, in ascending order."""
        sort = METHODS[method][1]
        # `fromdate` is about the creation; only `min` is about what the list is sorted by, and shows old posts that were edited
        bound = "min" if sort == "activity" else "fromdate"
        query = {
            "site": site,
            "order": "asc",
            "sort": sort,
            bound: since,
            "page": number,
            "pagesize": PAGE_SIZE,
        }
        query |= {"filter": "withbody"} | ({"key": self._key} if self._key else {})
        url = f"{self._base}/{method}?{urlencode(query)}"
        self.asked_at = context.now()
        await self._remember(context)
        try:
            raw, answer = await self._upstream.get_json(context, url, dict, max_bytes=_MAX_BYTES)
        except Refused as error:
            raise (Refused(self.budget.error, 400) if error.status == 400 else error) from None
        except Limited:
            await self._remember(context)
            raise
        self.budget.told(raw, answer.headers)
        backoff = integer(raw, "backoff")
        if backoff is not None and backoff > 0:
            self._ready[method] = context.now() + min(backoff, _DAY)
        if backoff or self.budget.blocked_until > context.now():
            await self._remember(context)
        if not isinstance(raw.get("items"), list):
            raise Unavailable("bad_shape")
        return Page(items(raw["items"]), more=raw.get("has_more") is True)

    async def _remember(self, context: SourceContext) -> None:
        await context.state.save_cursor(context.name, self.save(), LIMITS)
