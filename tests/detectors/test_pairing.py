from __future__ import annotations

from dataclasses import replace

from detectors.model import Confidence, CredentialSet, Finding, Kind, Proof, Rule, Severity, Verdict
from detectors.pairing import pair, with_missing

SET = CredentialSet("pair", "acme", "t", Severity.CRITICAL, "key", ("id",), ("region",), within=100)


def rule(rule_id: str, *, alone: bool = True) -> Rule:
    return Rule(rule_id, "acme", "t", Kind.CONTEXT, Severity.LOW, rule_id, "[a-z]{4}", alone=alone)


def at(start: int, rule_id: str, secret: bytes = b"", *, alone: bool = True, end: int = 0) -> Finding:
    return Finding(
        rule(rule_id, alone=alone),
        start,
        end or start + 4,
        secret or b"%d" % start,
        Severity.LOW,
        Confidence.MEDIUM,
    )


def pairs(*findings: Finding, sets=(SET,)) -> list[tuple[bytes, ...]]:
    return [tuple(m.secret for m in entry.members) for entry in pair(findings, sets)[0]]


def test_a_set_takes_the_primarys_place_with_its_own_severity() -> None:
    (entry,), left = pair([at(0, "id"), at(20, "key"), at(40, "region"), at(60, "other")], [SET])

    assert (entry.finding.start, entry.finding.set_id, entry.finding.severity) == (
        20,
        "pair",
        Severity.CRITICAL,
    )
    assert [(p.rule_id, p.start) for p in entry.finding.parts] == [("id", 0), ("region", 40)]
    assert [f.rule.id for f in left] == ["other"]


def test_without_a_part_or_too_far_apart_there_is_none() -> None:
    assert pairs(at(0, "key"), at(20, "region")) == []
    assert pairs(at(0, "key"), at(120, "id")) == []
    assert pairs(at(0, "key"), at(95, "id")) == [(b"0", b"95")]


def test_the_nearest_go_together_each_once() -> None:
    assert pairs(at(0, "id"), at(10, "key"), at(30, "id"), at(40, "key")) == [(b"10", b"0"), (b"40", b"30")]
    assert pairs(at(0, "id"), at(10, "key"), at(30, "key"), at(90, "id")) == [(b"10", b"0"), (b"30", b"90")]


def test_a_key_written_twice_shares_the_only_id() -> None:
    assert pairs(at(0, "id", b"i"), at(10, "key", b"k"), at(30, "key", b"k")) == [(b"k", b"i"), (b"k", b"i")]


def test_two_rules_reading_the_same_bytes_are_no_set() -> None:
    assert pairs(at(0, "key"), at(2, "id")) == []


def test_the_larger_set_has_the_first_choice() -> None:
    larger = CredentialSet("three", "acme", "t", Severity.HIGH, "key", ("id", "region"))

    (entry,), _ = pair([at(0, "id"), at(20, "key"), at(40, "region")], [SET, larger])

    assert entry.finding.set_id == "three"


def test_a_lone_half_says_what_it_lacks() -> None:
    larger = CredentialSet("three", "acme", "t", Severity.HIGH, "key", ("id", "tenant"))
    key, near, far = at(0, "key"), at(60, "id"), at(5000, "id")

    def missing(*seen: Finding, sets=(SET,)) -> tuple[str, ...]:
        return with_missing([key], [key, *seen], sets)[0].missing

    assert missing() == ("id",)
    assert missing(far) == ("id",)
    assert missing(near) == ()
    assert missing(near, sets=(larger,)) == ("tenant",)
    assert missing(sets=(larger, SET)) == ("id",)
    assert [f.missing for f in with_missing([far, at(0, "other"), at(9, "region")], [], [SET])] == [
        ("key",),
        (),
        (),
    ]


def test_a_complete_set_lacks_nothing() -> None:
    (entry,), _ = pair([at(0, "id"), at(20, "key")], [SET])

    assert with_missing([entry.finding], [], [SET])[0].missing == ()


def test_a_part_of_an_encoded_run_says_the_way() -> None:
    part = replace(at(20, "id"), decoded=("percent",))

    (entry,), _ = pair([at(0, "key"), part], [SET])

    assert [p.decoded for p in entry.finding.parts] == [("percent",)]


def test_what_a_part_tells_of_its_owner_is_told_of_the_set() -> None:
    id_tells = Proof(Verdict.UNPROVABLE, "id", {"account_id": "123", "kind": "of the id"})
    key_tells = Proof(Verdict.PROVED, "sum", {"kind": "of the key"})

    (entry,), _ = pair([replace(at(0, "id"), proof=id_tells), replace(at(20, "key"), proof=key_tells)], [SET])

    assert entry.finding.proof == Proof(Verdict.PROVED, "sum", {"account_id": "123", "kind": "of the key"})
