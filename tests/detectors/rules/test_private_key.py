"""Private keys as they stand in real files: whole in a file, in a string with escapes, or only named."""

from __future__ import annotations

from random import Random

import pytest

from detectors.synthetic import secret_for
from shipped_rules import shipped, shipped_scanner

PEM = ["private-key-rsa", "private-key-pkcs8", "private-key-ec", "private-key-openssh", "private-key-pgp"]


def key(rule_id: str) -> bytes:
    return secret_for(shipped("private-key")[rule_id], Random(7))


@pytest.mark.parametrize("rule_id", PEM)
def test_a_key_inside_a_json_string_is_the_same_key(rule_id: str) -> None:
    from detectors.canonical import canonical

    block = key(rule_id)
    escaped = b'{"private_key": "' + block.replace(b"\n", b"\\n") + b'\\n"}'

    (finding,) = shipped_scanner("private-key").scan(escaped)

    assert finding.rule.id == rule_id
    assert canonical(finding.rule, finding.secret) == canonical(finding.rule, block)


@pytest.mark.parametrize("rule_id", PEM)
def test_code_that_only_names_the_marks_is_quiet(rule_id: str) -> None:
    label = key(rule_id).split(b"-----")[1].removeprefix(b"BEGIN ")
    text = b'BEGIN = b"-----BEGIN ' + label + b'-----"\nEND = b"-----END ' + label + b'-----"\n'

    assert shipped_scanner("private-key").scan(text) == ()


def test_a_key_whose_numbers_do_not_agree_is_quiet() -> None:
    block = key("private-key-rsa")
    middle = len(block) // 2
    broken = block[: middle - 8] + b"AAAAAAAA" + block[middle:]

    assert shipped_scanner("private-key").scan(broken) == ()
