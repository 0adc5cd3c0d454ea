"""The rows that the rest of the service handles as objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Exposure:
    """One leak and everything known of it: a row of `exposures`. Redacted; texts are foreign (`monitor.untrusted`).

    `rank` orders how bad it is (monitor.alerting.exposures.states says how); it never falls. `told` is the rank that was last sent to
    the notifiers in this opening, 0 for none.
    """

    id: str
    state: str  # open | closed
    mode: str  # live | replay | exercise: the most real one it was seen in
    opening: int
    rank: int
    told: int
    action: str
    decision: str  # the policy's reason for `action`
    severity: str
    verdict: str
    confidence: str
    rule: str
    provider: str
    family: str
    title: str
    check: str
    set_id: str
    parts: tuple[str, ...]
    facts: Mapping[str, str]
    preview: str
    revoke: str
    source: str
    repository: str
    path: str
    level: str  # proved | claimed | none
    score: int  # of ownership, 0 to 100
    reasons: tuple[Mapping[str, Any], ...]
    first_published: float | None
    first_seen: float
    last_seen: float
    sightings: int
    opened_at: float
    unwatched_since: float | None = None
    closed_at: float | None = None
    closed_by: str = ""
    close_reason: str = ""
    close_scope: str = ""
    close_where: str = ""
    close_note: str = ""
    public: str = "unknown"  # unknown | public | cleaned | removed
    checked_at: float | None = None  # when a place of it was looked at last
    removed_at: float | None = None  # since when it stands nowhere any more
    revoked_at: float | None = None  # since when the secret is dead
    acknowledged_at: float | None = None
    acknowledged_by: str = ""
    people: int = 0  # whose data it holds, at least


@dataclass(frozen=True, slots=True)
class NewSighting:
    """One place to be counted for an exposure. `place` is the place's object as it is stored and shown."""

    exposure_id: str
    place_id: str
    seen_at: float
    published_at: float | None
    source: str
    document_id: str
    blob_sha: str
    snippet: str
    place: Mapping[str, Any] = field(repr=False)
    next_check: float | None = None  # when it is to be looked at; None = never


@dataclass(frozen=True, slots=True)
class Standing:
    """A kept place, and whether the leak still stands there."""

    id: int
    exposure_id: str
    place_id: str
    source: str
    blob_sha: str
    place: Mapping[str, Any] = field(repr=False)
    public: str = "unknown"
    checked_at: float | None = None
    removed_at: float | None = None
    next_check: float | None = None
    checks: int = 0  # looks that were asked for since it became what it is


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing to be told to one notifier. `key` is the idempotency key: the same for all notifiers of one change. `labels` name
    the exposure as it is now, for notifiers whose alerts must keep their names.
    """

    key: str
    notifier: str
    exposure_id: str
    opening: int
    change: str
    action: str
    created_at: float
    fetched_at: float | None
    labels: Mapping[str, str] = field(default_factory=dict)
    incident: str = ""  # what is told together: a repository, a document, a source
    published_at: float | None = None  # None: nobody said, or its age says nothing about us
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that one notifier was, or is going to be, told of an exposure."""

    exposure_id: str
    key: str
    opening: int
    change: str
    action: str
    created_at: float
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Waiting:
    """An outbox row that is due, and the oldest of its exposure and notifier.

    `reason`: why it waited so far; `message`: the key of the summary that it was to be told with, "" for none; `overtaken`: a page of the
    same exposure waits behind it.
    """

    id: int
    exposure_id: str
    opening: int
    change: str
    action: str
    created_at: float
    key: str
    incident: str
    reason: str
    message: str
    drill: bool
    overtaken: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that a notifier took: `carried` rows were told by it."""

    action: str
    incident: str
    at: float
    carried: int


@dataclass(frozen=True, slots=True)
class Silence:
    """When (from `since` to before `until`) nobody is told of what has all of `matches`. A row of `silences`."""

    id: int
    since: float
    until: float
    matches: Mapping[str, str]
    even_critical: bool
    reason: str
    created_at: float
    created_by: str
    ended_by: str = ""


@dataclass(frozen=True, slots=True)
class Leased:
    """An outbox row that this process may deliver until `lease_until`; `fence` proves it later."""

    id: int
    key: str
    notifier: str
    exposure_id: str
    opening: int
    change: str
    action: str
    created_at: float
    fetched_at: float | None
    incident: str
    message: str  # the key of the summary that tells it, "" when it is told alone
    reason: str  # why it waited so far
    attempts: int
    fence: int
    lease_until: float
    published_at: float | None = None
    trace_id: str = ""
