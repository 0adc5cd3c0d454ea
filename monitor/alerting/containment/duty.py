"""Leaked personal data: who has to be told by law, and by when. `[privacy]` names the law, the authority and the person in charge.

The clock is counted from the moment when the monitor saw the data: the strictest reading of "having become aware". Whether a breach must
be notified at all is for people to decide; this says until when they have to have decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

_HOUR: Final = 3600.0


class Regime(StrEnum):
    """Which law on breaches applies."""

    GDPR = "gdpr"
    UK_GDPR = "uk-gdpr"
    HIPAA = "hipaa"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Law:
    """`hours` after becoming aware; None = the law names no term. `people`: when those concerned are told."""

    name: str
    hours: float | None
    authority: str
    people: str
    source: str


LAWS: Final[Mapping[Regime, Law]] = {
    Regime.GDPR: Law(
        "GDPR Art. 33",
        72.0,
        "the supervisory authority",
        "without undue delay if the risk to them is high (Art. 34)",
        "https://eur-lex.europa.eu/eli/reg/2016/679/oj",
    ),
    Regime.UK_GDPR: Law(
        "UK GDPR Art. 33",
        72.0,
        "the Information Commissioner's Office",
        "without undue delay if the risk to them is high (Art. 34)",
        "https://ico.org.uk/for-organisations/report-a-breach/",
    ),
    Regime.HIPAA: Law(
        "HIPAA, 45 CFR 164.404 to 164.408",
        60 * 24.0,
        "the Department of Health and Human Services",
        "without unreasonable delay and within the same 60 days",
        "https://www.hhs.gov/hipaa/for-professionals/breach-notification/index.html",
    ),
    Regime.NONE: Law(
        "no law that the configuration names", None, "the authority", "as your contracts ask", ""
    ),
}


class PrivacySettings(BaseModel):
    """`[privacy]`: who has to hear of leaked personal data. Shown with exposures of personal data and in reports."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    regime: Regime = Field(Regime.GDPR, description="gdpr, uk-gdpr, hipaa or none: whose clock runs")
    hours: float | None = Field(
        None, gt=0, description="another term than the law's, such as a contract's; default: the law's"
    )
    authority: str = Field(
        "", max_length=100, description="who has to be notified, such as the office's name and form"
    )
    contact: str = Field(
        "", max_length=100, description="who decides it in your house, such as the data protection officer"
    )

    @property
    def law(self) -> Law:
        return LAWS[self.regime]

    @property
    def term(self) -> float | None:
        """Seconds after becoming aware; None where nothing names one."""
        hours = self.hours or self.law.hours
        return None if hours is None else hours * _HOUR


GDPR: Final = PrivacySettings.model_validate({})


@dataclass(frozen=True, slots=True)
class Duty:
    """What is owed for one exposure. `deadline` is epoch seconds; `people` at least, 0 = not counted."""

    law: str
    authority: str
    contact: str
    aware: float
    deadline: float | None
    people: int
    data: str
    tell_people: str
    source: str


def duty_of(*, data: str, people: int, aware: float, privacy: PrivacySettings) -> Duty:
    """`data`: which kinds of personal data; `aware`: when the monitor saw it first."""
    law = privacy.law
    return Duty(
        law=law.name,
        authority=privacy.authority or law.authority,
        contact=privacy.contact or "the data protection officer",
        aware=aware,
        deadline=None if privacy.term is None else aware + privacy.term,
        people=people,
        data=data,
        tell_people=law.people,
        source=law.source,
    )
