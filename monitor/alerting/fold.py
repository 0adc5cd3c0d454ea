"""One batch folded onto what the store knows: pure work between the reads and the writes of `service`. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from monitor.alerting.exposures.places import (
    place_object,
    places_of,
    sighting_object,
    stable_place,
    where_digest,
)
from monitor.alerting.exposures.seen import Seen, seen_of_finding, seen_of_sighting
from monitor.alerting.exposures.states import Kind, Step, apply, idempotency_key
from monitor.alerting.following.changes import FIRST, is_followed
from monitor.alerting.notifiers.base import Change
from monitor.alerting.ownership import Ownership
from monitor.alerting.policy.table import Action, Policy
from monitor.alerting.telling.standing import labels_of
from monitor.contracts import FindingEvent, Mode, Sighting
from monitor.store.model import Exposure, NewSighting, Telling
from monitor.tracing import fit


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a telling comes from: times for the latencies (None: how long it took says nothing) and the document's trace id."""

    fetched_at: float | None = None
    published_at: float | None = None
    trace_id: str = ""

    @classmethod
    def of(cls, event: FindingEvent | Sighting) -> Origin:
        fetched = event.fetched_at if isinstance(event, FindingEvent) else event.seen_at
        live = isinstance(event, Sighting) or event.mode == Mode.LIVE
        published = event.published_at if live and not event.history else None
        return cls(fetched, published, fit(event.trace_id))


_NEWS: Final = frozenset({Kind.OPENED, Kind.REOPENED, Kind.ESCALATED})
NOWHERE: Final = Origin()  # a person's doing, or the service's own


@dataclass(frozen=True, slots=True)
class Route:
    """What one notifier is told: pages, tickets or both; drills only when `drills`; that somebody has one in hand when `acknowledges`."""

    notifier: str
    tells: frozenset[str] = frozenset({"page", "ticket"})
    drills: bool = False
    acknowledges: bool = False


def routed(routes: Iterable[Route], *, action: Action, mode: Mode) -> list[str]:
    """The notifiers that hear of it."""
    if mode is Mode.EXERCISE:
        return [route.notifier for route in routes if route.drills]
    return [route.notifier for route in routes if action.value in route.tells]


class Fold:
    """Set `aliases`, `rows`, `known_places`, `gone`, `blobs` and `room` to what the store has of the batch, call `findings` and `sightings`, then
    write what was gathered.
    """

    def __init__(self, ownership: Ownership, policy: Policy, routes: Sequence[Route], *, now: float) -> None:
        self._ownership = ownership
        self._policy = policy
        self._routes = routes
        self.now = now
        self.aliases: dict[str, str] = {}
        self.rows: dict[str, Exposure] = {}
        self.known_places: set[str] = set()
        self.blobs: dict[str, dict[str, dict[str, Any]]] = {}  # blob -> exposure id -> row
        self.created: set[str] = set()
        self.changed: dict[str, None] = {}  # a set that keeps its order
        self.new_aliases: list[tuple[str, str, str]] = []
        self.new_sightings: list[NewSighting] = []
        self.tellings: list[Telling] = []
        self.reopened: list[tuple[str, str]] = []
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.touched_blobs: dict[tuple[str, str], dict[str, Any]] = {}
        self.gone: dict[str, float] = {}  # place id -> since when it is gone
        self.back: dict[str, None] = {}  # places that were gone and are published again
        self.late = False  # whether what comes is old: how long it took to tell says nothing then
        self.room: Callable[[], bool] = lambda: True  # for one more ticket of what is only claimed
        self.looked_at: dict[str, None] = {}  # exposures whose places are looked at anew
        self.said: list[dict[str, str]] = []  # a log line each

    def exposure_id(self, event: FindingEvent) -> str:
        """The exposure that knows one of the event's fingerprints (the oldest, should several), else the current fingerprint."""
        known = {self.aliases[f] for f in event.leak.values() if f in self.aliases}
        if len(known) > 1:
            return min(known, key=lambda i: (self.rows[i].first_seen, i))
        return known.pop() if known else event.fingerprint

    def places(self, events: Iterable[FindingEvent]) -> Iterator[str]:
        """Place ids to be looked up before `findings`."""
        return (stable_place(event, self.exposure_id(event)) for event in events)

    def findings(self, events: Iterable[FindingEvent]) -> None:
        for event in events:
            self._finding(event)

    def sighted_places(self, sightings: Iterable[Sighting]) -> Iterator[str]:
        """Place ids to be looked up before `sightings`."""
        return (place for sighting in sightings for _, _, place in self._leaks_of(sighting))

    def sightings(self, sightings: Iterable[Sighting]) -> None:
        for sighting in sightings:
            attribution = self._ownership.assess(sighting.place, source=sighting.source)
            for sha, exposure_id, place in list(self._leaks_of(sighting)):
                new = place not in self.known_places
                row = self.rows[exposure_id]
                back = self._is_back(place, sighting.published_at)
                seen = seen_of_sighting(row, sighting, attribution, new_place=new, back=back)
                self._step(seen, Origin.of(sighting))
                if new:
                    self.known_places.add(place)
                    self.new_sightings.append(
                        NewSighting(
                            exposure_id=exposure_id,
                            place_id=place,
                            seen_at=sighting.seen_at,
                            published_at=sighting.published_at,
                            source=sighting.source,
                            document_id="",
                            blob_sha=sha,
                            snippet="",
                            place=place_object(sighting.place),
                            next_check=self._first_look(exposure_id),
                        )
                    )

    def blob_place(self, sighting: Sighting) -> dict[str, Any]:
        """A row of `blob_places`."""
        return {
            "blob_sha": sighting.blob_sha,
            "digest": where_digest(sighting.place),
            "seen_at": sighting.seen_at,
            "kept_since": self.now,
            "event": sighting_object(sighting),
        }

    def _finding(self, event: FindingEvent) -> None:
        exposure_id = self.exposure_id(event)
        place = stable_place(event, exposure_id)
        new = place not in self.known_places
        attribution = self._ownership.of(event)
        back = event.mode == Mode.LIVE and self._is_back(place, event.published_at)
        seen = seen_of_finding(event, exposure_id, attribution, new_place=new, back=back)
        if self._step(seen, Origin.of(event)).row is None:
            self.counts["dropped", "policy"] += 1
            return
        for key_id, fingerprint in event.leak.items():
            if fingerprint not in self.aliases:
                self.aliases[fingerprint] = exposure_id
                self.new_aliases.append((fingerprint, key_id, exposure_id))
        if not new:
            return
        self.known_places.add(place)
        self._note_blob(event, exposure_id)
        self.new_sightings.append(
            NewSighting(
                exposure_id=exposure_id,
                place_id=place,
                seen_at=event.fetched_at,
                published_at=event.published_at,
                source=event.source,
                document_id=event.document_id,
                blob_sha=event.blob_sha,
                snippet=event.snippet,
                place=place_object(event.place),
                next_check=self._first_look(exposure_id),
            )
        )

    def _step(self, seen: Seen, origin: Origin) -> Step:
        before = self.rows.get(seen.exposure_id)
        step = apply(before, seen, self._policy, now=self.now, room=self.room)
        self.counts["decisions", step.decision.action.value, step.decision.reason] += 1
        if seen.mode is not Mode.EXERCISE:
            self.counts["exposures", step.kind.value] += 1
            if step.kind is Kind.OPENED:
                self.counts["first", seen.source] += 1
        if step.row is None:
            return step
        if step.kind in _NEWS:
            self.said.append(
                {
                    "trace_id": origin.trace_id,
                    "exposure": seen.exposure_id,
                    "change": step.kind.value,
                    "rule": step.row.rule,
                    "source": seen.source,
                    "action": step.decision.action.value,
                    "decision": step.decision.reason,
                    "mode": seen.mode.value,
                }
            )
        if before is None:
            self.created.add(seen.exposure_id)
        if step.row != before:
            self.rows[seen.exposure_id] = step.row
            self.changed[seen.exposure_id] = None
        if step.kind is Kind.REOPENED:
            self.reopened.append((seen.exposure_id, step.reason))
        if before is not None and (step.kind is Kind.REOPENED or is_followed(step.row) > is_followed(before)):
            self.looked_at[seen.exposure_id] = None
        if step.tell is not None:
            names = routed(self._routes, action=step.decision.action, mode=Mode(step.row.mode))
            came = Origin(trace_id=origin.trace_id) if self.late else origin
            self.tellings += tellings(
                step.row, step.tell, step.decision.action, names, now=self.now, origin=came
            )
        return step

    def _is_back(self, place: str, published_at: float | None) -> bool:
        """Whether it was gone and was published since: what was published before is an old record of it, come late."""
        since = self.gone.get(place)
        if since is None or published_at is None or published_at <= since:
            return False
        del self.gone[place]
        self.back[place] = None
        return True

    def _first_look(self, exposure_id: str) -> float | None:
        return self.now + FIRST if is_followed(self.rows[exposure_id]) else None

    def _note_blob(self, event: FindingEvent, exposure_id: str) -> None:
        """Count how often the blob holds the leak, at the place where the blob was met first."""
        if not event.blob_sha:
            return
        held = self.blobs.setdefault(event.blob_sha, {})
        row = held.get(exposure_id)
        if row is None:
            held[exposure_id] = {
                "blob_sha": event.blob_sha,
                "exposure_id": exposure_id,
                "origin": where_digest(event.place),
                "occurrences": 1,
                "seen_at": self.now,
            }
        elif row["origin"] == where_digest(event.place):
            row["occurrences"] += 1
        else:
            return
        self.touched_blobs[event.blob_sha, exposure_id] = held[exposure_id]

    def _leaks_of(self, sighting: Sighting) -> Iterator[tuple[str, str, str]]:
        """(blob, exposure id, place id) of everything known in the blob."""
        for exposure_id, row in self.blobs.get(sighting.blob_sha, {}).items():
            for place in places_of(sighting.place, sighting.blob_sha, exposure_id, row["occurrences"]):
                yield sighting.blob_sha, exposure_id, place


def tellings(
    row: Exposure,
    change: Change,
    action: Action,
    notifiers: Iterable[str],
    *,
    now: float,
    origin: Origin = NOWHERE,
) -> list[Telling]:
    """Outbox rows of one change, one a notifier."""
    key = idempotency_key(row, change)
    labels = labels_of(row)
    return [
        Telling(
            key=key,
            notifier=notifier,
            exposure_id=row.id,
            opening=row.opening,
            change=change.value,
            action=action.value,
            created_at=now,
            fetched_at=origin.fetched_at,
            labels=labels,
            incident=labels["incident"],
            published_at=origin.published_at,
            trace_id=origin.trace_id,
        )
        for notifier in notifiers
    ]
