from __future__ import annotations

from collections import Counter

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
