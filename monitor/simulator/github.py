"""GitHub's event feeds and the rest of the API that is not about one repository. Routes under /github."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Final

from aiohttp import web

from monitor.simulator import github_json
from monitor.simulator.clock import http_date
from monitor.simulator.faults import FAULT, FaultKind
from monitor.simulator.feed import WINDOW_EVENTS, Part, parts_of
from monitor.simulator.github_gate import Gate, answer, error, link, paging, weak_etag
from monitor.simulator.journal import Journal, client_of
from monitor.simulator.world import World

_ROUNDING: Final = 0.5  # seconds: a client that waits exactly as long as it was told
_PAGINATION: Final = "In order to keep the API fast for everyone, pagination is limited for this resource."


class Events:
    """GET /events and the feeds of one repository, organisation or user: 300 events, 422 on the page behind them."""

    def __init__(
        self,
        world: World,
        gate: Gate,
        clock: Callable[[], float],
        base_url: Callable[[], str],
        *,
        poll_interval: int,
        journal: Journal | None = None,
    ) -> None:
        self._journal = Journal() if journal is None else journal  # an empty one is false
        self._polled: dict[str, dict[str, float]] = {}  # feed -> client -> when it asked last
        self._world = world
        self._gate = gate
        self._clock = clock
        self._base = base_url
        self._interval = poll_interval

    def routes(self) -> list[web.RouteDef]:
        wrap = self._gate.wrap
        return [
            web.get("/github/events", wrap(self.everything), name="github.events"),
            web.get(
                "/github/repos/{owner}/{repo}/events", wrap(self.of_repository), name="github.repo_events"
            ),
            web.get(
                "/github/networks/{owner}/{repo}/events",
                wrap(self.of_repository),
                name="github.network_events",
            ),
            web.get("/github/orgs/{owner}/events", wrap(self.of_owner), name="github.org_events"),
            web.get("/github/users/{login}/events/public", wrap(self.of_user), name="github.user_events"),
            web.get("/github/rate_limit", self._gate.free(self.rate_limit), name="github.rate_limit"),
        ]

    async def everything(self, request: web.Request) -> web.Response:
        return self._feed(request, None)

    async def of_repository(self, request: web.Request) -> web.Response:
        repository = self._world.find("{owner}/{repo}".format(**request.match_info))
        if repository is None:
            return error(404, "Not Found")
        return self._feed(request, ("repository", str(repository.id)))

    async def of_owner(self, request: web.Request) -> web.Response:
        owner = request.match_info["owner"].lower()
        return self._feed(request, ("owner", owner))

    async def of_user(self, request: web.Request) -> web.Response:
        login = request.match_info["login"].lower()
        return self._feed(request, ("actor", login))

    async def rate_limit(self, request: web.Request) -> web.Response:
        """Free of the hourly budget."""
        budget = self._gate.limits(request).budget
        core = {
            "limit": budget.limit,
            "used": budget.used,
            "remaining": budget.remaining,
            "reset": budget.reset,
        }
        return answer({"resources": {"core": core}, "rate": core})

    def _feed(self, request: web.Request, part: Part | None) -> web.Response:
        page, size = paging(request)
        now = self._clock()
        if (page - 1) * size >= WINDOW_EVENTS:
            self._journal.violate(request, "page_limit", at=now)
            return error(422, _PAGINATION)
        if page == 1:
            self._judge_pace(request, now)
        fault = request.get(FAULT)
        if fault and fault.kind is FaultKind.STALE:
            stale = self._world.feed.stale(now, fault.seconds)
            events = [event for event in stale if part is None or part in parts_of(event)]
        else:
            events = self._world.feed.newest(now, part)
        shown = events[(page - 1) * size : min(page * size, WINDOW_EVENTS)]
        if part is None:
            self._journal.show(shown)
        body = [github_json.event(self._base(), event) for event in shown]
        last = max(1, ceil(len(events) / size))
        newest = shown[0].created_at if shown else now
        accept = request.headers.get("Accept", "")
        version = self._world.feed.version if part is None else [event.id for event in shown]
        tag = f"{version} {page} {size} {accept} {request.path} {len(shown)} {newest}"
        return answer(
            body,
            headers={
                "ETag": weak_etag(tag.encode()),
                "Cache-Control": "public, max-age=60, s-maxage=60",
                "Last-Modified": http_date(newest),
                "X-Poll-Interval": str(self._interval),
                **link(f"{self._base()}{request.path.removeprefix('/github')}?", page, size, last),
            },
        )

    def _judge_pace(self, request: web.Request, now: float) -> None:
        """A feed is polled once in its interval by a client, and the public one by a single client."""
        clients = self._polled.setdefault(request.path, {})
        client = client_of(request)
        if now - clients.get(client, -1e18) < self._interval - _ROUNDING:
            self._journal.violate(request, "poll_interval", at=now)
        clients[client] = now
        recent = [at for at in clients.values() if at > now - 10 * self._interval]
        if request.path == "/github/events" and len(recent) > 1:
            self._journal.violate(request, "several_pollers", at=now)
