"""Places as objects, and place ids that stay the same: over a rotation of the key, and for a known blob at one more place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from typing import Any, Final

from monitor.contracts import CoverageEvent, FindingEvent, Place, Sighting
from monitor.identity import place_id

_FIELDS: Final = tuple(f.name for f in fields(Place))
_SIGHTING: Final = ("source", "blob_sha", "seen_at", "published_at", "trace_id", "history")
_TRIES: Final = 64  # occurrences of one leak in one blob that are still recognised after a rotation


def place_object(place: Place) -> dict[str, Any]:
    """As it is stored and shown: without what is empty."""
    return {name: value for name in _FIELDS if (value := getattr(place, name))}


def sighting_object(sighting: Sighting) -> dict[str, Any]:
    """As it is kept; `sighting_of` is the way back."""
    known = {name: getattr(sighting, name) for name in _SIGHTING}
    return {**known, "place": place_object(sighting.place)}


def sighting_of(kept: Mapping[str, Any]) -> Sighting:
    return Sighting(**{**kept, "place": Place(**kept["place"])})


def coverage_objects(event: CoverageEvent) -> list[dict[str, Any]]:
    """As it is stored: each gap for itself, since those told together once may come one by one, or not at all, when they are told again."""
    known = {f.name: getattr(event, f.name) for f in fields(event) if f.name not in {"extra", "gaps"}}
    if not event.gaps:
        return [{**known, "gaps": []}]
    return [{**known, "lost": gap.last - gap.first + 1, "gaps": [asdict(gap)]} for gap in event.gaps]


def where_digest(place: Place) -> str:
    """32 hex that name the file or page, whatever the commit and the line."""
    text = "\0".join((place.forge, place.repository or place.url, place.path))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def stable_place(event: FindingEvent, exposure_id: str) -> str:
    """The event's place id as it would be under the fingerprint that the exposure began with.

    The matcher makes place ids with the current key's fingerprint; after a rotation the same place would look new.
    """
    if event.fingerprint == exposure_id:
        return event.place_id
    for n, old in enumerate(places_of(event.place, event.blob_sha, event.fingerprint, _TRIES)):
        if old == event.place_id:
            return _place(event.place, event.blob_sha, exposure_id, n)
    return event.place_id


def places_of(place: Place, blob_sha: str, leak: str, occurrences: int) -> Iterator[str]:
    """The place ids of a leak that stands `occurrences` times in a blob."""
    return (_place(place, blob_sha, leak, n) for n in range(occurrences))


def _place(place: Place, blob_sha: str, leak: str, occurrence: int) -> str:
    return place_id(
        forge=place.forge,
        where=place.repository or place.url,
        blob_sha=blob_sha,
        path=place.path,
        leak=leak,
        occurrence=occurrence,
    )
