"""The context model on every syntax of docs/how-to/rules.md. The value stands for itself: `V` is where it begins."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.context import BEFORE, GAP, Syntax, name_expression, read
from detectors.stats import REASONS

_NAME = re.compile(
    name_expression("acme").encode() + b"|" + name_expression("am_key").encode(), re.IGNORECASE
)


def reading(line: str):
    """Read a line in which V… is the value."""
    text = line.encode()
    value = re.search(rb"V(?:alue)?(?![a-z])", text)
    assert value is not None
    names = list(_NAME.finditer(text, 0, value.start()))
    name = names[-1]
    return read(
        text[max(0, name.start() - BEFORE) : name.start()],
        name[0],
        text[name.end() : value.start()],
        text[value.end() : value.end() + 4],
    )


@pytest.mark.parametrize(
    ("line", "syntax"),
    [
        ("ACME_API_KEY=V", "assign"),
        ("export ACME_KEY='V'", "assign"),
        ("acmeApiKey: V", "assign"),
        ('"acme": "V"', "assign"),
        ("'acme_token' => 'V',", "assign"),
        ("acme_key := `V`", "assign"),
        ('const acmeKey: string = "V";', "assign"),
        ('private static final String ACME_KEY = "V";', "assign"),
        ('acme.api.key="V"', "assign"),
        ('config["acme_key"] = "V"', "assign"),
        ('"am-key": {"V"', "assign"),
        ('Acme: b"V"', "assign"),
        (r"{\"acme_key\":\"V\"}", "assign"),
        ('if acme_key == "V":', "assign"),
        ('ACME_TOKEN ?= "V"', "assign"),
        ('key = os.getenv("ACME_KEY", "V")', "call"),
        ('set("acme_key", "V")', "call"),
        ("define('ACME_KEY', 'V');", "call"),
        ('new Acme("V")', "call"),
        ('withAcmeKey("V")', "call"),
        ("setenv ACME_KEY V", "call"),
        ("heroku config:set ACME_KEY V", "call"),
        ("tool --acme-key V", "flag"),
        ("tool --acme-key=V", "flag"),
        ('["--acme-key", "V"]', "flag"),
        ("Authorization: Acme V", "header"),
        ("X-Acme-Key: V", "header"),
        ('curl -H "X-Acme-Key: V"', "header"),
        ("<acme>V</acme>", "markup"),
        ('<string name="acme_key">V</string>', "markup"),
        ("<key>acmeKey</key><string>V</string>", "markup"),
        ('<add key="acme" value="V" />', "markup"),
        ("https://x.org/a?acme=V&b=1", "url"),
        ("https://api.acme.com/v1/V/x", "url"),
        ("acme_url = https://x.org/hook/V", "url"),
        ("the acme service told us V yesterday", "prose"),
        ("acme_x = 1; other = V", "prose"),
    ],
)
def test_each_syntax(line: str, syntax: str) -> None:
    assert reading(line).syntax == syntax


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("acme_sha1 = V", "other_value"),
        ("acme_commit: V", "other_value"),
        ("etag for acme: V", "other_value"),
        ("acme_public_key = V", "other_value"),
        ("acme-integrity: V", "other_value"),
        ("xacme = V", "name_in_word"),
        ("acmeology = V", "name_in_word"),
        ("ACMEOLOGY = V", "name_in_word"),
    ],
)
def test_what_names_another_value_is_rejected_by_name(line: str, reason: str) -> None:
    assert reading(line).reason == reason
    assert reason in REASONS


@pytest.mark.parametrize(
    "line", ["myAcme = V", "ACMEKEY=V", "acmes: V", r'"a\nacme = V', "mydatadogAcme=V", "2acme=V"]
)
def test_a_name_may_stand_at_a_hump_a_separator_or_before_a_known_tail(line: str) -> None:
    assert reading(line).syntax == Syntax.ASSIGN


def test_an_underscore_in_a_name_stands_for_any_separator_or_none() -> None:
    pattern = re.compile(name_expression("a_b.c"))

    assert [
        bool(pattern.fullmatch(t)) for t in ("a_b.c", "a-b.c", "a.b.c", "a b.c", "ab.c", "a/b.c", "abxc")
    ] == [True] * 5 + [False] * 2


@given(st.binary(max_size=BEFORE), st.binary(max_size=GAP), st.binary(max_size=4))
@settings(max_examples=300)
def test_any_bytes_are_read(before: bytes, gap: bytes, after: bytes) -> None:
    result = read(before, b"acme", gap.replace(b"\n", b" "), after)

    assert (result.syntax is None) == bool(result.reason)
