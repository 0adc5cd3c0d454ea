from __future__ import annotations

from pathlib import Path

import pytest

import detectors
from acme_rules import ruleset
from detectors import load_rules, rulecache


def test_what_is_stored_comes_back_equal(tmp_path: Path) -> None:
    rulecache.store(ruleset(), tmp_path)

    again = rulecache.stored(ruleset().digest, tmp_path)

    assert again == ruleset()
    assert again is not None
    assert [type(rule.kind) for rule in again.rules] == [type(rule.kind) for rule in ruleset().rules]


def test_rules_are_read_one_by_one_and_the_same_each_time(tmp_path: Path) -> None:
    rulecache.store(ruleset(), tmp_path)
    again = rulecache.stored(ruleset().digest, tmp_path)
    assert again is not None

    assert again.rules[3] is again.rules[3]
    assert again.rules[-1] == ruleset().rules[-1]
    assert again.rules[1:3] == tuple(ruleset().rules[1:3])
    assert hash(again) == hash(ruleset())
    with pytest.raises(IndexError):
        again.rules[len(again)]


def test_another_digest_or_a_damaged_file_is_judged_anew(tmp_path: Path) -> None:
    rulecache.store(ruleset(), tmp_path)
    (path,) = tmp_path.iterdir()

    assert rulecache.stored("0" * 64, tmp_path) is None
    path.write_bytes(path.read_bytes()[:-1])
    assert rulecache.stored(ruleset().digest, tmp_path) is None


PREBUILT = Path(detectors.__file__).parent / "prebuilt"


def test_the_shipped_rules_are_the_same_from_the_cache(tmp_path: Path) -> None:
    first, second = load_rules(cache_dir=tmp_path), load_rules(cache_dir=tmp_path)

    assert first == second
    assert len(list(tmp_path.iterdir())) == (0 if PREBUILT.is_dir() else 1)  # an installed wheel brings it
