"""The made sample: the same for the same seed, of the size asked for, with the rules' names in it and nothing to find."""

from __future__ import annotations

from acme_rules import ruleset, scanner
from detectors import sample


def test_the_sample() -> None:
    documents = sample.made(ruleset(), size=600_000)
    assert documents == sample.made(ruleset(), size=600_000)
    assert documents != sample.made(ruleset(), size=600_000, seed=2)
    assert 600_000 <= sum(map(len, documents)) < 700_000
    assert any(b"am_key" in document for document in documents)
    assert not any(scanner().scan(document) for document in documents)
