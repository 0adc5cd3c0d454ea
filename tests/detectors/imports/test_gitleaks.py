"""A file in the manner of Gitleaks: what is kept works, what is changed or refused is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors import Scanner
from detectors.check import check_rules
from detectors.errors import RuleError
from detectors.imports import gitleaks
from detectors.loader import load_files

FILE = r"""
[extend]
path = "other.toml"
[[allowlists]]
stopwords = ["zebra"]
[[rules]]
id = "acme-key"
description = "Acme's key"
regex = '''(?i)(?:acme)[\w.-]{0,20}['"\s]{0,3}[=:]['"\s]{0,3}([a-f0-9]{32})(?:['"\s;]|$)'''
entropy = 2
keywords = ["acme"]
[[rules.allowlists]]
regexes = ['''^dead''', '''(a+)+b''']
paths = ["x"]
[[rules]]
id = "Zeta_Token"
regex = '''zta_[A-Za-z0-9]{20,}'''
[[rules]]
id = "any-hex"
regex = '''[a-f0-9]{32}'''
[[rules]]
id = "by-path"
path = '''x$'''
[[rules]]
id = "somewhere"
regex = '''abcdef[0-9]{20}'''
path = '''x$'''
"""
DIGITS = b"0a1b2c3d4e5f60718293a4b5c6d7e8f9"


def imported() -> dict[str, gitleaks.Imported]:
    return {rule.id: rule for rule in gitleaks.read(FILE.encode())}


def test_every_rule_is_accounted_for() -> None:
    found = imported()
    assert [name for name, rule in found.items() if rule.toml] == ["acme-key", "zeta-token"]
    told = {name: " | ".join(rule.notes) for name, rule in found.items()}
    assert "keywords" in told["acme-key"]
    assert "`paths` are not kept" in told["acme-key"]
    assert "'(a+)+b' is not kept" in told["acme-key"]
    assert "its id was 'Zeta_Token'" in told["zeta-token"]
    assert "bounded to 256" in told["zeta-token"]
    assert "no fixed text" in told["any-hex"]
    assert "no regex" in told["by-path"]
    assert "some paths" in told["somewhere"]
    assert "[extend]" in told[""]


def test_what_is_kept_finds_and_rejects(tmp_path: Path) -> None:
    for name, content in gitleaks.files(list(imported().values())).items():
        (tmp_path / name).write_text(content)
    rules = load_files(sorted(tmp_path.glob("*.toml")))
    scanner = Scanner(rules, cache_dir=tmp_path)
    assert check_rules(rules, scanner, seeds=(1,)) == []
    assert {rule.engine for rule in rules.rules} == {"re2"}

    (hit,) = scanner.scan(b'ACME_KEY = "%s"\n' % DIGITS)
    assert (hit.rule.id, hit.secret) == ("acme-key", DIGITS)
    assert scanner.scan(b'ACME_KEY = "dead%s"\n' % DIGITS[4:]) == ()
    assert scanner.last.dropped["rejected"]
    assert len(scanner.scan(b"acme: %s" % DIGITS)) == 1  # at the very end of a text
    assert scanner.scan(b"zta_zebra%s" % DIGITS) == ()  # the file's own stopword


@pytest.mark.parametrize("content", [b"\xff", b"title = 1", b"rules = 3", b"rules = [1]"])
def test_another_file(content: bytes) -> None:
    with pytest.raises(RuleError):
        gitleaks.read(content)
