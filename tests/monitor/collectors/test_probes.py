from pathlib import Path

import pytest

from detectors.loader import load_files, load_rules
from detectors.scanner import Scanner
from detectors.synthetic_encodings import ENCODERS
from monitor import probing
from monitor.canary import canary
from monitor.collectors.probes import Probes

ALIKE = """
title = "Acme"

[[rule]]
id = "acme-token"
title = "Acme token"
severity = "high"
pattern = 'acme_[0-9A-Za-z]{30}'
examples = ['token={{secret}}', '"{{secret}}"']

[[rule]]
id = "acme-refused"
title = "A rule that refuses its own values"
severity = "high"
pattern = 'acmr_[0-9A-Za-z]{30}'
reject = ['acmr']
examples = ['token={{secret}}']

[[rule]]
id = "acme-id"
title = "Acme id"
severity = "low"
pattern = 'acmeid_[0-9]{12}'
alone = false
examples = ['{{secret}}']

[[rule]]
id = "acme-region"
title = "Acme region"
severity = "low"
pattern = 'acmeregion_[0-9]{12}'
alone = false
examples = ['{{secret}}']

[[set]]
id = "acme-set"
title = "Acme, whole"
severity = "high"
primary = "acme-token"
parts = ["acme-id"]
optional = ["acme-region"]
examples = ['{{rule:acme-token}} {{rule:acme-id}} {{rule:acme-region}}']
"""


@pytest.fixture
def probes(tmp_path: Path) -> Probes:
    file = tmp_path / "acme.toml"
    file.write_text(ALIKE)
    return Probes(load_files([file]))


def test_every_rule_that_must_find_something_and_every_decoder_has_one(probes: Probes) -> None:
    decoders = [probing.of_decoder(name) for name in ENCODERS]
    rules = ["rule/acme-id", "rule/acme-refused", "rule/acme-token"]
    assert sorted(probes.names) == sorted([*decoders, *rules])


def test_the_text_is_another_one_every_day_for_as_many_days_as_the_rule_check_has_texts(
    probes: Probes,
) -> None:
    texts = [probes.text("rule/acme-token", day, b"") for day in range(7)]
    assert len(set(texts[:6])) == 6  # two examples, three seeds
    assert texts[6] == texts[0]


def test_a_rule_that_refuses_its_own_values_has_no_text(probes: Probes) -> None:
    assert probes.text("rule/acme-refused", 1, b"") == b""


@pytest.mark.parametrize("day", [20_778])
def test_the_shipped_rules_and_decoders_find_what_is_planted_for_them(day: int) -> None:
    rules = load_rules()
    probes, scanner = Probes(rules), Scanner(rules)
    found = scanner.scan_many([probes.text(name, day, canary()) for name in probes.names])
    ids = [
        {rule for f in findings for rule in (f.rule.id, *(p.rule_id for p in f.parts))} for findings in found
    ]
    wanted = [probing.rule(name) or "leakstream-canary" for name in probes.names]
    assert [rule for rule, there in zip(wanted, ids, strict=True) if rule not in there] == []
