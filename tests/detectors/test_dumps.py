from __future__ import annotations

from dataclasses import replace

from acme_rules import ruleset
from detectors.dumps import swallow
from detectors.model import Confidence, Finding, Proof, Severity, Verdict

TOKEN, DUMP = ruleset()["acme-token"], ruleset()["acme-dump"]
ANYBODYS = replace(TOKEN, provider="generic")


def finding(start: int, end: int, rule=ANYBODYS) -> Finding:
    return Finding(rule, start, end, b"x" * (end - start), Severity.HIGH, Confidence.HIGH)


def dump(start: int, end: int, records: int = 100) -> Finding:
    proof = Proof(Verdict.UNPROVABLE, facts={"accounts": "9"})
    return replace(finding(start, end, replace(DUMP, provider="data-dump")), records=records, proof=proof)


def test_a_dump_of_accounts_holds_what_is_nobodys_in_particular() -> None:
    inside, outside, whole = finding(120, 130), finding(900, 910), dump(100, 800)

    assert swallow([whole, inside, outside]) == ([whole, outside], [inside])


def test_a_providers_token_and_a_proved_value_stay() -> None:
    whole, token = dump(100, 800), finding(120, 130, TOKEN)
    proved = replace(finding(140, 150), proof=Proof(Verdict.PROVED))

    assert swallow([whole, token, proved]) == ([whole, token, proved], [])


def test_a_few_lines_strewn_over_a_text_do_not_speak_for_the_rest() -> None:
    inside = finding(5_000, 5_010)

    assert swallow([dump(100, 90_000, 5), inside])[1] == []
    assert swallow([dump(100, 800, 9), finding(120, 130)])[1] == []
    assert swallow([replace(dump(100, 8_000), proof=Proof(Verdict.UNPROVABLE)), inside])[1] == []
