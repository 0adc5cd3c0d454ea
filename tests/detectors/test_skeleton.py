"""A new rule file passes the check as it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors import Scanner, authoring, skeleton
from detectors.check import check_rules
from detectors.errors import RuleError
from detectors.loader import load_files


@pytest.mark.parametrize("alphabet", skeleton.ALPHABETS)
@pytest.mark.parametrize(
    ("provider", "prefix"), [("examplecorp", ""), ("acme", ""), ("zet-corp", "zt1."), ("zet", "zet_")]
)
def test_it_passes(tmp_path: Path, provider: str, prefix: str, alphabet: str) -> None:
    path = tmp_path / f"{provider}.toml"
    path.write_text(skeleton.rule_file(provider, "api-key", prefix=prefix, alphabet=alphabet))
    rules = load_files([path])
    assert [rule.id for rule in rules.rules] == [f"{provider}-api-key"]
    assert check_rules(rules, Scanner(rules, cache_dir=tmp_path)) == []
    assert authoring.refused(rules.rules, {}) == []


@pytest.mark.parametrize(
    ("provider", "credential", "more"),
    [
        ("Acme", "key", {}),
        ("acme", "api_key", {}),
        ("acme", "key", {"prefix": "a"}),
        ("acme", "key", {"prefix": "a+b'"}),
        ("acme", "key", {"length": 3}),
        ("acme", "key", {"alphabet": "emoji"}),
    ],
)
def test_wrong_parts_are_named(provider: str, credential: str, more: dict[str, object]) -> None:
    with pytest.raises(RuleError):
        skeleton.rule_file(provider, credential, **more)  # type: ignore[arg-type]
