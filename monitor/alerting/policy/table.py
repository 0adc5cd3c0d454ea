"""What to do about an exposure: ownership x severity x proof -> page, ticket, record or drop, with a named reason.

The policy is an ordered table; the first row that fits decides. Four things are not up to the table: nothing pages unless
ownership is proved, a refuted value is dropped, a drill pages (the notifiers marked for drills, nobody else), and of what is only
claimed no more tickets begin in an hour than `claimed_tickets_per_hour` (`monitor.alerting.policy.storm`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from detectors.model import Confidence, Severity, Verdict
from monitor.alerting.policy.cases import Case
from monitor.contracts import Mode


class Action(StrEnum):
    """What becomes of a finding."""

    DROP = "drop"  # not kept, counted
    RECORD = "record"  # kept, nobody is told
    TICKET = "ticket"  # told to the notifiers that take tickets
    PAGE = "page"  # told to everyone

    @property
    def rank(self) -> int:
        """0 (drop) to 3 (page)."""
        return _ACTIONS.index(self)


_ACTIONS: Final = tuple(Action)
CONFIDENCES: Final = tuple(Confidence)
CLAIMED_TICKETS: Final = 20
# reasons that are no row's name
EXERCISE, REFUTED, NO_ROW, CLAIMED_STORM = "exercise", "refuted", "no_row", "claimed_storm"
_OWN: Final = frozenset({EXERCISE, REFUTED, NO_ROW, CLAIMED_STORM})


class PolicyRow(BaseModel):
    """One row: fits when everything that it states is so. `severity` and `confidence` mean "at least". What it leaves out may be
    anything.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="the reason that logs and metrics show")
    action: Action = Field(description="what becomes of it")
    owned: Literal["proved", "claimed", "none", "any"] = Field(
        "any", description="how sure it is that it is yours"
    )
    severity: Severity = Field(default=Severity.INFO, description="at least")
    confidence: Confidence = Field(default=Confidence.LOW, description="at least")
    verdict: Literal["proved", "unprovable", "any"] = Field(default="any", description="of the offline proof")
    score_at_least: int = Field(
        default=0, ge=0, le=100, description="of ownership: the sum of its reasons' weights"
    )
    family: Literal["credential", "personal", "any"] = Field(
        default="any", description="a secret of a service, or data of people"
    )
    people_at_least: int = Field(default=0, ge=0, description="whose data it holds")
    sources: tuple[str, ...] = Field(default=(), description="one of these saw it first; none = any")
    mode: Literal["live", "replay", "any"] = Field(
        default="any", description="replay: found by `leakstream replay`"
    )
    age_at_least_hours: float = Field(
        default=0.0, ge=0, description="since it was published first, else seen first"
    )
    age_below_hours: float | None = Field(default=None, gt=0, description="likewise")

    @field_validator("name")
    @classmethod
    def _no_word_of_ours(cls, name: str) -> str:
        if name in _OWN:
            raise ValueError(f"{name} is a reason of the program's own; give the row another name")
        return name

    @model_validator(mode="after")
    def _only_the_proved_page(self) -> Self:
        if self.action is Action.PAGE and self.owned != "proved":
            raise ValueError('only what is owned = "proved" may page: anybody can forge a claim')
        return self

    def misses(self, case: Case) -> tuple[str, ...]:
        """Why it does not fit, a phrase for each condition that is not met: what is wanted, and what is. Empty = it fits."""
        hours = case.age / 3600
        family = "personal" if case.personal else "credential"
        wanted: tuple[tuple[bool, str], ...] = (
            (self.owned in ("any", case.level), f"owned {self.owned}, it is {case.level}"),
            (self.verdict in ("any", case.verdict), f"verdict {self.verdict}, it is {case.verdict}"),
            (
                case.severity.rank >= self.severity.rank,
                f"severity at least {self.severity}, it is {case.severity}",
            ),
            (
                CONFIDENCES.index(case.confidence) >= CONFIDENCES.index(self.confidence),
                f"confidence at least {self.confidence}, it is {case.confidence}",
            ),
            (case.score >= self.score_at_least, f"score at least {self.score_at_least}, it is {case.score}"),
            (self.family in ("any", family), f"family {self.family}, it is {family}"),
            (
                case.people >= self.people_at_least,
                f"people at least {self.people_at_least}, it is {case.people}",
            ),
            (
                not self.sources or case.source in self.sources,
                f"source {' or '.join(self.sources)}, it is {case.source}",
            ),
            (self.mode in ("any", case.mode), f"mode {self.mode}, it is {case.mode}"),
            (
                hours >= self.age_at_least_hours,
                f"age at least {self.age_at_least_hours:g} h, it is {hours:.1f} h",
            ),
            (
                self.age_below_hours is None or hours < self.age_below_hours,
                f"age below {self.age_below_hours or 0:g} h, it is {hours:.1f} h",
            ),
        )
        return tuple(text for met, text in wanted if not met)


DEFAULT_ROWS: Final = (
    PolicyRow(
        name="yours_proved", action=Action.PAGE, owned="proved", verdict="proved", severity=Severity.MEDIUM
    ),
    PolicyRow(
        name="yours",
        action=Action.PAGE,
        owned="proved",
        severity=Severity.HIGH,
        confidence=Confidence.MEDIUM,
    ),
    PolicyRow(name="yours_lesser", action=Action.TICKET, owned="proved", severity=Severity.MEDIUM),
    PolicyRow(name="yours_minor", action=Action.RECORD, owned="proved"),
    PolicyRow(
        name="claimed",
        action=Action.TICKET,
        owned="claimed",
        severity=Severity.HIGH,
        confidence=Confidence.MEDIUM,
        score_at_least=20,  # a word alone is no ticket
    ),
    PolicyRow(name="claimed_lesser", action=Action.RECORD, owned="claimed"),
    PolicyRow(name="unattributed", action=Action.RECORD, owned="none"),
)


class PolicySettings(BaseModel):
    """`[policy]`: `[[policy.rows]]` in order; none = the table of docs. What no row fits is recorded."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: tuple[PolicyRow, ...] = DEFAULT_ROWS
    claimed_tickets_per_hour: int = Field(
        20,
        ge=0,
        le=1000,
        description="of what is only claimed; beyond it one ticket tells how many were recorded",
    )
    unattributed_places_hours: float = Field(
        24.0, gt=0, le=24 * 30, description="how long the places of what nobody watches are kept"
    )


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` is a policy row's name or one of: refuted, exercise, no_row, claimed_storm."""

    action: Action
    reason: str


class Policy:
    """Immutable, no I/O. Thread-safe."""

    def __init__(
        self, rows: tuple[PolicyRow, ...] = DEFAULT_ROWS, *, claimed_tickets: int = CLAIMED_TICKETS
    ) -> None:
        """`claimed_tickets`: how many may begin in an hour of what is only claimed."""
        self.rows = rows
        self.claimed_tickets = claimed_tickets

    @classmethod
    def of(cls, settings: PolicySettings) -> Self:
        """As configured."""
        return cls(settings.rows, claimed_tickets=settings.claimed_tickets_per_hour)

    def decide(self, case: Case) -> Decision:
        """What to do about it."""
        if case.mode is Mode.EXERCISE:
            return Decision(Action.PAGE, EXERCISE)
        if case.verdict is Verdict.REFUTED:
            return Decision(Action.DROP, REFUTED)
        for row in self.rows:
            if _fits(row, case):
                return Decision(row.action, row.name)
        return Decision(Action.RECORD, NO_ROW)


def _fits(row: PolicyRow, case: Case) -> bool:
    """As `not row.misses(case)`, without making the sentences: a table of twenty rows is asked for every finding."""
    return (
        row.owned in ("any", case.level)
        and row.verdict in ("any", case.verdict)
        and case.severity.rank >= row.severity.rank
        and not row.misses(case)
    )
