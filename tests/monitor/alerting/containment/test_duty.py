"""Whose clock runs when personal data leaked."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from alerting_samples import NOON
from monitor.alerting.containment.duty import GDPR, LAWS, PrivacySettings, Regime, duty_of

HOUR = 3600.0


def duty(**settings: object):
    privacy = PrivacySettings.model_validate(settings)
    return duty_of(data="e-mail addresses", people=12, aware=NOON, privacy=privacy)


@pytest.mark.parametrize(
    ("settings", "hours", "authority"),
    [
        ({}, 72, "the supervisory authority"),
        ({"regime": "uk-gdpr"}, 72, "the Information Commissioner's Office"),
        ({"regime": "hipaa"}, 1440, "the Department of Health and Human Services"),
        ({"regime": "gdpr", "authority": "the CNIL"}, 72, "the CNIL"),
        ({"regime": "gdpr", "hours": 24}, 24, "the supervisory authority"),
        ({"regime": "none", "hours": 48}, 48, "the authority"),
        ({"regime": "none"}, None, "the authority"),
    ],
)
def test_the_clock_runs_from_when_it_was_seen(settings, hours, authority) -> None:
    owed = duty(**settings)
    assert owed.deadline == (None if hours is None else NOON + hours * HOUR)
    assert (owed.authority, owed.people, owed.aware) == (authority, 12, NOON)


def test_every_regime_has_its_law_with_a_source() -> None:
    assert set(LAWS) == set(Regime)
    assert all(law.source.startswith("https://") for regime, law in LAWS.items() if regime is not Regime.NONE)
    assert GDPR.law.name == "GDPR Art. 33"


@pytest.mark.parametrize("settings", [{"regime": "moon"}, {"hours": 0}, {"officer": "x"}])
def test_what_is_wrong_is_refused(settings) -> None:
    with pytest.raises(ValidationError):
        PrivacySettings.model_validate(settings)
