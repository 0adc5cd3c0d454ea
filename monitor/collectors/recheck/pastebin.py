"""Pastebin by its scraping API, whose terms allow it (the site's own pages are not for machines). An expired paste is gone there."""

from __future__ import annotations

import re
from typing import Final

from yarl import URL

from monitor.addresses import is_loopback
from monitor.collectors.base import SourceContext
from monitor.collectors.recheck.facts import GONE, Facts
from monitor.collectors.recheck.forges import THERE
from monitor.collectors.recheck.target import PUBLIC, REMOVED, NoVerdict, Target
from monitor.collectors.sources.pastebin import Body, judge
from monitor.collectors.upstream import Upstream
from monitor.http import Response
from monitor.tools import Tools

FORGE: Final = "pastebin.com"
_KEY: Final = re.compile(r"https://pastebin\.com/([A-Za-z0-9]{8})")
_INTERVAL: Final = 1.0  # seconds, as their terms ask
_META: Final = 64 * 1024


class PastebinLook:
    def __init__(self, base_url: str, tools: Tools, facts: Facts) -> None:
        # no credential: the account is told by our address
        interval = 0.0 if is_loopback(URL(base_url).host or "") else _INTERVAL
        budget = tools.http.budget(base_url, "address", interval=interval, concurrency=1)
        self._upstream = Upstream(tools.http, tools.metrics, budget)
        self._base = base_url
        self._facts = facts

    async def look(self, context: SourceContext, target: Target) -> str:
        """A word of `target`. Raises NoVerdict, Stopping."""
        key = _KEY.fullmatch(target.url)
        if key is None:
            raise NoVerdict("no_way")
        url = f"{self._base}/api_scrape_item_meta.php?i={key[1]}"
        found = await self._facts.ask(context, self._upstream, url, _read, max_bytes=_META)
        return PUBLIC if found else REMOVED

    async def prove(self, context: SourceContext) -> None:
        """What is gone is said in words here, by nobody else."""


def _read(answer: Response) -> str:
    found = judge(answer.body)
    if found is Body.GONE:
        return GONE
    if found not in (Body.CONTENT, Body.NOT_READY):
        raise ValueError(found.value)
    return THERE
