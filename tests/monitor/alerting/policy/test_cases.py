from __future__ import annotations

from alerting_samples import NOON, exposure, finding
from detectors.model import Severity
from monitor.alerting.ownership import NOBODY, Level
from monitor.alerting.policy.cases import case_of, case_of_finding, is_personal
from monitor.contracts import Mode


def test_an_exposure_as_it_stands() -> None:
    case = case_of(exposure(people=7, mode="replay"), now=NOON + 3600)
    assert (case.level, case.score, case.severity, case.mode) == (
        Level.PROVED,
        90,
        Severity.HIGH,
        Mode.REPLAY,
    )
    assert (case.people, case.personal, case.source) == (7, True, "github_events")
    assert case.age == 3660  # published a minute before it was seen


def test_a_finding_as_the_exposure_that_it_would_open() -> None:
    case = case_of_finding(finding(published_at=None), NOBODY, now=NOON + 10)
    assert (case.level, case.score, case.age, case.personal) == (Level.NONE, 0, 10, False)


def test_a_clock_that_is_behind_makes_no_negative_age() -> None:
    assert case_of(exposure(), now=NOON - 9999).age == 0


def test_personal_is_what_has_people_or_is_found_by_such_a_rule() -> None:
    assert is_personal("pii-iban", 0)
    assert is_personal("data-dump-email-password", 0)
    assert is_personal("example-token", 1)
    assert not is_personal("example-token", 0)
