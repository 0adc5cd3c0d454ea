"""Values whose name stands behind them. `V` is the value, `acme` the name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.behind import BEFORE, REACH, named
from detectors.looks import Weight


def found(text: str, value: Weight = Weight.PLAIN) -> bool:
    line = text.encode()
    start, at = line.index(b"V"), line.index(b"acme")
    before = line[:start].rpartition(b"\n")[2]
    return named(before, line[start + 1 : at], b"acme", line[at + 4 :], value)


@pytest.mark.parametrize(
    "text",
    [
        "curl -H 'Authorization: Bearer V' https://api.acme.com/v1",
        "curl -X POST \\\n  -H 'X-Api-Key: V' \\\n  https://api.acme.com/v1",
        "curl -u 'V:' https://api.acme.com",
        "https://bob:V@acme.com/x.git",
        '<add value="V" key="acme"/>',
        '{"value": "V", "name": "acme"}',
        "SET value='V' WHERE name='acme'",
        "<secret>V</secret>\n<description>acme</description>",
        "key = 'V'  # acme",
        "const x = 'V'; // acme api key",
        "V is my acme token",
    ],
)
def test_the_name_behind_says_whose_it_is(text: str) -> None:
    assert found(text)


@pytest.mark.parametrize(
    "text",
    [
        "merged V acme key",
        "V  acme-1.2.tar.gz",
        "V acme",
        "/static/V.js acme token",
        "<ProjectGuid>V</ProjectGuid><Name>acme",
        "GET https://x.org/V https://acme.com",
        "token = 'V'\nother = 1\nthird = acme",
        "token V meanwhile somewhere acme",
        "V@acme",
    ],
)
def test_what_only_precedes_a_name_is_nobodys(text: str) -> None:
    assert not found(text)


def test_a_loose_value_has_no_name_behind_it() -> None:
    assert not found("key = 'V'  # acme", Weight.LOOSE)


@given(st.binary(max_size=BEFORE), st.binary(max_size=REACH), st.binary(max_size=64), st.sampled_from(Weight))
@settings(max_examples=300)
def test_any_bytes_are_read(before: bytes, gap: bytes, after: bytes, value: Weight) -> None:
    assert named(before, gap, b"acme", after, value) in (True, False)
