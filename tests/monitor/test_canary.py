from __future__ import annotations

from detectors import Scanner, load_rules
from detectors.canonical import canonical
from monitor.canary import RULE, canary, fingerprint
from monitor.identity import KeyRing


def test_it_is_found_by_its_rule_and_proved_and_its_fingerprint_is_known_before() -> None:
    rules = load_rules()
    keys = KeyRing.of(bytes(32))
    secret = canary()
    (found,) = Scanner(rules).scan(b"CANARY=" + secret + b"\n")
    assert (found.rule.id, found.secret, found.proof.verdict) == (RULE, secret, "proved")
    leak = keys.leak(found.rule.family, canonical(found.rule, found.secret), bits=200.0)
    assert fingerprint(secret, rules[RULE], keys) == leak[keys.current_id]


def test_no_two_are_one_leak() -> None:
    assert len({canary() for _ in range(100)}) == 100
