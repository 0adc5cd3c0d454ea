"""What the life of an exposure is told of a finding, and of a known blob elsewhere. What comes of it is in test_exposures.py."""

import pytest

from alerting_samples import NOON, WATCH, exposure, finding, sighting
from detectors.model import Severity
from monitor.alerting.exposures.seen import seen_of_finding, seen_of_sighting
from monitor.alerting.ownership import Level, Ownership
from monitor.contracts import Mode

OWNERSHIP = Ownership(WATCH)


def test_a_finding_tells_its_own_words():
    event = finding(repository="acme/code", mode="replay", severity="critical")
    seen = seen_of_finding(event, "id", OWNERSHIP.assess(event.place, source="git"), new_place=True)
    assert (seen.exposure_id, seen.new_place, seen.mode, seen.severity) == (
        "id",
        True,
        Mode.REPLAY,
        Severity.CRITICAL,
    )
    assert (seen.repository, seen.path, seen.attribution.level) == ("acme/code", "a.env", Level.PROVED)
    assert (seen.about["rule"], seen.about["preview"]) == (event.rule, event.preview)
    assert event.preview not in repr(seen)


def test_a_word_of_a_later_version_is_refused():
    event = finding(severity="terrible")
    with pytest.raises(ValueError, match="terrible"):
        seen_of_finding(event, "id", OWNERSHIP.assess(event.place, source="git"), new_place=True)


def test_a_sighting_tells_of_its_exposure_at_another_place():
    row, copy = exposure(severity="critical"), sighting("b" * 40, repository="stranger/copy")
    seen = seen_of_sighting(row, copy, OWNERSHIP.assess(copy.place, source="git"), new_place=False)
    assert (seen.exposure_id, seen.severity, seen.about["title"]) == (row.id, Severity.CRITICAL, row.title)
    assert (seen.repository, seen.path, seen.seen_at) == ("stranger/copy", "copy.env", NOON + 5)
    assert seen.attribution.level is Level.NONE
