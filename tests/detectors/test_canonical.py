"""Golden: a canonical form never moves once released."""

from __future__ import annotations

import hashlib
from random import Random

import pytest

from acme_rules import ruleset
from detectors.canonical import CANONICALS, canonical, guessed
from detectors.proofs.reversible import plain
from detectors.synthetic import secret_for
from shipped_rules import shipped

BODY = "TUlJQ1dn" * 8
LINES = [BODY[i : i + 32] for i in range(0, len(BODY), 32)]
BEGIN, END = "-----BEGIN PRIVATE " + "KEY-----", "-----END PRIVATE " + "KEY-----"


@pytest.mark.parametrize(
    "text",
    [
        "\n".join([BEGIN, *LINES, END]),
        "\r\n".join([BEGIN, *LINES, END]),
        "\\n".join([BEGIN, *LINES, END]),
        "\n".join(["    " + line for line in [BEGIN, *LINES, END]]).strip(),
        "\n".join("+" + line for line in [BEGIN, *LINES, END])[1:],
        "\n".join(f'"{line}\\n" +' for line in [BEGIN, *LINES, END])[1:-6],
        "\n".join([BEGIN, "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,00", "", *LINES, END]),
    ],
)
def test_a_key_is_the_same_however_it_is_wrapped(text: str) -> None:
    assert CANONICALS["pem-v1"](text.encode()) == BODY.encode()


def test_the_others() -> None:
    assert CANONICALS["v1"](b"aB%2B") == b"aB%2B"
    assert CANONICALS["urlencoded-v1"](b"aB%2B") == b"aB+"
    assert CANONICALS["lower-v1"](b"aB") == b"ab"
    assert CANONICALS["base64-v1"](b"ab-_==") == b"ab+/"
    assert CANONICALS["pem-v1"](b"no block") == b"no block"


def test_golden_digests() -> None:
    text = (BEGIN + "\n" + BODY + "\n" + END + "%2F==").encode()
    digest = hashlib.sha256(b"\0".join(CANONICALS[name](text) for name in sorted(CANONICALS)))

    assert digest.hexdigest() == "cc67e7b2bd94295ad1bf6df18ab96d1efb64be430e5751fdb5d0ce86385822da"


@pytest.mark.parametrize(
    ("name", "proof", "provider", "rule_id"),
    [
        ("cisco-7-v1", "cisco-type-7", "cisco", "cisco-type-7-password"),
        ("filezilla-v1", "filezilla-password", "filezilla", "filezilla-site-password"),
        ("group-policy-v1", "group-policy-password", "windows", "windows-group-policy-password"),
    ],
)
def test_a_reversible_password_is_the_password(name: str, proof: str, provider: str, rule_id: str) -> None:
    rule = shipped(provider)[rule_id]
    secret = secret_for(rule, Random(1))

    assert rule.canonical == name
    assert canonical(rule, secret) == guessed(rule, secret) == plain(proof, secret).encode()
    assert len(canonical(rule, secret)) < len(secret)
    assert canonical(rule, b"nothing to read") == b"nothing to read"


def test_the_ways_of_cisco_to_write_one_password_are_one() -> None:
    rule = shipped("cisco")["cisco-type-7-password"]
    written = {b"0822455D0A16", b"060506324F41"}

    assert {canonical(rule, secret) for secret in written} == {b"cisco"}


def test_other_values_are_guessed_as_they_stand() -> None:
    assert guessed(ruleset()["acme-token"], b"acme_x") == b"acme_x"


def test_a_value_is_the_same_whatever_ends_its_lines() -> None:
    rule = ruleset()["acme-url"]

    assert canonical(rule, b"a\r\nb\r\n") == canonical(rule, b"a\nb\n") == b"a\nb\n"
