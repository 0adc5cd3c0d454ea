"""Coverage events, and a ledger of them without a store. Times are made up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from monitor.contracts import CoverageEvent
from monitor.coverage.chain import Entry, Head, Told
from monitor.coverage.items import Item, Outcome, item, pack
from monitor.coverage.merkle import Tree
from monitor.coverage.proof import Cited
from monitor.coverage.seals import FIRST_PREV, Seal, Signed, day_of
from monitor.coverage.signing import Signer

NOON = 1_700_049_600.0  # a noon, UTC
SIGNER = Signer.of(b"a key of nobody".ljust(32, b"."))
STRANGER = Signer.of(b"another key of nobody".ljust(32, b"."))


def push(name: str = "acme/x", at: float = NOON, outcome: Outcome = Outcome.FETCHED) -> Item:
    return item("github.com", name, at, outcome)


def poll(
    since: float, until: float | None = None, *items: Item, source: str = "github_events", **more: Any
) -> dict[str, Any]:
    """A poll of everybody's events that met the one before, as the ledger takes it."""
    until = since + 60.0 if until is None else until
    told: dict[str, Any] = {
        "source": source,
        "since": since,
        "until": until,
        "feed": "/events",
        "expected": 10,
        "listed": 12,
        "fetched": 9,
        "skipped": {"size": 1},
        "overlap": 2,
        "oldest": since,
        "newest": until,
        "items": pack(items),
    }
    return {**told, **more}


def blind(since: float, until: float, reason: str = "outage", **more: Any) -> dict[str, Any]:
    return {"source": "github_events", "since": since, "until": until, "blind": reason, **more}


def chained(events: Iterable[Mapping[str, Any]], *, at: float = NOON) -> list[Entry]:
    """Entries of these events, one a second."""
    head, made = Head(), []
    for n, event in enumerate(events):
        entry = Entry.make(n + 1, at + n, head.hash, event)
        head = head.after(entry, entry.told())
        made.append(entry)
    return made


def told(events: Iterable[Mapping[str, Any]]) -> list[Told]:
    return [entry.told() for entry in chained(events)]


def event(raw: Mapping[str, Any]) -> CoverageEvent:
    return CoverageEvent(**raw)


def sealed(entries: list[Entry], signer: Signer = SIGNER) -> Signed:
    """A first seal over all of them."""
    seal = Seal(
        number=1,
        day=day_of(NOON),
        until=NOON + 43_200,
        at=NOON + 43_260,
        first=1,
        last=len(entries),
        root=Tree([entry.hash for entry in entries]).root.hex(),
        head=entries[-1].hash.hex(),
        prev=FIRST_PREV,
        key=signer.public,
    )
    return Signed.make(seal, signer)


def cited(entries: list[Entry], numbers: Iterable[int], *, seal: int = 1) -> list[Cited]:
    tree = Tree([entry.hash for entry in entries])
    return [Cited(n, entries[n - 1], seal, tree.path(n - 1) if seal else ()) for n in numbers]
