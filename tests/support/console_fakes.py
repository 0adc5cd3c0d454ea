"""A running console over queries that a test scripts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from monitor.console.console import Console, Desks
from monitor.console.pulse import Beat, Sign
from monitor.metrics import Metrics
from monitor.store.facets import NAMES
from monitor.store.queries import Filter, Total
from monitor.store.unread import Unread
from monitor.web import Web
from monitor.websettings import WebSettings

LEAK = "ab" * 32
NOON = 1_700_049_600.0


def exposure(**other: Any) -> dict[str, Any]:
    """One exposure as monitor.alerting.exposures.view gives it."""
    made: dict[str, Any] = {
        "id": LEAK,
        "short": LEAK[:12],
        "state": "open",
        "opening": 1,
        "action": "page",
        "decision": "yours",
        "exercise": False,
        "found_by": "live",
        "what": {
            "rule": "example-token",
            "title": "Example token",
            "severity": "critical",
            "confidence": "high",
            "preview": "ex_…yz",
            "parts": ["example-key"],
            "facts": {"account": "123"},
        },
        "proof": {"verdict": "proved", "check": "crc32"},
        "owned": {
            "level": "proved",
            "score": 90,
            "reasons": [{"text": "the owner acme is your organisation"}],
        },
        "where": {"source": "git", "repository": "acme/code", "path": "a.env"},
        "first_published": None,
        "first_seen": "2026-06-01T15:00:00Z",
        "last_seen": "2026-06-02T15:00:00Z",
        "sightings": 2,
        "closed": None,
        "people": 0,
        "public": "public",
        "checked_at": "2026-06-02T16:00:00Z",
        "removed_at": None,
        "revoked_at": None,
        "acknowledged": None,
        "window": {"since": "2026-06-01T15:00:00Z", "until": None, "seconds": 90000.0, "ended_by": ""},
        "revoke": "Keys: delete it: https://example.com/revoke",
        "revoke_url": "https://example.com/revoke",
        "steps": ["Revoke it."],
        "personal": None,
        "places": [
            {
                "number": 1,
                "seen_at": "2026-06-01T15:00:00Z",
                "source": "git",
                "path": "a.env",
                "snippet": "x=ex_…yz\ny=1",
            }
        ],
        "checklist": [{"step": "stop", "text": "Revoke it.", "done": None}],
        "told": [],
        "changes": [],
        "history": [{"verb": "viewed", "actor": "console"}],
    }
    return made | other


@dataclass
class Listed:
    exposures: list[dict[str, Any]]
    total: Total
    next: str = ""


@dataclass
class FakeQueries:
    """Gives `found`; raises `error`; remembers what it was asked."""

    found: dict[str, Any] = field(default_factory=exposure)
    next: str = ""
    new: int = 0
    marked: str = "m1"
    error: Exception | None = None
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    close_reasons: tuple[str, ...] = ("revoked", "false_alarm")

    def _note(self, *call: Any) -> None:
        self.asked.append(call)
        if self.error is not None:
            raise self.error

    async def list(self, wanted: Filter, *, actor: str, limit: int = 50, after: str = "") -> Listed:
        self._note("list", wanted, actor, limit, after)
        return Listed([self.found], Total(1), self.next)

    async def show(self, name: str, *, actor: str) -> dict[str, Any]:
        self._note("show", name, actor)
        return self.found

    async def close(
        self, name: str, reason: str, *, actor: str, note: str = "", mark: str = ""
    ) -> dict[str, Any]:
        self._note("close", name, reason, actor, note)
        return self.found

    async def reopen(self, name: str, *, actor: str, note: str = "", mark: str = "") -> dict[str, Any]:
        self._note("reopen", name, actor)
        return self.found

    async def acknowledge(self, name: str, *, actor: str, mark: str = "") -> dict[str, Any]:
        self._note("acknowledge", name, actor)
        return self.found

    async def revoke(self, name: str, *, actor: str, mark: str = "") -> dict[str, Any]:
        self._note("revoke", name, actor)
        return self.found

    async def tick(self, name: str, step: str, *, done: bool, actor: str) -> dict[str, Any]:
        self._note("tick", name, step, done, actor)
        return self.found

    async def facets(self, wanted: Filter) -> dict[str, dict[str, int]]:
        return {name: {} for name in NAMES}

    async def newest(self, wanted: Filter) -> float:
        self._note("newest", wanted)
        return NOON + 0.25

    async def opened_since(self, wanted: Filter, since: float) -> int:
        self._note("opened_since", wanted, since)
        return self.new

    async def mark(self, name: str) -> str:
        return self.marked


@dataclass
class Text:
    text: str


class FakeReports:
    async def make(self, name: str, *, actor: str) -> Text:
        return Text(f"# Report of {name[:6]} for {actor}\n")


class FakePulse:
    async def beat(self) -> Beat:
        signs = (
            Sign("Seeing", "ok", "4 sources"),
            Sign("Telling", "trouble", "1 away", ("email <b>is away</b>",)),
        )
        return Beat(signs, Unread(2, LEAK, NOON), NOON)


@asynccontextmanager
async def console(queries: Any, **settings: Any) -> AsyncIterator[Web]:
    """The pages of exposures over `queries`; those of coverage and rules have nothing to show here."""
    listener = Web(WebSettings.model_validate({"port": 0, **settings}), Metrics())
    Console(Desks(queries, FakeReports(), None, None, FakePulse())).add_to(listener)
    await listener.start()
    try:
        yield listener
    finally:
        await listener.close()
