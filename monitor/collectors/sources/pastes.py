"""Paste sites and feeds that are described in the configuration alone: each a list that is polled and items that are fetched.

Every site runs in a task of its own, with the budget of each of its hosts, its own position and its own coverage (`feed` = the site's
name), so that a dead one slows none of the others.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from pydantic import Field, StringConstraints
from yarl import URL

from monitor.aio import cancel, spawn
from monitor.collectors.base import SourceContext, SourcePlugin, SourceSettings
from monitor.collectors.paste.site import SiteSettings
from monitor.collectors.paste.sitevoice import Choir
from monitor.collectors.upstream import Upstream
from monitor.tools import Tools

SiteName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]


class Settings(SourceSettings):
    """[sources.pastes]"""

    sites: dict[SiteName, SiteSettings] = Field(
        min_length=1,
        description="a table each, [sources.pastes.sites.<name of yours>]; see docs/reference/sources/pastes.md",
    )

    @property
    def rhythm(self) -> float | None:
        return max((site.poll_seconds for site in self.sites.values()), default=None)


class Pastes:
    """The source: its sites side by side."""

    def __init__(self, settings: Settings, tools: Tools) -> None:
        from monitor.collectors.paste.work import SiteWork  # its parsers are heavy

        self._sites = [SiteWork(name, site, _Asker(site, tools)) for name, site in settings.sites.items()]

    async def run(self, context: SourceContext) -> None:
        choir = Choir(context, [site.name for site in self._sites])
        tasks = [
            spawn(site.run(choir.voice(site.name)), name=f"{context.name}:{site.name}")
            for site in self._sites
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            await cancel(*(task for task in tasks if not task.done()))


class _Asker:
    """The Upstream of each host of a site: one budget a host, shared with other sites there."""

    def __init__(self, site: SiteSettings, tools: Tools) -> None:
        self._site = site
        self._tools = tools
        self._known: dict[str, Upstream] = {}

    def __call__(self, url: str) -> Upstream:
        host = URL(url).host or ""
        if host not in self._known:
            budget = self._tools.http.budget(
                url, "address", interval=self._site.item_seconds, concurrency=1
            )  # no credential: we are told by our address
            self._known[host] = Upstream(self._tools.http, self._tools.metrics, budget)
        return self._known[host]


PLUGIN: Final = SourcePlugin(Settings, Pastes, "paste sites and feeds that the configuration describes")
