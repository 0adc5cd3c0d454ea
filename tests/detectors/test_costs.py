"""What a rule costs is counted where it is spent."""

from __future__ import annotations

import random

from acme_rules import ruleset, scanner_with
from detectors.costs import Costs
from detectors.synthetic import secret_for


def test_each_rule_gets_the_time_since_the_one_before() -> None:
    costs = Costs()
    costs.begin()
    costs.add(3, 2)
    costs.add(5, 1)
    costs.begin()
    costs.add(3, 4)
    taken = costs.take()
    assert {number: cost.hits for number, cost in taken.items()} == {3: 6, 5: 1}
    assert all(cost.seconds > 0 for cost in taken.values())
    assert costs.take() == {}


def test_a_scanner_tells_by_the_rules_ids_and_forgets() -> None:
    scanner = scanner_with()
    assert scanner.costs() == {}
    token = secret_for(ruleset()["acme-token"], random.Random(1))
    scanner.scan(b"token=" + token + b" and acme_" + b"x" * 30)
    costs = scanner.costs()
    assert costs["acme-token"].hits == 2
    assert 0 < costs["acme-token"].seconds < 1
    assert set(costs) <= {rule.id for rule in ruleset().rules}
    assert scanner.costs() == {}
