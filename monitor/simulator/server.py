"""The small internet on one loopback port: world, APIs, faults, journal, receiver.

simulator = Simulator(SimulatorConfig(seed=7), maker=maker)
await simulator.start()
simulator.publish(100)
...                        # point the service at simulator.github_url, .pastebin_url, .hook_url("pager")
simulator.truth            # what was planted where
simulator.journal          # who asked what
simulator.receiver         # what arrived
await simulator.stop()
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from aiohttp import web

from monitor.aio import sleep_until
from monitor.listener import Listener
from monitor.plugins import discover
from monitor.simulator import sites as site_package
from monitor.simulator.faults import FAULT, Faults, carry_out, diverted, skew
from monitor.simulator.gists import Gists
from monitor.simulator.github import Events
from monitor.simulator.github_app import Apps
from monitor.simulator.github_gate import Gate
from monitor.simulator.github_repos import Repositories
from monitor.simulator.github_search import Search
from monitor.simulator.github_tokens import Tokens
from monitor.simulator.journal import Asked, Journal, client_of
from monitor.simulator.model import Planting, SecretMaker
from monitor.simulator.pastebin import Pastebin
from monitor.simulator.publisher import Mix, Publisher
from monitor.simulator.receiver import Receiver
from monitor.simulator.site import Ground, Site, SitePlugin
from monitor.simulator.world import World

_TICK: Final = 0.02  # seconds: above 50 things a second several happen at once


@dataclass(frozen=True, slots=True)
class SimulatorConfig:
    """Delays, limits and intervals default to the real ones, but for the feed's five minutes."""

    seed: int = 0
    mix: Mix = field(default_factory=Mix)
    poll_interval: int = 60  # seconds, the X-Poll-Interval of the event feeds
    feed_delay: float = 0.0  # seconds until an event shows up (the real feed: 30 s to 6 h)
    late_ratio: float = 0.05  # of the events, up to `late_by` seconds later than the others
    late_by: float = 30.0
    per_hour_with_token: int = 5000
    per_hour_without_token: int = 60
    points_per_minute: int = 900
    concurrent: int = 100
    kept_pushes: int = 20_000  # what is older cannot be compared any more
    sites: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict
    )  # further ones that take part: name -> options


class Simulator:
    """One server. `maker` makes the credentials (`monitor.simulator.credentials.rule_maker()` for those of our rules)."""

    def __init__(
        self,
        config: SimulatorConfig | None = None,
        *,
        maker: SecretMaker,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.config = config = config or SimulatorConfig()
        self.clock = clock
        self.world = World(
            config.seed,
            feed_delay=config.feed_delay,
            late_ratio=config.late_ratio,
            late_by=config.late_by,
            kept_pushes=config.kept_pushes,
        )
        self.journal = Journal()
        self.base_url = ""
        self.sites = self._build_sites()
        self.publisher = Publisher(
            self.world,
            maker,
            config.mix,
            seed=config.seed,
            sites={name: (site.publish, plugin.weight) for name, (plugin, site) in self.sites.items()},
        )
        self.faults = Faults(clock, config.seed)
        self.receiver = Receiver(clock)
        self.tokens = Tokens()
        self.search = Search(self.world, self.journal, clock, lambda: self.github_url)
        self.before_answer: Callable[[], None] = lambda: (
            None
        )  # whoever publishes by the clock catches up here
        self._listener: Listener | None = None
        self._gate = Gate(
            clock,
            with_token=config.per_hour_with_token,
            without_token=config.per_hour_without_token,
            points_per_minute=config.points_per_minute,
            concurrent=config.concurrent,
            journal=self.journal,
            tokens=self.tokens,
        )

    @property
    def truth(self) -> Sequence[Planting]:
        """Every place where a credential was published, in order."""
        return self.world.truth

    @property
    def github_url(self) -> str:
        """For `https://api.github.com`."""
        return f"{self.base_url}/github"

    @property
    def pastebin_url(self) -> str:
        """For `https://scrape.pastebin.com`."""
        return f"{self.base_url}/pastebin"

    def site_url(self, name: str) -> str:
        """The root of a further site."""
        return f"{self.base_url}/{name}"

    def hook_url(self, name: str) -> str:
        """Where a notifier delivers; `name` tells several apart."""
        return f"{self.base_url}/hooks/{name}"

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen; returns the base URL. Raises OSError when the port is taken."""
        app = web.Application(middlewares=[self._observe], client_max_size=16 * 1024 * 1024)
        github, root = (lambda: self.github_url), (lambda: self.base_url)
        events = Events(
            self.world,
            self._gate,
            self.clock,
            github,
            poll_interval=self.config.poll_interval,
            journal=self.journal,
        )
        for part in (
            events,
            Repositories(self.world, self._gate, github),
            Apps(self.world, self._gate, self.clock),
            Gists(self.world, self._gate, github),
            self.search,
            Pastebin(self.world, self.clock, root),
            self.receiver,
        ):
            app.add_routes(part.routes())
        for _, site in self.sites.values():
            app.add_routes(site.routes())
        self._listener = await Listener.open(app, host, port, grace=0.5)
        self.base_url = self._listener.url
        return self.base_url

    async def stop(self) -> None:
        """Idempotent. Hanging requests are cut."""
        if self._listener is not None:
            await self._listener.close()

    def publish(self, count: int = 1, *, at: float | None = None) -> None:
        """`count` things happen at once."""
        moment = self.clock() if at is None else at
        for _ in range(count):
            self.publisher.publish(moment)

    async def run(self, rate: float, *, stop: asyncio.Event, count: int | None = None) -> None:
        """Publish `rate` things a second (real time) until `stop` is set, or `count` of them."""
        loop = asyncio.get_running_loop()
        begun, done = loop.time(), 0
        while not stop.is_set() and (count is None or done < count):
            due = int((loop.time() - begun) * rate) + 1
            if count is not None:
                due = min(due, count)
            self.publish(due - done)
            done = due
            await sleep_until(stop, max(_TICK, begun + done / rate - loop.time()))

    def _build_sites(self) -> dict[str, tuple[SitePlugin, Site]]:
        """Raises KeyError for a site that there is not."""
        known = discover(site_package, SitePlugin, "SITE") if self.config.sites else {}
        built: dict[str, tuple[SitePlugin, Site]] = {}
        for name, options in self.config.sites.items():
            ground = Ground(
                name,
                self.world,
                self.journal,
                self.clock,
                partial(self.site_url, name),
                random.Random(f"{name} {self.config.seed}"),
                options,
            )
            built[name] = (known[name], known[name].build(ground))
        return built

    @web.middleware
    async def _observe(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self.before_answer()
        route = request.match_info.route.name or "unknown"
        if route == "receiver":
            route = f"receiver.{request.match_info['name']}"
        fault = self.faults.pick(route)
        status = 0  # 0 = the connection was cut
        try:
            answer = None
            if fault is not None:
                request[FAULT] = fault
                if route.startswith("receiver."):
                    await self.receiver.refuse(request)
                answer = await carry_out(fault, request)
            answer = answer or await handler(diverted(fault, request))
            skew(fault, answer, self.clock())
            status = answer.status
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            asked = Asked(
                at=self.clock(),
                client=client_of(request),
                route=route,
                method=request.method,
                path=request.path,
                query=dict(request.query),
                conditional="If-None-Match" in request.headers,
                status=status,
                fault=fault.kind.value if fault else "",
                user_agent=request.headers.get("User-Agent", ""),
            )
            self.journal.add(asked)
        return answer
