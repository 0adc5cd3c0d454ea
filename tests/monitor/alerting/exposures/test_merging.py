from dataclasses import replace

import pytest

from alerting_samples import NOON, WATCH, finding, sighting
from monitor.alerting.exposures.merging import first, merge
from monitor.alerting.exposures.seen import seen_of_finding, seen_of_sighting
from monitor.alerting.ownership import Ownership

OWNERSHIP = Ownership(WATCH)


def seen(*, new=True, back=False, **other):
    event = finding(repository="acme/code", **other)
    attribution = OWNERSHIP.assess(event.place, source=event.source)
    return seen_of_finding(event, event.fingerprint, attribution, new_place=new, back=back)


def test_people_are_at_least_those_of_the_largest_place():
    row = first(seen(records=40), NOON)
    for records in (300, 40, 7):
        row = merge(row, seen(records=records, path=str(records)), NOON)

    assert row.people == 300


@pytest.mark.parametrize(
    ("known", "how", "public", "removed_at"),
    [
        ("removed", {"new": False}, "removed", NOON),
        ("removed", {}, "unknown", None),
        ("removed", {"new": False, "back": True}, "unknown", None),
        ("cleaned", {}, "unknown", None),
        ("public", {}, "public", None),
    ],
)
def test_where_nobody_has_looked_it_may_stand(known, how, public, removed_at):
    row = replace(first(seen(), NOON), public=known, removed_at=NOON if known == "removed" else None)
    merged = merge(row, seen(**how), NOON)

    assert (merged.public, merged.removed_at) == (public, removed_at)


def test_a_sighting_of_a_known_blob_tells_of_no_more_people():
    row = first(seen(records=5), NOON)
    copy = sighting("b" * 40, repository="acme/copy")
    merged = merge(
        row, seen_of_sighting(row, copy, OWNERSHIP.assess(copy.place, source="git"), new_place=True), NOON
    )

    assert (merged.people, merged.sightings) == (5, 2)
