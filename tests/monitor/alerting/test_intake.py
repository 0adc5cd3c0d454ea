from dataclasses import replace

import orjson
import pytest

from alerting_samples import KEYS, finding, fingerprint, record, records, sighting
from monitor.alerting import intake
from monitor.bus.base import Message, UpgradeNeeded
from monitor.contracts import CoverageEvent


def test_each_topic_to_its_list():
    events = [
        finding(),
        sighting("b" * 40, repository="a/b"),
        CoverageEvent(source="s", since=1.0, until=2.0),
    ]
    work = intake.read(records(events), KEYS)
    assert (work.findings, work.sightings, work.coverage, work.dead) == (
        events[:1],
        events[1:2],
        events[2:],
        [],
    )


def test_canaries_of_the_self_test_are_no_findings():
    drill = finding("b", mode="exercise")
    canary = finding(source="selftest", mode="exercise", rule="leakstream-canary", verdict="proved")
    work = intake.read(records([canary, drill]), KEYS)
    assert (work.planted, work.findings, work.dead) == ([canary], [drill], [])


def test_a_finding_under_none_of_the_known_keys_is_a_dead_letter_whatever_it_is():
    strange = finding({"k9": fingerprint("a")})
    canary = finding({"k9": fingerprint("b")}, source="selftest", mode="exercise", rule="leakstream-canary")
    rotated = finding({"k9": fingerprint("c"), "k1": fingerprint("d")})
    work = intake.read(records([strange, canary, rotated]), KEYS)
    assert [(dead.record.offset, dead.reason) for dead in work.dead] == [
        (0, "foreign_key"),
        (1, "foreign_key"),
    ]
    assert (work.findings, work.planted) == ([rotated], [])


@pytest.mark.parametrize(
    "broken",
    [
        {"severity": "terrible"},
        {"verdict": "perhaps"},
        {"confidence": ""},
        {"mode": "dream"},
        {"place_id": "00"},
        {"place_id": "z" * 32},
        {"place_id": "0 " * 16},
        {"leak": {"k": "short"}},
        {"leak": {"k": "A" * 64, "j": "0" * 63}},
    ],
)
def test_words_and_digests_that_the_store_cannot_take(broken):
    good = finding("b")
    message = finding().message()
    value = orjson.dumps({**orjson.loads(message.value), **broken})
    work = intake.read([record(replace(message, value=value)), record(good.message())], KEYS)
    assert [dead.reason for dead in work.dead] == ["malformed"]
    assert work.findings == [good]


@pytest.mark.parametrize(
    ("topic", "value", "version", "reason"),
    [
        ("findings.v1", b"{", b"1.0", "not_json"),
        ("findings.v1", b"{}", b"1.0", "malformed"),
        ("sightings.v1", b"[]", b"1.0", "malformed"),
        ("coverage.v1", b"{}", b"x", "bad_version"),
        ("requests.v1", b"{}", b"1.0", "unknown_topic"),
    ],
)
def test_broken_records(topic, value, version, reason):
    work = intake.read([record(Message(topic, b"k", value, {"v": version}))], KEYS)
    assert [dead.reason for dead in work.dead] == [reason]


def test_a_later_major_version_is_no_dead_letter():
    message = finding().message()
    with pytest.raises(UpgradeNeeded):
        intake.read([record(replace(message, headers={"v": b"2.0"}))], KEYS)
