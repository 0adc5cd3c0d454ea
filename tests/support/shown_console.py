"""A console (and its API) full of exposures that look like those of a week at a company, for tests in the browser and for screenshots.

    async with shown_console(tmp_path) as shown:
        await tab.goto(shown.url("/exposures"))

Everything is made up: nobody of them exists, previews are masked as the matcher masks them, and no secret is anywhere. The store, the
ledger, the rules and the console are the real ones; the time is TODAY at 14:00 UTC and goes on from there.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ledgers import SIGNER, blind, push
from monitor.alerting.containment.duty import PrivacySettings
from monitor.alerting.exposures.desk import Exposures
from monitor.alerting.ownership import Ownership, WatchSettings
from monitor.alerting.ownership.desk import WatchDesk
from monitor.api.api import Api
from monitor.console.console import Console, Desks
from monitor.console.coverage import Coverage
from monitor.console.pulse import Pulse
from monitor.console.rulebook import RuleBook
from monitor.coverage.items import pack
from monitor.metrics import Metrics
from monitor.report.desk import Reports, Versions
from monitor.store import exposures as rows
from monitor.store import ledger, outbox, records
from monitor.store.engine import Store
from monitor.store.model import Exposure, NewSighting, Telling
from monitor.web import Web
from monitor.websettings import WebSettings
from shown_leaks import DAY, FEATURED, HOUR, LEAKS, MINUTE, NOW, TODAY, identity, made, places, ruleset


@dataclass(frozen=True, slots=True)
class Shown:
    """`people` does what the console does; `leaks` maps the short names of `LEAKS` to ids; `clock` is the console's."""

    address: str
    store: Store
    people: Exposures
    leaks: Mapping[str, str]
    clock: Callable[[], float]

    def url(self, path: str) -> str:
        return self.address + path

    @property
    def featured(self) -> str:
        """The address of the X (Twitter) exposure."""
        return self.url(f"/exposures/{self.leaks[FEATURED]}")

    async def leak(self, name: str, **other: Any) -> str:
        """One more exposure, opened just now; its id."""
        now = self.clock()
        times = {"first_published": now - 8, "first_seen": now, "last_seen": now, "opened_at": now}
        row = replace(made(name, "github-pat-classic", "acme/new-service", ".env", **times), **other)
        await put(self.store, row, places(row, 1))
        return row.id


async def put(store: Store, row: Exposure, sightings: list[NewSighting]) -> None:
    async with store.write() as connection:
        await rows.save(connection, new=[row], changed=())
        await rows.add_aliases(connection, [(row.id, "k1", row.id)])
        if row.level != "none":
            await rows.add_sightings(connection, sightings, {row.id: len(sightings)})


async def tell(store: Store, row: Exposure) -> None:
    """PagerDuty and Slack were told; the mail of the featured one waits."""
    at = row.opened_at
    names = ["pagerduty", "slack"] if row.action == "page" else ["slack"]
    names += ["email"] if row.id == identity(FEATURED) else []
    told = [
        Telling(key=f"{row.id[:8]}{name}", notifier=name, exposure_id=row.id, opening=1, change="opened", action=row.action, created_at=at, fetched_at=at)
        for name in names
    ]  # fmt: skip
    async with store.write() as connection:
        await outbox.enqueue(connection, told)
        for number, name in enumerate(n for n in names if n != "email"):
            due = await outbox.lease(connection, name, now=at + 1, until=at + 60, limit=1)
            await outbox.settle_delivered(connection, due, at=at + 2 + number)


async def remember(store: Store, row: Exposure) -> None:
    """Its access log, with two steps of the featured one ticked."""
    if not row.opening:
        return
    entries: list[tuple[float, str, str, dict[str, Any]]] = []
    if row.acknowledged_at is not None:
        entries += [(row.acknowledged_at - 40, row.acknowledged_by, "viewed", {})]
        entries += [(row.acknowledged_at, row.acknowledged_by, "acknowledged", {})]
    if row.revoked_at is not None:
        entries += [(row.revoked_at, row.acknowledged_by, "revoked", {"since": row.revoked_at})]
    if row.closed_at is not None:
        entries += [
            (row.closed_at, row.closed_by, "closed", {"reason": row.close_reason, "note": row.close_note})
        ]
    if row.id == identity("aws"):
        entries += [
            (NOW - 2.5 * HOUR, "ines", "ticked", {"step": "stop", "opening": 1}),
            (NOW - 2 * HOUR, "ines", "ticked", {"step": "rotate", "opening": 1}),
        ]
    async with store.write() as connection:
        for at, actor, verb, detail in sorted(entries, key=lambda entry: entry[0]):
            await records.add_audit(
                connection, at=at, actor=actor, verb=verb, exposure_id=row.id, detail=detail
            )


def watched(hours: int = 24) -> list[dict[str, Any]]:
    """What four sources told of the last hours, as the ledger takes it: two of them with blind intervals, one of these filled."""
    rng = random.Random(7)
    told: list[dict[str, Any]] = []
    begin = NOW - hours * HOUR
    dark = (NOW - 5 * HOUR, NOW - 5 * HOUR + 25 * MINUTE)
    for n in range(hours * 12):
        at = begin + 300.0 * n
        hour = (at % DAY) / HOUR
        lively = 0.6 + 0.4 * max(0.0, 1.0 - abs(hour - 15.0) / 9.0)
        if not dark[0] - 60 <= at < dark[1]:
            count = int(300 * lively + rng.randrange(30))
            items = (
                [push("acme/social-publisher", NOW - 47 * MINUTE)]
                if at <= NOW - 47 * MINUTE < at + 300
                else []
            )
            told.append(_poll("github_events", "/orgs/acme/events", at, count, pack(items)))
        if not NOW - 2 * HOUR <= at < NOW - 2 * HOUR + 40 * MINUTE:
            count = int(40 * lively + rng.randrange(12))
            back = (
                0.0 <= at - (NOW - 2 * HOUR + 40 * MINUTE) < 300.0
            )  # it did not meet the poll before the limit
            more = {"overlap": 0, "full": True} if back else {}
            told.append(_poll("pastebin", "archive", at, count, "", lost=rng.randrange(9), **more))
        told.append(_poll("gitlab", "/projects", at, int(120 * lively + rng.randrange(20)), ""))
        told.append(_poll("stackexchange", "/questions", at, int(30 * lively + rng.randrange(6)), ""))
    told.append(blind(*dark, "outage", feed="/orgs/acme/events"))
    told.append(blind(*dark, "", repairs="github_events", listed=640, source="gharchive"))
    told.append(
        blind(NOW - 2 * HOUR, NOW - 2 * HOUR + 40 * MINUTE, "limit", source="pastebin", feed="archive")
    )
    return told


def _poll(source: str, feed: str, at: float, count: int, items: str, **more: Any) -> dict[str, Any]:
    return {
        "source": source, "feed": feed, "since": at, "until": at + 300.0, "listed": count, "fetched": count - count // 9, "scanned": count - count // 8,
        "skipped": {"size": count // 9}, "overlap": 3, "oldest": at, "newest": at + 300.0, "items": items, **more,
    }  # fmt: skip


async def fill(store: Store) -> None:
    """All of it; takes a second."""
    for name, rule, repository, path, other in LEAKS:
        row = made(name, rule, repository, path, **other)
        row = replace(row, last_seen=row.first_seen + (row.sightings - 1) * 13 * MINUTE)
        await put(store, row, places(row))
        if row.action in ("page", "ticket") and row.mode != "exercise":
            await tell(store, row)
        await remember(store, row)
    async with store.write() as connection:
        await ledger.append(connection, watched(), now=NOW)
        await ledger.seal_now(connection, SIGNER, TODAY)


async def many(store: Store, count: int) -> None:
    """`count` more exposures of some hundred repositories, for tests of long lists."""
    rng = random.Random(11)
    rules = [name for _, name, *_ in LEAKS if name != "leakstream-canary"]
    batch = []
    for n in range(count):
        repository = f"acme/service-{rng.randrange(400)}"
        row = made(
            f"many {n}",
            rng.choice(rules),
            repository,
            f"src/part-{n}/config.env",
            age=rng.uniform(HOUR, 20 * DAY),
            preview="…",
        )
        if n % 3 == 0:
            row = replace(
                row,
                state="closed",
                closed_at=NOW - HOUR,
                closed_by="ines",
                close_reason="revoked",
                close_scope="leak",
            )
        batch.append(row)
    async with store.write() as connection:
        await rows.save(connection, new=batch, changed=())
        await rows.add_aliases(connection, [(row.id, "k1", row.id) for row in batch])


@asynccontextmanager
async def shown_console(
    folder: Path, *, live_seconds: float = 10.0, more: int = 0, settings: Mapping[str, Any] | None = None
) -> AsyncIterator[Shown]:
    """`more`: that many exposures beyond the believable ones; `settings`: of [web]. Without tokens in them nobody has to sign in."""
    begun = time.monotonic()

    def clock() -> float:
        return NOW + time.monotonic() - begun

    store = await Store.open(folder / "shown.db")
    try:
        await fill(store)
        await many(store, more)
        privacy = PrivacySettings.model_validate(
            {"authority": "the CNIL", "contact": "Ann Example, privacy officer"}
        )
        people = Exposures(store, Metrics(), clock=clock, privacy=privacy)
        desks = Desks(
            people,
            Reports(
                store, privacy, Versions("0.1.0", "ab" * 32, SIGNER.public), clock=clock, is_watched=_is_acme
            ),
            Coverage(store, clock=clock, is_watched=_is_acme),
            RuleBook(store, ruleset, clock=clock, alive=_alive),
            Pulse(store, clock=clock, checks={"match": list}, notes={"telling": _away}, notifiers=2),
        )
        listener = Web(WebSettings.model_validate({"port": 0, **(settings or {})}), Metrics())
        Console(desks, clock=clock, live_seconds=live_seconds).add_to(listener)
        Api(people, desks.coverage, _WATCH, desks.rules, desks.pulse, clock=clock).add_to(listener)
        await listener.start()
        try:
            leaks = {name: identity(name) for name, *_ in LEAKS}
            yield Shown(listener.address, store, people, leaks, clock)
        finally:
            await listener.close()
    finally:
        await store.close()


_ACME: Final = WatchSettings.model_validate({"organisations": ["acme"], "domains": ["acme.example"]})
_WATCH: Final = WatchDesk(_ACME, Ownership(_ACME))


def _is_acme(_: str, name: str) -> bool:
    return name.startswith("acme")


def _alive() -> Mapping[str, bool]:
    """Canaries of every tenth rule came through; of one not."""
    found = {rule.id: True for rule in list(ruleset().rules)[::10]}
    return found | {"twitter-consumer-secret": True, "aws-key-line": True, "stripe-live-secret-key": False}


def _away() -> list[str]:
    return ["email has taken nothing since 2026-11-22T13:21:40Z"]


async def _serve() -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        async with shown_console(Path(folder)) as shown:
            sys.stdout.write(f"{shown.address}\n{shown.featured}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
