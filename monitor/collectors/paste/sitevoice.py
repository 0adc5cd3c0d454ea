"""The sites of one source, each with its own voice: one site's trouble is told as its own blind span, and only when none of them
answers is the whole source blind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from monitor.collectors.base import SourceContext
from monitor.contracts import CoverageEvent, Document


class Choir:
    """Hands out the sites' contexts and keeps which of them are in trouble."""

    def __init__(self, context: SourceContext, sites: Sequence[str]) -> None:
        self._context = context
        self._sites = frozenset(sites)
        self._troubled: dict[str, str] = {}

    def voice(self, site: str) -> SourceContext:
        return cast("SourceContext", Voice(self._context, self, site))  # what it has not, the context has

    def tell(self, site: str, reason: str) -> None:
        """`reason` "" = the site answers."""
        if reason:
            self._troubled[site] = reason
        else:
            self._troubled.pop(site, None)
        if self._troubled.keys() == self._sites:
            self._context.failing(", ".join(f"{name}: {why}" for name, why in sorted(self._troubled.items())))
        elif not reason:
            self._context.healthy()


class Voice:
    """A SourceContext for one site: everything is the source's, but health and blind spans."""

    def __init__(self, context: SourceContext, choir: Choir, site: str) -> None:
        self._context = context
        self._choir = choir
        self._site = site
        self._trouble = ""
        self._blind_since = 0.0
        self._blind: list[CoverageEvent] = []  # spans that no emit has told yet

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    async def emit(
        self, documents: Sequence[Document] = (), *, coverage: Sequence[CoverageEvent] = (), **more: Any
    ) -> None:
        """See SourceContext.emit. Tells also how long the site's trouble has lasted."""
        self._note()
        told = len(self._blind)
        await self._context.emit(documents, coverage=[*self._blind, *coverage], **more)
        del self._blind[:told]

    def healthy(self) -> None:
        self._note()
        self._trouble = ""
        self._choir.tell(self._site, "")

    def failing(self, reason: str, since: float | None = None) -> None:
        self._note()
        if not self._trouble:
            self._blind_since = self.now() if since is None else min(since, self.now())
        self._trouble = reason
        self._choir.tell(self._site, reason)

    def _note(self) -> None:
        """The span that the trouble has lasted, since it was noted last."""
        now = self.now()
        if self._trouble and now > self._blind_since:
            self._blind.append(
                CoverageEvent(self.name, self._blind_since, now, blind=self._trouble, feed=self._site)
            )
            self._blind_since = now
