"""Any other address: a paste, a question, a page. Asked plainly, once, without a credential; what comes back is thrown away.

A page that says "200" for what was deleted counts as public: nobody can tell.
"""

from __future__ import annotations

from typing import Final

from yarl import URL

from monitor.collectors.base import SourceContext
from monitor.collectors.recheck.facts import Facts
from monitor.collectors.recheck.forges import THERE
from monitor.collectors.recheck.target import PUBLIC, REMOVED, NoVerdict, Target
from monitor.collectors.upstream import Upstream
from monitor.http import Response
from monitor.tools import Tools

_ELSEWHERE: Final = "elsewhere"
_GATES: Final = ("login", "signin", "sign_in", "captcha", "consent")


class PageLook:
    """`interval`: least seconds between two requests to one host; `max_bytes` of a page."""

    def __init__(self, tools: Tools, facts: Facts, *, interval: float, max_bytes: int) -> None:
        self._tools = tools
        self._facts = facts
        self._interval = interval
        self._max_bytes = max_bytes

    async def look(self, context: SourceContext, target: Target) -> str:
        """A word of `target`. Raises NoVerdict, Stopping."""
        if not target.url.startswith(("https://", "http://")):
            raise NoVerdict("no_way")
        budget = self._tools.http.budget(target.url, "address", interval=self._interval, concurrency=1)
        upstream = Upstream(self._tools.http, self._tools.metrics, budget, attempts=1)

        def read(answer: Response) -> str:
            return _ELSEWHERE if _is_elsewhere(target.url, answer.url) else THERE

        found = await self._facts.ask(
            context, upstream, target.url, read, max_bytes=self._max_bytes, too_large=THERE
        )
        if found == _ELSEWHERE:
            raise NoVerdict("redirected")
        return PUBLIC if found else REMOVED

    async def prove(self, context: SourceContext) -> None:
        """Every page is an address of its own."""


def _is_elsewhere(asked: str, came: str) -> bool:
    """Whether a redirect ended at a front page or a gate: that says nothing of what was asked for."""
    wanted, found = URL(asked), URL(came)
    if wanted.path == found.path:
        return False
    return found.path in ("", "/") or any(word in found.path.lower() for word in _GATES)
