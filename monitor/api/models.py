"""What the API says about exposures. The shape is stated in words in monitor.alerting.exposures.view; further fields may come with a release,
none goes away within v1. Times are UTC. Foreign texts (titles, paths, snippets) are as they were found: whoever shows them makes them harmless.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Time = Annotated[
    str, Field(description="UTC; of what nobody watches the day alone", examples=["2026-11-22T14:03:20Z"])
]
Severity = Literal["info", "low", "medium", "high", "critical"]
Level = Literal["none", "claimed", "proved"]
State = Literal["open", "closed"]


class Answer(BaseModel):
    """Base of what is answered: unknown fields go out as they are."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Question(BaseModel):
    """Base of what is asked: a wrong word is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Problem(Answer):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str = Field(description="a sentence for people")
    request_id: str = Field("", description="of this request, as in the log")


class What(Answer):
    """What leaked."""

    rule: str
    provider: str
    family: str
    title: str
    severity: Severity
    confidence: str
    preview: str = Field(description='masked; "" for what nobody watches')
    set: str | None = Field(description="the set of credentials that it is a part of")
    parts: tuple[str, ...]
    facts: dict[str, Any] = Field(description="public attributes that the value itself carries")


class Proof(Answer):
    verdict: str
    check: str


class Reason(Answer):
    kind: str
    entry: str = Field(description="of the watch list")
    found: str
    proof: str
    weight: int
    text: str = Field(description="the reason as a sentence")


class Owned(Answer):
    level: Level
    score: int
    reasons: tuple[Reason, ...]


class Where(Answer):
    source: str
    repository: str
    path: str


class By(Answer):
    at: Time | None
    by: str


class Window(Answer):
    since: Time | None
    until: Time | None
    seconds: float | None
    ended_by: str


class Closed(Answer):
    at: Time | None
    by: str
    reason: str
    scope: str
    where: str
    note: str


class Exposure(Answer):
    """One leak, however often it was seen: a line of a list."""

    id: str = Field(description="its fingerprint")
    short: str
    url: str = Field("", description="the console's page of it")
    state: State
    opening: int
    action: str
    decision: str
    exercise: bool
    found_by: str
    what: What
    proof: Proof
    owned: Owned
    where: Where
    first_published: Time | None
    first_seen: Time | None
    last_seen: Time | None
    opened_at: Time | None
    sightings: int
    people: int
    public: str
    checked_at: Time | None
    removed_at: Time | None
    revoked_at: Time | None
    acknowledged: By | None
    window: Window | None
    closed: Closed | None
    revoke: str


class Sighting(Answer):
    """One place where it was seen."""

    number: int
    seen_at: Time | None
    published_at: Time | None
    source: str
    snippet: str = Field(description="masked")
    public: str
    checked_at: Time | None
    removed_at: Time | None


class Personal(Answer):
    """Whose data it is, and whom the law wants to be told by when."""

    data: str
    people: int
    law: str
    authority: str
    contact: str
    aware: Time | None
    deadline: Time | None


class Entry(Answer):
    """A line of the exposure's own access log."""

    at: Time | None
    actor: str
    verb: str
    detail: dict[str, Any]


class Telling(Answer):
    """What a notifier was told, or is still to be."""

    notifier: str
    change: str
    action: str
    opening: int
    state: str
    reason: str
    tries: int
    made_at: Time | None
    delivered_at: Time | None


class Step(Answer):
    step: str
    text: str
    done: By | None


class WholeExposure(Exposure):
    """One exposure with everything that its page has."""

    places: tuple[Sighting, ...]
    steps: tuple[str, ...]
    audit_log: str
    who_to_tell: str
    revoke_url: str
    personal: Personal | None
    evidence: int
    history: tuple[Entry, ...] = Field(description="the newest 100")
    changes: tuple[Entry, ...] = Field(description="the same without the looks")
    told: tuple[Telling, ...]
    checklist: tuple[Step, ...]


class Exposures(Answer):
    """A page of the list."""

    exposures: tuple[Exposure, ...]
    total: int = Field(description="of all pages")
    total_is_exact: bool = Field(description="false: there are at least so many")
    next: str = Field(description='the cursor of the following page, "" at the end')


class Sightings(Answer):
    id: str
    total: int = Field(description="the exact count; of very many the first 20 and the last 100 are kept")
    sightings: tuple[Sighting, ...]
