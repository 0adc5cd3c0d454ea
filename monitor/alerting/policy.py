"""What to do about an exposure: ownership x severity x proof -> page, ticket, record or drop, with a named reason.

The policy is an ordered table; the first row that fits decides. Three things are not up to the table: nothing pages unless
ownership is proved, a refuted value is dropped, and a drill pages (the notifiers marked for drills, nobody else).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from detectors.model import Confidence, Severity, Verdict
from monitor.alerting.ownership import Level
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


class PolicyRow(BaseModel):
    """One row: fits when everything that it states is so. `severity` and `confidence` mean "at least"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="the reason that logs and metrics show")
    action: Action
    owned: Literal["proved", "claimed", "none", "any"] = "any"
    severity: Severity = Severity.INFO
    confidence: Confidence = Confidence.LOW
    verdict: Literal["proved", "unprovable", "any"] = "any"

    @model_validator(mode="after")
    def _only_the_proved_page(self) -> Self:
        if self.action is Action.PAGE and self.owned != "proved":
            raise ValueError('only what is owned = "proved" may page: anybody can forge a claim')
        return self


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
    ),
    PolicyRow(name="claimed_lesser", action=Action.RECORD, owned="claimed"),
    PolicyRow(name="unattributed", action=Action.RECORD, owned="none"),
)


class PolicySettings(BaseModel):
    """`[policy]`: `[[policy.rows]]` in order; none = the table of docs. What no row fits is recorded."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: tuple[PolicyRow, ...] = DEFAULT_ROWS
    unattributed_places_hours: float = Field(
        24.0, gt=0, le=24 * 30, description="how long the places of what nobody watches are kept"
    )


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` is a policy row's name or one of: refuted, exercise, no_row."""

    action: Action
    reason: str


class Policy:
    """Immutable, no I/O. Thread-safe."""

    def __init__(self, rows: tuple[PolicyRow, ...] = DEFAULT_ROWS) -> None:
        self._rows = rows

    def decide(
        self, *, level: Level, severity: Severity, verdict: Verdict, confidence: Confidence, mode: Mode
    ) -> Decision:
        """What to do about an exposure of which this is known."""
        if mode is Mode.EXERCISE:
            return Decision(Action.PAGE, "exercise")
        if verdict is Verdict.REFUTED:
            return Decision(Action.DROP, "refuted")
        for row in self._rows:
            if (
                row.owned in ("any", level)
                and row.verdict in ("any", verdict)
                and severity.rank >= row.severity.rank
                and CONFIDENCES.index(confidence) >= CONFIDENCES.index(row.confidence)
            ):
                return Decision(row.action, row.name)
        return Decision(Action.RECORD, "no_row")
