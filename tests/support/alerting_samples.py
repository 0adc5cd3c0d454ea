"""Findings, rows and services for the tests of store and alerting. Everything is synthetic; no secret is anywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from monitor.alerting.fold import Route
from monitor.alerting.ownership import Ownership, WatchSettings
from monitor.alerting.policy.table import Policy
from monitor.alerting.selftest import SelfTest
from monitor.alerting.service import AlertingService, Rules
from monitor.bus.base import Message, Record
from monitor.contracts import FindingEvent, Place, Sighting
from monitor.identity import place_id
from monitor.metrics import Metrics
from monitor.store import exposures, outbox
from monitor.store.engine import Store
from monitor.store.model import Exposure, NewSighting, Telling

KEYS = frozenset({"k1", "k2"})  # what the store knows
STORE_URL = "store.url"  # names a PostgreSQL database, in a test's folder
OPENED: list[Store] = []  # by the test under way
NOON = 1_700_049_600.0  # a noon, UTC
WATCH = WatchSettings.model_validate(
    {
        "organisations": ("acme",),
        "email_domains": ("acme.example",),
        "domains": ("acme.example",),
        "account_ids": ("123456789012",),
    }
)


def fingerprint(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def finding(
    leak: str | dict[str, str] = "a",
    *,
    repository: str = "stranger/code",
    path: str = "a.env",
    n: int = 0,
    **other: Any,
) -> FindingEvent:
    """A finding of `leak` in `repository`; its place id is made as the matcher makes it."""
    values: dict[str, Any] = {
        "leak": {"k1": fingerprint(leak)} if isinstance(leak, str) else leak,
        "rule": "example-token",
        "provider": "example",
        "family": "example-token",
        "title": "Example token",
        "severity": "high",
        "confidence": "high",
        "verdict": "unprovable",
        "check": "",
        "preview": "ex_…yz",
        "snippet": "token = ex_…yz",
        "source": "github_events",
        "document_id": f"{repository}:{path}",
        "matched_at": NOON + 1,
        "fetched_at": NOON,
        "published_at": NOON - 60,
        "blob_sha": hashlib.sha1(f"{repository}{path}".encode()).hexdigest(),
        "place": Place(
            forge="github.com",
            repository=repository,
            owner=repository.partition("/")[0],
            path=path,
            url=f"https://github.com/{repository}",
            line=3,
        ),
        "revoke": "https://example.com/revoke",
    }
    values |= other
    place = values["place"]
    values.setdefault(
        "place_id",
        place_id(
            forge=place.forge,
            where=place.repository or place.url,
            blob_sha=values["blob_sha"],
            path=place.path,
            leak=next(iter(values["leak"].values())),
            occurrence=n,
        ),
    )
    return FindingEvent(**values)


def sighting(blob_sha: str, *, repository: str, path: str = "copy.env", at: float = NOON + 5) -> Sighting:
    place = Place(forge="github.com", repository=repository, owner=repository.partition("/")[0], path=path)
    return Sighting(source="git", blob_sha=blob_sha, seen_at=at, place=place)


def record(message: Message, offset: int = 0) -> Record:
    return Record(message.topic, 0, offset, message.key, message.value, message.headers, NOON)


def records(events: Iterable[Any]) -> list[Record]:
    return [record(event.message(), n) for n, event in enumerate(events)]


def service(
    store: Store,
    *,
    watch: WatchSettings = WATCH,
    routes: Sequence[Route] = (Route("hook"),),
    policy: Policy | None = None,
    metrics: Metrics | None = None,
    clock: Callable[[], float] = lambda: NOON + 10,
) -> AlertingService:
    rules = Rules(Ownership(watch), policy or Policy(), tuple(routes))
    metrics = metrics or Metrics()
    selftest = SelfTest(store, metrics, clock=clock, late_seconds=300)
    return AlertingService(store, rules, metrics, selftest, keys=KEYS, clock=clock)


async def open_store(folder: Path) -> Store:
    """The test's own store: the file in `folder`, or the database that the fixture `each_store` put there by name."""
    store = await Store.open(store_place(folder))
    OPENED.append(store)
    return store


def store_place(folder: Path) -> Path | str:
    named = folder / STORE_URL
    return named.read_text() if named.exists() else folder / "store.db"


def exposure(leak: str = "a", **other: Any) -> Exposure:
    """A watched, open exposure that nobody was told of yet."""
    values: dict[str, Any] = {
        "id": fingerprint(leak),
        "state": "open",
        "mode": "live",
        "opening": 1,
        "rank": 1231,
        "told": 0,
        "action": "page",
        "decision": "yours",
        "severity": "high",
        "verdict": "unprovable",
        "confidence": "high",
        "rule": "example-token",
        "provider": "example",
        "family": "example-token",
        "title": "Example token",
        "check": "",
        "set_id": "",
        "parts": (),
        "facts": {},
        "preview": "ex_…yz",
        "revoke": "https://example.com/revoke",
        "source": "github_events",
        "repository": "acme/code",
        "path": "a.env",
        "level": "proved",
        "score": 90,
        "reasons": (
            {"kind": "organisation", "entry": "acme", "found": "acme", "proof": "proved", "weight": 90},
        ),
        "first_published": NOON - 60,
        "first_seen": NOON,
        "last_seen": NOON,
        "sightings": 1,
        "opened_at": NOON,
    }
    return Exposure(**(values | other))


def place(n: int, leak: str = "a", *, at: float = NOON) -> NewSighting:
    return NewSighting(
        exposure_id=fingerprint(leak),
        place_id=hashlib.sha256(f"{leak}{n}".encode()).hexdigest()[:32],
        seen_at=at,
        published_at=None,
        source="git",
        document_id=str(n),
        blob_sha="",
        snippet="",
        place={"repository": f"acme/{n}"},
    )


async def put(store: Store, *rows: Exposure) -> None:
    """Store rows as they are, each with its alias."""
    async with store.write() as connection:
        await exposures.save(connection, new=rows, changed=())
        await exposures.add_aliases(connection, [(row.id, "k1", row.id) for row in rows])


def telling(key: str, *, leak: str = "a", notifier: str = "hook", at: float = NOON, **other: Any) -> Telling:
    values: dict[str, Any] = {
        "key": key,
        "notifier": notifier,
        "exposure_id": fingerprint(leak),
        "opening": 1,
        "change": "opened",
        "action": "page",
        "created_at": at,
        "fetched_at": at,
    }
    return Telling(**(values | other))


async def tell(store: Store, *rows: Telling) -> None:
    async with store.write() as connection:
        await outbox.enqueue(connection, rows)
