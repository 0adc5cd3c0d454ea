from __future__ import annotations

from dataclasses import replace

import pytest

from detectors.filters import entropy, estimate_bits, reason
from detectors.model import Kind, Rule, Severity

RULE = Rule("g", "generic", "g", Kind.CONTEXT, Severity.LOW, "g", "[!-~]{6,80}")
VALUE = b"kX3vB9nQ2mZ7tR5w"


def test_entropy() -> None:
    assert entropy(b"") == 0.0
    assert entropy(b"aaaa") == 0.0
    assert entropy(b"abcd") == 2.0


def test_each_reason_and_none() -> None:
    assert reason(RULE, VALUE) == ""
    assert reason(replace(RULE, reject=("^kX",)), VALUE) == "rejected"
    assert reason(replace(RULE, entropy=4.5), VALUE) == "low_entropy"
    assert reason(RULE, b"changeme") == "placeholder"
    assert reason(replace(RULE, placeholders=False), b"changeme") == ""
    assert reason(RULE, b"Summer-2024") == ""
    assert reason(replace(RULE, profile="password"), b"/srv/app2/key9") == "path"


@pytest.mark.parametrize("host", [b"localhost", b"db.example.com", b"hostname"])
def test_a_weak_value_needs_a_host_of_somebody(host: bytes) -> None:
    url = replace(RULE, kind=Kind.STRUCTURE)

    assert reason(url, b"dragon77", scope=b"ann@" + host).endswith("_host")
    assert reason(url, b"p4ssw0rd-9xQ2mZ7tR5w", scope=b"ann@" + host).endswith("_host")
    assert reason(url, VALUE, scope=b"ann@" + host) == ""
    assert reason(url, b"dragon77", scope=b"ann@db.acme.io") == ""


@pytest.mark.parametrize(
    "value", [b"changeme123", b"Summer2024!", b"hunter2", b"P@ssw0rd!", b"letmein", b"correct-horse"]
)
def test_passwords_are_weak(value: bytes) -> None:
    assert estimate_bits(value, RULE) < 64


@pytest.mark.parametrize(
    "value", [b"a8f5f167f44f4964e6c998dee827110c", VALUE, b"x7$kQ9!mPz2&vB4w", b"A" * 20 + VALUE]
)
def test_generated_values_are_strong(value: bytes) -> None:
    assert estimate_bits(value, RULE) >= 64


def test_the_estimate_hangs_on_nothing_that_an_edit_of_the_rule_changes() -> None:
    edited = replace(RULE, pattern="[a-z]{3}", entropy=3.0, names=("x",), severity=Severity.HIGH, title="y")

    assert estimate_bits(VALUE, edited) == estimate_bits(VALUE, RULE)


def test_an_empty_value_has_none() -> None:
    assert estimate_bits(b"", RULE) == 0.0


def test_a_name_beside_a_providers_name_is_none_of_its_values() -> None:
    alnum = replace(RULE, provider="acme", pattern="[0-9A-Za-z]{16}")
    assert reason(alnum, b"gaetanocarpinato") == "word"
    assert reason(replace(alnum, pattern="[a-z]{16}"), b"gaetanocarpinato") == ""
    token = replace(alnum, kind=Kind.TOKEN, pattern="lip_[0-9A-Za-z_]{19}")
    assert reason(token, b"lip_buttonsxnameqtoxnum") == "word"
    assert reason(token, b"lip_kX3vB9nQ2mZ7tR5wx1L") == ""
