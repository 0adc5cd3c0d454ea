"""The smallest beginning by which a secret is found: how small, and wherever it may be written."""

from __future__ import annotations

import random
import textwrap
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.own import selectors
from monitor.own.selectors import Selector, literals, read, selector_of
from monitor.own.values import bits
from owning import ALPHABET, secret

SECRETS = st.binary(min_size=18, max_size=70).map(
    lambda raw: bytes(ALPHABET[byte % len(ALPHABET)] for byte in raw)
)


def chosen(value: bytes) -> Selector:
    found = selector_of(value)
    assert isinstance(found, Selector), found
    return found


@given(SECRETS)
def test_it_never_reveals_a_third_nor_leaves_less_than_64_bits(value: bytes) -> None:
    found = selector_of(value)
    if isinstance(found, Selector):
        assert value.startswith(found.head)
        assert len(found.head) * 3 <= found.length == len(value)
        assert bits(value[len(found.head) :]) >= selectors.HIDDEN_BITS
        assert bits(found.head) >= selectors.TELLING_BITS
    else:
        assert found in selectors.REFUSALS


def test_what_begins_like_a_word_reveals_more_than_what_is_random() -> None:
    tail = secret(random.Random(1), 40)
    assert len(chosen(tail).head) <= 8
    assert len(chosen(b"password" + tail).head) > 9


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (secret(random.Random(1), 14), "selector_reveals"),
        (b"correct horse battery staple of mine", "selector_lines"),
        (secret(random.Random(1), 1025), "selector_long"),
    ],
)
def test_what_has_none(value: bytes, reason: str) -> None:
    assert selector_of(value) == reason


def written(value: bytes) -> dict[str, bytes]:
    """A text with the secret in it, for each way to write it."""
    return {
        "plain": b'key = "' + value + b'"\n',
        "at the end": b"x " + value,
        "percent": b"?a=" + quote(value, safe="").encode() + b"&b=1",
        "percent, slashes left": b"?a=" + quote(value).encode(),
        "percent, small": b"?a=" + quote_plus(value).lower().encode()
        if value.islower()
        else quote(value).encode(),
        **{f"base64 {n}": b64encode(bytes(range(n)) + value) for n in range(6)},
        "base64 between": b64encode(b"user:" + value + b" and so on") + b"\n",
        "base64url": urlsafe_b64encode(b"\xff\xfe" + value).rstrip(b"="),
        "base64 in a string": b'"' + b64encode(b"abcdef" + value).replace(b"=", b"") + b'"',
    }


@given(SECRETS)
def test_it_is_read_in_every_form(value: bytes) -> None:
    selector = selector_of(value)
    if not isinstance(selector, Selector):
        return
    for name, text in written(value).items():
        found = []
        for literal, form in literals(selector.head):
            at = text.find(literal)
            while at >= 0:
                reading = read(text, at, len(text), form, selector)
                if reading and reading.value == value:
                    found.append(reading)
                    assert 0 <= reading.start <= at < reading.end <= len(text)
                at = text.find(literal, at + 1)
        if "%" not in text.decode("latin-1") or quote(selector.head, safe="").encode() != selector.head:
            assert found, name


@pytest.mark.parametrize("width", [60, 64, 76])
@pytest.mark.parametrize("joint", ["\n", "\r\n", "\\n", "\n    "])
def test_wrapped_base64_is_read_over_its_lines(width: int, joint: str) -> None:
    value = secret(random.Random(width), 60)
    text = joint.join(textwrap.wrap(b64encode(b"0" * 30 + value).decode(), width)).encode()
    selector = chosen(value)
    readings = [
        read(text, text.find(literal), len(text), form, selector)
        for literal, form in literals(selector.head)
        if literal in text
    ]
    assert value in [reading.value for reading in readings if reading]


@given(st.binary(max_size=300), st.integers(0, 300), SECRETS)
def test_any_text_is_read_without_an_error(text: bytes, at: int, value: bytes) -> None:
    selector = Selector(value[:6], len(value))
    for _, form in literals(selector.head):
        reading = read(text, min(at, len(text)), len(text), form, selector)
        assert reading is None or len(reading.value) <= len(value)
