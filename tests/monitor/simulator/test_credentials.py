import random

import pytest

from detectors.loader import load_files
from monitor.simulator.credentials import RuleMaker

RULES = r"""
title = "Acme"
references = ["https://docs.acme.example.org"]

[[rule]]
id = "acme-key"
title = "Acme key"
severity = "high"
pattern = 'acme_key_[0-9a-f]{32}'
examples = ['ACME={{secret}}']

[[rule]]
id = "acme-key-id"
title = "Acme key id"
severity = "low"
pattern = 'acme_id_[0-9a-f]{20}'
alone = false
examples = ['ID={{secret}}']

[[set]]
id = "acme-set"
title = "Acme key and its id"
severity = "critical"
primary = "acme-key"
parts = ["acme-key-id"]
within = 500
examples = ['id={{rule:acme-key-id}} key={{rule:acme-key}}']
"""


@pytest.fixture
def ruleset(tmp_path):
    (tmp_path / "acme.toml").write_text(RULES)
    return load_files([tmp_path / "acme.toml"])


def test_credentials_are_made_from_the_examples(ruleset):
    maker = RuleMaker(ruleset, showcase=())
    made = [maker(random.Random(seed)) for seed in range(30)]
    assert {planted.rule_id for planted in made} == {"acme-key", "acme-set"}
    for planted in made:
        assert planted.secret.startswith(b"acme_key_")
        assert planted.secret in planted.text
        assert (b"acme_id_" in planted.text) == (planted.rule_id == "acme-set")
    assert len({planted.secret for planted in made}) == 30
    assert RuleMaker(ruleset, showcase=())(random.Random(7)) == made[7]


def test_the_showcase_begins_with_the_set(ruleset):
    maker = RuleMaker(ruleset, showcase=("acme", "nobody"))
    assert maker(random.Random(1)).rule_id == "acme-set"


def test_no_rule_is_an_error(ruleset):
    with pytest.raises(ValueError):
        RuleMaker(ruleset, providers=("nobody",))
