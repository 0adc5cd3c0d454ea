"""/api/v1/coverage: how much of each source was seen, when it was blind, whether one repository was seen at one time, what is sealed."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Protocol

from pydantic import AwareDatetime, BeforeValidator, Field

from monitor.api.models import Answer, Question
from monitor.api.operation import BASE, Answered, Asked, Operation
from monitor.console.coverage import Answered as Told
from monitor.console.coverage import Sealed, Seen
from monitor.coverage.summary import Row
from monitor.web import Role

_TAG: Final = "coverage"
_NAME: Final = r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9._-]+)*$"
_INSTANT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})", re.ASCII | re.IGNORECASE
)


def _written(value: object) -> object:
    """As RFC 3339 writes it, and no other way that pydantic would read."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("a time is written like 2026-11-22T14:03:20Z")
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_written)]


class CoverageQueries(Protocol):
    """Methods raise StoreBusy and LedgerBroken."""

    async def seen(self, name: str) -> Seen: ...

    async def sealed(self) -> Sealed: ...

    async def ask(self, forge: str, name: str, at: float, *, span: float, within: float) -> Told: ...


class Span(Question):
    span: Literal["1h", "6h", "24h", "7d"] = Field("24h", description="how far back from now")
    source: str = Field("", max_length=100, pattern=r"^[A-Za-z0-9_.:-]*$", description='"" = all of them')


class Counts(Answer):
    """Documents. `expected` (with its 90 % interval) and the shares count the minutes of which something is known; null = none is."""

    start: str
    expected: float | None
    low: float | None
    high: float | None
    listed: float
    fetched: float
    scanned: float
    lost: float
    skipped: dict[str, float] = Field(description="by reason")
    blind_seconds: float
    capture: float | None = Field(description="listed of expected, 0 to 1")
    capture_low: float | None
    capture_high: float | None


class Blind(Answer):
    """A time in which a source saw nothing."""

    source: str
    feed: str = Field(description='"" = all its feeds')
    since: str
    until: str
    reason: str
    repaired_by: str = Field(description='the source that filled it since; "" = nobody yet')


class Lane(Answer):
    source: str
    total: Counts
    bars: tuple[Counts | None, ...] = Field(
        description="one for each `width` seconds; null = nothing is told"
    )


class Coverage(Answer):
    since: str
    until: str
    width: float = Field(description="of a bar, in seconds")
    sources: tuple[Lane, ...]
    blind: tuple[Blind, ...]
    hidden: int = Field(description="blind intervals beyond those that are listed")


class Moment(Question):
    """Something of a repository, published at a time."""

    repository: str = Field(
        min_length=1, max_length=200, pattern=_NAME, description="owner/name; on a site without, its owner"
    )
    at: Instant = Field(description="when it was published", examples=["2026-11-22T14:03:20Z"])
    forge: str = Field("github.com", min_length=1, max_length=100, pattern=r"^[A-Za-z0-9.-]+$")
    within: int = Field(300, ge=0, le=86_400, description="seconds that the time may be off")


class Verdict(Answer):
    """`answer` null: the items of that time are dropped by age."""

    answer: Literal["seen", "not seen", "blind"] | None
    sources: tuple[str, ...] = Field(description="that could have seen it")
    seen: tuple[dict[str, Any], ...] = Field(description="the ledger's entries that name it")
    blind: tuple[dict[str, Any], ...]


class Ledger(Answer):
    """`broken`: what is wrong with it, "" if nothing is."""

    entries: int
    loose: int = Field(description="entries behind the last seal")
    seal: int
    day: str
    digest: str
    key: str = Field(description="the public key that signed")
    broken: str


class CoverageOperations:
    def __init__(self, desk: CoverageQueries) -> None:
        self._desk = desk

    def operations(self) -> list[Operation]:
        return [
            Operation(
                "getCoverage", "GET", f"{BASE}/coverage", _TAG,
                "What each source saw over time, with the estimate of what there was, and when it was blind.",
                Role.VIEWER, Coverage, self._seen, query=Span,
            ),
            Operation(
                "askCoverage", "GET", f"{BASE}/coverage/seen", _TAG,
                "Was something of this repository, published at that time, seen? Seen, not seen (somebody looked, and it was not there) or blind.",
                Role.VIEWER, Verdict, self._asked, query=Moment,
            ),
            Operation(
                "getLedger", "GET", f"{BASE}/coverage/ledger", _TAG, "The state of the coverage ledger and its last seal.",
                Role.VIEWER, Ledger, self._ledger,
            ),
        ]  # fmt: skip

    async def _seen(self, asked: Asked) -> Answered:
        wanted: Span = asked.query
        found = await self._desk.seen(wanted.span)
        lanes = [lane for lane in found.lanes if wanted.source in ("", lane.source)]
        blind = [each for each in found.blind if wanted.source in ("", each.source)]
        told = {
            "since": _time(found.since),
            "until": _time(found.until),
            "width": found.width,
            "sources": [
                {
                    "source": lane.source,
                    "total": _counts(lane.total),
                    "bars": [_counts(bar) if bar is not None else None for bar in lane.bars],
                }
                for lane in lanes
            ],
            "blind": [
                {**asdict(each), "since": _time(each.since), "until": _time(each.until)} for each in blind
            ],
            "hidden": found.hidden,
        }
        return Answered(Coverage.model_validate(told))

    async def _asked(self, asked: Asked) -> Answered:
        about: Moment = asked.query
        found = await self._desk.ask(
            about.forge.lower(),
            about.repository,
            about.at.timestamp(),
            span=1.0,
            within=float(about.within),
        )
        told = found.answer
        verdict = {
            "answer": told.word.value if told else None,
            "sources": found.asked,
            "seen": [asdict(each) for each in told.seen] if told else [],
            "blind": [asdict(each) for each in told.blind] if told else [],
        }
        return Answered(Verdict.model_validate(verdict))

    async def _ledger(self, _: Asked) -> Answered:
        found = await self._desk.sealed()
        told = {
            "entries": found.entries,
            "loose": found.loose,
            "seal": found.number,
            "day": found.day,
            "digest": found.digest,
            "key": found.key,
            "broken": found.broken,
        }
        return Answered(Ledger.model_validate(told))


def _counts(row: Row) -> dict[str, Any]:
    told = asdict(row)
    return {
        **{name: value for name, value in told.items() if name not in ("source", "feed")},
        "start": _time(row.start),
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
