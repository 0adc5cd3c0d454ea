"""The whole API on a real store, in a thread of its own, for clients that block."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alerting_samples import NOON, WATCH, exposure, fingerprint, open_store, place, put
from collecting import MemoryProducer, MemoryState
from detectors import load_rules
from ingesting import TOKEN as INGEST_TOKEN
from monitor.aio import spawn
from monitor.alerting.exposures.desk import Exposures
from monitor.alerting.exposures.places import coverage_objects
from monitor.alerting.ownership import Ownership
from monitor.alerting.ownership.desk import WatchDesk
from monitor.api.api import Api
from monitor.collectors.context import Context
from monitor.collectors.sources.ingest import PLUGIN, Settings
from monitor.console.coverage import Coverage
from monitor.console.pulse import Pulse
from monitor.console.rulebook import RuleBook
from monitor.contracts import CoverageEvent
from monitor.http import HttpClient
from monitor.metrics import Metrics
from monitor.store import exposures as stored
from monitor.store import ledger
from monitor.store.engine import Store
from monitor.tools import Tools
from monitor.web import Web
from monitor.websettings import WebSettings
from web_samples import People

NOW = NOON + 3600.0
COUNT = 12


@dataclass(frozen=True)
class ApiSite:
    url: str
    people: People
    store: Store
    metrics: Metrics
    document: dict[str, Any]


@asynccontextmanager
async def api_site(folder: Path, *, ingest: bool = False) -> AsyncIterator[ApiSite]:
    """A dozen exposures, some sightings, an hour of coverage, people of each role; with `ingest` the source beside it."""
    people, metrics = People(folder), Metrics()
    store = await open_store(folder)
    await _fill(store)
    given = {"port": 0, "requests_per_minute": 1_000_000, **people.settings}
    listener = Web(WebSettings.model_validate(given), metrics, clock=lambda: NOW)
    watched = {"clock": lambda: NOW}
    api = Api(
        Exposures(store, metrics, **watched),
        Coverage(store, **watched, is_watched=lambda *_: False),
        WatchDesk(WATCH, Ownership(WATCH)),
        RuleBook(store, load_rules, **watched, alive=dict),
        Pulse(store, **watched, checks={}, notes={}, notifiers=1),
        clock=lambda: NOW,
    )
    api.add_to(listener)
    stop, running = asyncio.Event(), None
    http = HttpClient(user_agent="tests")
    if ingest:
        settings = Settings.model_validate({"tokens": [{"name": "ci", "token": INGEST_TOKEN}]})
        source = PLUGIN.build(settings, Tools(http=http, metrics=metrics, state=folder, web=listener))
        context = Context(
            "ingest",
            stop=stop,
            state=MemoryState(),
            producer=MemoryProducer(),
            metrics=metrics,
            clock=lambda: NOW,
        )
        running = spawn(source.run(context), name="ingest")
    await listener.start()
    try:
        yield ApiSite(listener.address, people, store, metrics, api.described())
    finally:
        await listener.close()
        stop.set()
        if running is not None:
            await running
        await http.close()
        await store.close()


@contextmanager
def served_apart(folder: Path, **more: Any) -> Iterator[ApiSite]:
    """The same, in a thread: its loop ends with it."""
    ready, end = threading.Event(), threading.Event()
    found: list[ApiSite] = []

    async def serve() -> None:
        async with api_site(folder, **more) as site:
            found.append(site)
            ready.set()
            await asyncio.to_thread(end.wait)

    with ThreadPoolExecutor(1) as pool:
        served = pool.submit(lambda: asyncio.run(serve()))
        served.add_done_callback(lambda _: ready.set())
        ready.wait()
        try:
            if found:
                yield found[0]
        finally:
            end.set()
        served.result()


async def _fill(store: Store) -> None:
    rows = [
        exposure("a" if n == 0 else str(n), last_seen=NOON + n - 1, repository=f"acme/code-{n}")
        for n in range(COUNT)
    ]
    nobodys = exposure("nobodys", level="none", reasons=(), score=0, preview="")
    await put(store, *rows, nobodys)
    async with store.write() as connection:
        some = [place(1, at=NOON), place(2, at=NOON + 5)]
        await stored.add_sightings(connection, some, {fingerprint("a"): 1})
        polls = [
            CoverageEvent(
                source="forge", feed="events", since=NOON + n * 60, until=NOON + n * 60 + 60,
                listed=5, fetched=4, scanned=4,
            )
            for n in range(30)
        ]  # fmt: skip
        await ledger.append(
            connection, [row for poll in polls for row in coverage_objects(poll)], now=NOON + 2000
        )
