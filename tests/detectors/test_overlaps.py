from __future__ import annotations

from itertools import permutations

from detectors.model import Confidence, Finding, Kind, Part, Proof, Rule, Severity, Verdict
from detectors.overlaps import resolve

PROVED = Proof(Verdict.PROVED, "crc")


def rule(
    rule_id: str, provider: str = "acme", kind: Kind = Kind.CONTEXT, pattern: str = "[0-9a-f]{32}"
) -> Rule:
    return Rule(rule_id, provider, "t", kind, Severity.LOW, rule_id, pattern)


def at(start: int, end: int, of: Rule, **more) -> Finding:
    return Finding(of, start, end, b"s", Severity.LOW, Confidence.MEDIUM, **more)


def winner(*findings: Finding) -> str:
    """The one that stays, whatever the order."""
    outcomes = {tuple(f.rule.id for f in resolve(order)[0]) for order in permutations(findings)}
    (ids,) = outcomes
    (only,) = ids
    return only


def test_what_does_not_share_bytes_stays() -> None:
    kept, lost = resolve([at(10, 20, rule("b")), at(0, 10, rule("a"))])

    assert [f.rule.id for f in kept] == ["a", "b"]
    assert lost == []


def test_the_order_of_preference() -> None:
    assert winner(at(0, 9, rule("a")), at(0, 9, rule("z"), proof=PROVED)) == "z"
    assert winner(at(0, 9, rule("a")), at(0, 9, rule("z"), set_id="s")) == "z"
    assert winner(at(0, 9, rule("a", "generic")), at(3, 5, rule("z"))) == "z"
    assert winner(at(0, 9, rule("a"), decoded=("base64",)), at(3, 5, rule("z"))) == "z"
    assert winner(at(0, 9, rule("a")), at(3, 5, rule("z", kind=Kind.TOKEN, pattern="tok_[a-z]{9}"))) == "z"
    assert winner(at(0, 9, rule("a", pattern="[!-~]{8,64}")), at(3, 5, rule("z"))) == "z"
    assert winner(at(0, 9, rule("a"), name="am"), at(0, 9, rule("z"), name="am_key")) == "z"
    assert winner(at(0, 9, rule("a")), at(0, 12, rule("z"))) == "z"
    assert winner(at(0, 9, rule("a")), at(0, 9, rule("z"))) == "a"


def test_a_shape_around_a_token_wins_only_if_its_secret_speaks_for_itself() -> None:
    token = rule("token", kind=Kind.TOKEN, pattern="tok_[a-z]{9}")
    header = rule("header", kind=Kind.STRUCTURE, pattern="authorization: (?P<secret>[a-z_]{9,99})")
    file = rule("file", kind=Kind.STRUCTURE, pattern='"key": "(?P<secret>tok_[a-z]{9})"')

    assert winner(at(0, 13, token), at(0, 13, header)) == "token"
    assert winner(at(0, 13, token), at(0, 13, file)) == "file"


def test_the_parts_of_a_set_are_taken_too() -> None:
    pair = at(0, 9, rule("pair"), set_id="s", parts=(Part("p", 20, 30, b"p"),))

    assert winner(pair, at(22, 28, rule("a"))) == "pair"


def test_findings_of_one_run_share_its_span_and_others_do_not() -> None:
    one, two = (at(0, 9, rule(name), decoded=("base64",)) for name in "ab")
    other = at(5, 12, rule("c"), decoded=("utf16",))

    kept, lost = resolve([one, two, other])

    assert [f.rule.id for f in kept] == ["a", "b"]
    assert [f.rule.id for f in lost] == ["c"]


def test_a_dump_excludes_dumps_only() -> None:
    line = "[a-z]{3}@x[.]org:[0-9a-f]{32}"
    wide = at(0, 99, rule("a", kind=Kind.RECORDS, pattern="[a-z]{3}@x[.]org:[!-~]{6,64}"), records=9)
    narrow = at(0, 99, rule("z", kind=Kind.RECORDS, pattern=line), records=9)

    assert winner(wide, narrow) == "z"
    assert len(resolve([narrow, at(3, 9, rule("b"))])[0]) == 2


def test_what_names_no_provider_gives_way_to_what_does() -> None:
    """A token's own shape says less than a provider's name beside it; a generic set never swallows a provider's value."""
    token = rule("jwt-token", "jwt", Kind.TOKEN, r"eyJ[0-9A-Za-z]{20}")

    assert winner(at(0, 40, token), at(0, 40, rule("z"))) == "z"
    assert winner(at(0, 40, token), at(0, 40, rule("a", "generic"))) == "jwt-token"
    assert winner(at(0, 9, rule("a", "oauth"), set_id="s"), at(3, 5, rule("z"))) == "z"
