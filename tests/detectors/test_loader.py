from __future__ import annotations

from pathlib import Path

import pytest

from acme_rules import TOML, write
from detectors.errors import RuleError
from detectors.loader import load_files, load_rules
from detectors.model import Kind

RULE = """
[[rule]]
id = "acme-token"
title = "t"
severity = "high"
pattern = 'acme_[0-9a-z]{20}'
examples = ['{{secret}}']
"""


def loaded(folder: Path, text: str, name: str = "acme"):
    return load_files([write(folder, text, name)])


def test_the_keys_tell_the_kind_and_the_engine(tmp_path: Path) -> None:
    rules = loaded(tmp_path, TOML)

    assert {rule.id: (rule.kind, rule.engine) for rule in rules.rules} == {
        "acme-token": (Kind.TOKEN, "re"),
        "acme-grant": (Kind.TOKEN, "re"),
        "acme-key": (Kind.CONTEXT, "re"),
        "acme-id": (Kind.CONTEXT, "re"),
        "acme-url": (Kind.STRUCTURE, "re"),
        "acme-loop": (Kind.TOKEN, "re2"),
        "acme-dump": (Kind.RECORDS, "re"),
    }
    assert rules["acme-token"].references == ("https://example.com/tokens",)
    assert rules["acme-token"].family == "acme-token"
    assert [entry.id for entry in rules.sets] == ["acme-pair"]
    assert len(rules) == 7


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("severity", "sverity", "unknown key 'sverity'"),
        ("examples = ['{{secret}}']", "", "no examples"),
        ("examples = ['{{secret}}']", "examples = []", "no examples"),
        ('title = "t"', "", "no title"),
        ('"high"', '"severe"', "severity 'severe'"),
        ('"acme-token"', '"Acme_token"', "kebab-case"),
        ('"acme-token"', '"other-token"', "begin with the provider"),
        ("pattern = 'acme_[0-9a-z]{20}'", "", "no expression"),
        ("pattern = ", "value = ", "a rule has"),
        ("acme_[0-9a-z]{20}", "[0-9a-z]{20}", "no fixed text of 3"),
        ("acme_[0-9a-z]{20}", "acme_[0-9a-z]+", "unbounded"),
        ("acme_[0-9a-z]{20}", "acme_[0-9a-z.]{9,99}[0-9a-z]", "every length is a hit"),
        ("acme_[0-9a-z]{20}", "acme_(?:[0-9a-z.]{9,99})(?:[0-9a-z](?!x))", "every length is a hit"),
        ("acme_[0-9a-z]{20}", "acme_(?:[a-z]{1,9}){1,9}(?=x)", "RE2"),
        ("examples", "proof = 'none-such'\nexamples", "proof 'none-such' is unknown"),
        ("examples", "extent = 'none-such'\nexamples", "extent 'none-such' is unknown"),
        ("examples", "canonical = 'v9'\nexamples", "canonical 'v9' is unknown"),
        ("examples", "profile = 'pasword'\nexamples", "profile 'pasword' is unknown; known are credential"),
        ("examples", "syntaxes = ['verse']\nexamples", "syntax 'verse' is unknown"),
        ("examples", "engine = 'pcre'\nexamples", "engine 'pcre'"),
        ("examples", "reject = ['(?:a{1,9}){1,9}']\nexamples", "reject"),
        ("examples", "entropy = '3'\nexamples", "entropy is not a float"),
        ("examples = ['{{secret}}']", "examples = 'x'", "examples is not a list"),
        ("[[rule]]", "x = 1\n[[rule]]", "unknown key 'x'"),
        ("[[rule]]", "[[rule", "not TOML"),
    ],
)
def test_a_mistake_is_named_with_file_and_rule(tmp_path: Path, old: str, new: str, reason: str) -> None:
    with pytest.raises(RuleError, match=reason) as error:
        loaded(tmp_path, RULE.replace(old, new))

    assert str(tmp_path / "acme.toml") in str(error.value)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ('["ab"]', "name 'ab'"),
        ('["Acme"]', "name 'Acme'"),
        ('["_acme"]', "name '_acme'"),
        ("[]", "names is empty"),
    ],
)
def test_names_are_checked(tmp_path: Path, names: str, reason: str) -> None:
    with pytest.raises(RuleError, match=reason):
        loaded(
            tmp_path,
            RULE.replace("pattern = 'acme_[0-9a-z]{20}'", f"names = {names}\nvalue = '[0-9a-f]{{32}}'"),
        )


def test_a_dump_needs_lines(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no dump"):
        loaded(tmp_path, RULE.replace("pattern", "minimum = 2\nline"))


def test_an_id_is_given_once(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="acme-token: the id is taken"):
        loaded(tmp_path, RULE + RULE)


def test_a_set_names_existing_rules(tmp_path: Path) -> None:
    entry = '[[set]]\nid = "acme-set"\ntitle = "t"\nseverity = "high"\nprimary = "acme-token"\nparts = ["acme-none"]\nexamples = ["x"]\n'
    with pytest.raises(RuleError, match="no rule 'acme-none'"):
        loaded(tmp_path, RULE + entry)


def test_the_digest_hangs_on_every_byte(tmp_path: Path) -> None:
    assert loaded(tmp_path, RULE).digest != loaded(tmp_path, RULE + "\n").digest
    assert loaded(tmp_path, RULE).digest == loaded(tmp_path, RULE).digest


def test_own_rules_stand_beside_the_shipped_ones(tmp_path: Path) -> None:
    write(tmp_path, RULE.replace("acme", "zz-acme"), "zz-acme")

    rules = load_rules([tmp_path])

    assert "zz-acme-token" in rules.by_id
    assert len(rules) > 100
