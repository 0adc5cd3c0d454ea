"""Looks again at places where a leak was found, when the alerting stage asks: is it still public?

A look costs one to four conditional requests, most of them answered 304. It asks with the credentials and within the budgets of the
sources that collect there, one place at a time at each host. What it says is a word: public, cleaned, removed, or nothing when the
server does not say; never a text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from pydantic import Field
from yarl import URL

from monitor.aio import cancel, spawn
from monitor.collectors.apisettings import Address
from monitor.collectors.base import SourceContext, SourcePlugin
from monitor.collectors.github.api import GitHubSettings
from monitor.collectors.recheck import pastebin
from monitor.collectors.recheck import target as targets
from monitor.collectors.recheck.facts import Facts
from monitor.collectors.recheck.github import GitHubLook
from monitor.collectors.recheck.others import KNOWN, ForgeSettings, GiteaLook, GitLabLook
from monitor.collectors.recheck.pages import PageLook
from monitor.collectors.recheck.target import NoVerdict, Target
from monitor.contracts import Request, Sighting
from monitor.tools import Tools

KIND: Final = "recheck"
_LOOK: Final = 2.0  # seconds between looks at what was asked
_KIB: Final = 1024


class RecheckSettings(GitHubSettings):
    """[sources.recheck]"""

    forges: tuple[ForgeSettings, ...] = Field(
        (),
        description="GitLab, Gitea and Forgejo servers; gitlab.com and codeberg.org are known, and asked without a token",
    )
    pastebin_url: Address = Field(
        "https://scrape.pastebin.com",
        description="Pastebin's scraping API; it answers subscribed addresses only",
    )
    per_minute: int = Field(
        60, ge=1, le=600, description="most places that the alerting stage asks about, a minute"
    )
    page_seconds: float = Field(
        5.0, ge=0, description="least time between two requests to the same host for any other page"
    )
    max_page_kib: int = Field(512, ge=1, le=16 * 1024, description="how much of a page is read, in KiB")


class _Look(Protocol):
    async def look(self, context: SourceContext, target: Target) -> str:
        """A word of `target`. Raises NoVerdict, Stopping."""

    async def prove(self, context: SourceContext) -> None:
        """Before `removed` is believed: is it the right server? Raises NoVerdict, Stopping."""


class Recheck:
    """`looks`: forge -> who knows it; `pages` takes all others."""

    def __init__(self, looks: Mapping[str, _Look], pages: _Look) -> None:
        self._looks = looks
        self._pages = pages

    async def run(self, context: SourceContext) -> None:
        while not context.stop.is_set():
            asked = await context.requested()
            lanes: dict[str, list[tuple[Request, Target]]] = {}
            for request in asked:
                target = targets.read(request.target) if request.kind == KIND else None
                if target is None:
                    context.dropped("bad_request")
                    await context.finished(request)
                else:
                    lanes.setdefault(_lane(target), []).append((request, target))
            if lanes:
                await self._work(context, list(lanes.values()))
            context.healthy()
            if not asked and await context.sleep(_LOOK):
                return

    async def _work(self, context: SourceContext, lanes: Sequence[Sequence[tuple[Request, Target]]]) -> None:
        """Hosts side by side, the places of one host one after the other."""
        tasks = [spawn(self._lane(context, lane), name="recheck lane") for lane in lanes]
        try:
            await asyncio.gather(*tasks)
        finally:
            await cancel(*tasks)

    async def _lane(self, context: SourceContext, lane: Sequence[tuple[Request, Target]]) -> None:
        for request, target in lane:
            if context.stop.is_set():
                return
            at = context.now()  # as of now: what changes while it is asked may not be seen
            try:
                look = self._looks.get(target.forge, self._pages)
                word = await look.look(context, target)
                if word == targets.REMOVED:
                    await look.prove(context)
            except NoVerdict as error:
                context.dropped(f"no_verdict_{error.reason}")
                word = ""
            answer = Sighting(context.name, "", at, answers=request.target, public=word)
            await context.emit(sightings=[answer])
            await context.finished(request)


def _lane(target: Target) -> str:
    try:
        return target.forge if not target.url else URL(target.url).host or target.forge
    except ValueError:
        return target.forge


def _build(settings: RecheckSettings, tools: Tools) -> Recheck:
    facts = Facts()
    github = GitHubLook(settings, tools, facts)
    looks: dict[str, _Look] = dict.fromkeys(github.forges, github)
    looks[pastebin.FORGE] = pastebin.PastebinLook(settings.pastebin_url, tools, facts)
    for forge in (*KNOWN, *settings.forges):  # what is configured comes later, and counts
        kind = GitLabLook if forge.kind == "gitlab" else GiteaLook
        looks[forge.forge] = kind(forge, tools, facts)
    pages = PageLook(tools, facts, interval=settings.page_seconds, max_bytes=settings.max_page_kib * _KIB)
    return Recheck(looks, pages)


PLUGIN: Final = SourcePlugin(
    RecheckSettings, _build, "whether what was found is still public, when the alerting stage asks"
)
