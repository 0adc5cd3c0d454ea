"""Every form in which a credential is published gives it back: a provider's token and a password that only its name makes one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from acme_rules import cache
from detectors import RuleSet, Scanner
from detectors.loader import load_files
from detectors.synthetic import secret_for
from detectors.synthetic_encodings import ENCODERS, settings

RULES = r"""
title = "Depot"
references = ["https://example.com/tokens"]

[[rule]]
id = "depot-token"
title = "Depot token"
severity = "high"
pattern = 'depot_[0-9A-Za-z]{30}'
examples = ['token={{secret}}']

[[rule]]
id = "depot-password"
title = "Password of a depot"
severity = "medium"
names = ["password"]
value = '[0-9A-Za-z]{14,24}'
examples = ['password = "{{secret}}"']
"""


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    path: Path = tmp_path_factory.mktemp("rules") / "depot.toml"
    path.write_text(RULES, encoding="utf-8")
    return load_files([path])


@pytest.fixture(scope="module")
def scanner(rules: RuleSet) -> Scanner:
    return Scanner(rules, cache_dir=Path(cache().name))


def planted(rules: RuleSet, seed: int) -> tuple[bytes, bytes, bytes]:
    """A text of two lines, the token in it, the password in it."""
    rng = random.Random(seed)
    token, password = (secret_for(rules[name], rng) for name in ("depot-token", "depot-password"))
    return b'upload_token = "' + token + b'"\ndb_password = "' + password + b'"\n', token, password


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("seed", range(3))
def test_both_kinds_are_found_in_every_form_within_the_document(
    name: str, seed: int, rules: RuleSet, scanner: Scanner
) -> None:
    text, token, password = planted(rules, seed)
    document = ENCODERS[name](text)

    found = scanner.scan(document)

    assert {("depot-token", token), ("depot-password", password)} <= {(f.rule.id, f.secret) for f in found}
    assert all(0 <= f.start < f.end <= len(document) for f in found)
    assert found == scanner.scan_many([b"nothing", document])[1]


@pytest.mark.parametrize("name", ENCODERS)
def test_each_value_is_told_once_a_place(name: str, rules: RuleSet, scanner: Scanner) -> None:
    text, _, _ = planted(rules, 1)

    found = scanner.scan(ENCODERS[name](text))

    places = [(f.rule.id, f.secret, f.start, f.end) for f in found]
    assert len(places) == len(set(places))


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("base64", "gzip"),
        ("base64", "percent-reserved"),
        ("json", "percent"),
        ("gzip", "base64-wrapped-76"),
        ("zip", "tar-gzip"),
        ("zip", "docx"),
        ("tar-gzip", "sqlite-rows"),
        ("percent", "base64"),
        ("diff-added", "base64-kubernetes"),
        ("diff-removed", "json-twice"),
        ("utf16-le-mark", "entities-named"),
        ("hex", "json"),
    ],
)
def test_forms_in_forms(outer: str, inner: str, rules: RuleSet, scanner: Scanner) -> None:
    text, token, password = planted(rules, 4)

    found = scanner.scan(ENCODERS[outer](ENCODERS[inner](text)))

    assert {token, password} <= {f.secret for f in found}


def test_names_and_values_of_the_lines() -> None:
    assert settings(b'a = "b c"\n"d": "e",\nf: g\nnothing\n') == [(b"a", b"b c"), (b"d", b"e"), (b"f", b"g")]
