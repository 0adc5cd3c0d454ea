"""The fuzzed texts: broken, small, and of the rules' own examples."""

from __future__ import annotations

import random

from acme_rules import ruleset
from benchmarks.bars import mutations


def test_a_corpus_has_every_example_twice_and_mutations_stay_in_bounds() -> None:
    texts = mutations.corpus(ruleset(), seed=1)
    assert len(texts) == 2 * sum(len(entry.examples) for entry in (*ruleset().rules, *ruleset().sets))
    rng = random.Random(3)
    made = [mutations.mutated(texts, rng) for _ in range(500)]
    assert max(map(len, made)) <= mutations.LONGEST
    assert len(set(made)) > 400
