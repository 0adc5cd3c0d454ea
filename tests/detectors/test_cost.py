"""What rules cost on a sample: counted exactly, timed sensibly."""

from __future__ import annotations

from acme_rules import ruleset, scanner
from detectors import cost

TOKEN = b"acme_" + b"0123456789abcdefghijABCDEFGHIJ"


def test_hits_are_counted_by_rule() -> None:
    documents = [b"x = 1\n" * 1000, (TOKEN + b" ") * 10, TOKEN]
    (loud,) = cost.loudest(scanner(), documents)
    assert loud.name == "acme-token"
    assert round(loud.hits_per_mb * sum(map(len, documents)) / 1e6) == 11


def test_the_time_of_a_rule_alone_is_a_share_of_the_whole() -> None:
    documents = [b"x = 1\n" * 10_000]
    whole = cost.seconds(scanner().hits, documents)
    assert whole > 0
    assert cost.alone([ruleset()["acme-token"]], documents, whole=whole) > 0
    assert cost.alone([ruleset()["acme-token"]], documents, whole=0.0) == 0.0
