from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.syntax import any_line_end, bytes_of, first_bytes, mirror, parse

_CLASSES = [
    r"\w",
    r"\W",
    r"\d",
    r"\D",
    r"\s",
    r"\S",
    "[a-f]",
    "[^a-f]",
    "[^\\n]",
    ".",
    "x",
    "[^x]",
    r"[\w.-]",
    r"[^\W_]",
]


@pytest.mark.parametrize("expression", _CLASSES)
@pytest.mark.parametrize("caseless", [False, True])
def test_the_bytes_of_a_class_are_those_that_re_takes(expression: str, caseless: bool) -> None:
    (node,) = parse(expression)
    pattern = re.compile(expression.encode(), re.IGNORECASE if caseless else re.NOFLAG)

    taken = bytes_of(node, caseless=caseless)

    assert taken == {byte for byte in range(256) if pattern.fullmatch(bytes((byte,)))}


def test_only_single_bytes_have_bytes() -> None:
    assert [bytes_of(node) for node in parse(r"(ab)a{2}\b")] == [None, None, None]


@given(st.text(alphabet="ab()|?", max_size=8))
def test_the_mirror_begins_with_what_the_expression_ends_with(text: str) -> None:
    try:
        pattern = re.compile(text.encode())
    except re.error:
        return
    ends, _ = first_bytes(mirror(list(parse(text))), caseless=False)

    for word in (b"a", b"b", b"ab", b"ba", b"aab", b"bba"):
        if pattern.fullmatch(word):
            assert word[-1] in ends


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"a\nb", r"a(?:\r?\n)b"),
        ("a\n{1,2}", r"a(?:\r?\n){1,2}"),
        (r"a\r?\nb", r"a\r?\nb"),
        (r"a\\nb", r"a\\nb"),
        (r"[^\n]]{1,9}", r"[^\n\r]]{1,9}"),
        (r"[^]\n]", r"[^]\n\r]"),
        (r"[\s\n.]", r"[\s\n.]"),
        (r".{1,9}\.", r"[^\r\n]{1,9}\."),
        (r"(?<=\n)a(?!\n)", r"(?<=\n)a(?!(?:\r?\n))"),
    ],
)
def test_a_line_end_is_either_kind(written: str, meant: str) -> None:
    assert any_line_end(written) == meant
    re.compile(meant)
