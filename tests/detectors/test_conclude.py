from __future__ import annotations

from collections import Counter
from dataclasses import replace

from detectors.conclude import conclude
from detectors.model import Confidence, CredentialSet, Finding, Kind, Rule, Severity

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


def test_a_lone_half_that_means_nothing_alone_is_counted() -> None:
    dropped: Counter[str] = Counter()

    assert conclude([at(0, "id", alone=False)], [SET], dropped) == []
    assert dropped == {"alone": 1}


def test_a_set_that_gives_way_gives_its_members_back() -> None:
    dropped: Counter[str] = Counter()
    rival = CredentialSet("rival", "acme", "t", Severity.HIGH, "rkey", ("rid", "rid2"))
    findings = [at(0, "id"), at(20, "key"), at(0, "rid"), at(40, "rkey"), at(60, "rid2")]

    found = conclude(findings, [SET, rival], dropped)

    # "pair" comes first by offset where nothing else decides; of the rival, the two that share no byte with it stay
    assert [(f.set_id, f.start) for f in found] == [("pair", 20), ("", 40), ("", 60)]
    assert dropped["overlap"] == 1


def test_a_value_that_says_what_it_is_is_no_half_of_anothers_set() -> None:
    """Else its identity would hang on whether some id happens to stand near."""
    token = Rule("token", "other", "t", Kind.TOKEN, Severity.HIGH, "token", "tok_[a-z]{4}")
    told = replace(at(20, "key", b"tok_abcd", end=28), rule=token)
    as_key = at(20, "key", b"tok_abcd", end=28)

    for near in ([], [at(0, "id")]):
        found = conclude([*near, told, as_key], [SET], Counter())
        assert [(f.rule.id, f.set_id) for f in found if f.start == 20] == [("token", "")]
    assert [f.set_id for f in conclude([at(0, "id"), as_key], [SET], Counter())] == ["pair"]
