"""Every table, with its term: how long a row is kept (`monitor.store.janitor` enforces it). docs/explanation/privacy.md repeats the terms.

Times are epoch seconds. Digests are lower-case hex, but for the two tables of millions of rows (`places`, `collector_seen`)
that keep them as bytes. No column holds a secret: texts come out of the matcher's redactor. Portable SQL only.
"""

from __future__ import annotations

from monitor.store.tables.collecting import (
    collector_blobs,
    collector_cursors,
    collector_requests,
    collector_seen,
)
from monitor.store.tables.leaks import (
    affected,
    aliases,
    blob_places,
    blobs,
    exposures,
    places,
    sealed,
    sightings,
)
from monitor.store.tables.ledger import coverage, seals
from monitor.store.tables.listing import exposure_counts, exposure_kinds, exposure_words
from monitor.store.tables.schema import metadata
from monitor.store.tables.service import audit, dead_letters_done, drills, leases, meta
from monitor.store.tables.telling import outbox, silences

__all__ = [
    "affected",
    "aliases",
    "audit",
    "blob_places",
    "blobs",
    "collector_blobs",
    "collector_cursors",
    "collector_requests",
    "collector_seen",
    "coverage",
    "dead_letters_done",
    "drills",
    "exposure_counts",
    "exposure_kinds",
    "exposure_words",
    "exposures",
    "leases",
    "meta",
    "metadata",
    "outbox",
    "places",
    "sealed",
    "seals",
    "sightings",
    "silences",
]
