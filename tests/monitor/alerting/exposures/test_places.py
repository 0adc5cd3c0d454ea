from dataclasses import replace

from alerting_samples import NOON, finding, fingerprint, sighting
from monitor.alerting.exposures.places import (
    coverage_objects,
    place_object,
    places_of,
    sighting_object,
    sighting_of,
    stable_place,
    where_digest,
)
from monitor.contracts import CoverageEvent, Gap, Place


def test_a_place_is_the_same_before_and_after_a_rotation():
    for n in (0, 3):
        old = finding("old", n=n)
        new = finding("new", n=n, place=old.place, blob_sha=old.blob_sha)
        assert new.place_id != old.place_id
        assert stable_place(new, old.fingerprint) == old.place_id
        assert stable_place(old, old.fingerprint) == old.place_id


def test_a_place_made_some_other_way_stays_as_it_is():
    event = replace(finding("new"), place_id="0" * 32)
    assert stable_place(event, fingerprint("old")) == "0" * 32


def test_a_blob_elsewhere_has_as_many_places_as_it_holds_leaks():
    event = finding()
    ids = list(places_of(event.place, event.blob_sha, event.fingerprint, 3))
    assert ids == [finding(n=n).place_id for n in range(3)]


def test_objects_leave_out_what_is_empty():
    assert place_object(Place(forge="f", line=3)) == {"forge": "f", "line": 3}


def test_a_sighting_comes_back_as_it_was():
    event = sighting("b" * 40, repository="acme/x", at=NOON)
    assert sighting_of(sighting_object(event)) == event


def test_coverage_has_all_its_fields():
    event = CoverageEvent(source="s", since=1.0, until=2.0, lost=3, blind="outage", gaps=(Gap(1, 5, 7),))
    (found,) = coverage_objects(event)
    assert (found["source"], found["lost"], found["blind"], "extra" in found) == ("s", 3, "outage", False)
    assert found["gaps"] == [{"partition": 1, "first": 5, "last": 7}]


def test_each_gap_is_an_object_and_an_event_without_any_is_one():
    event = CoverageEvent(source="s", since=1.0, until=2.0, lost=5, gaps=(Gap(0, 5, 7), Gap(1, 0, 1)))
    found = coverage_objects(event)
    assert [(row["lost"], row["gaps"]) for row in found] == [
        (3, [{"partition": 0, "first": 5, "last": 7}]),
        (2, [{"partition": 1, "first": 0, "last": 1}]),
    ]
    assert [row["lost"] for row in coverage_objects(replace(event, gaps=()))] == [5]


def test_where_is_file_or_page_whatever_the_commit():
    place = Place(forge="f", repository="r", path="p", url="u", commit="1", line=1)
    assert where_digest(place) == where_digest(replace(place, commit="2", line=9, url="v"))
    assert where_digest(place) != where_digest(replace(place, path="q"))
    assert where_digest(Place(url="u")) != where_digest(Place(url="v"))
