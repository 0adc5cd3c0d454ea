from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.extents import EXTENTS

BEGIN, END = b"-----BEGIN PRIVATE " + b"KEY-----", b"-----END PRIVATE " + b"KEY-----"


def test_a_block_ends_at_its_end_line_whatever_is_between() -> None:
    text = BEGIN + b"\\nAAAA\\n" + END + b' rest"'

    assert EXTENTS["pem"].read(text, len(BEGIN)) == text.index(END) + len(END)


def test_a_block_without_an_end_or_with_another_begin_is_incomplete() -> None:
    assert EXTENTS["pem"].read(BEGIN + b"\nAAAA", len(BEGIN)) is None
    assert EXTENTS["pem"].read(BEGIN + b"\nAAAA\n" + BEGIN + END, len(BEGIN)) is None


@pytest.mark.parametrize(
    ("extent", "text", "taken"),
    [
        ("jwt", b"eyJa.eyJb.c-_9. Then", b"eyJa.eyJb.c-_9"),
        ("base64", b"abcd+/==x", b"abcd+/=="),
        ("line", b"abcd efgh \r\nnext", b"abcd efgh"),
        ("line", b"abcd", b"abcd"),
    ],
)
def test_the_others_read_on_in_one_pass(extent: str, text: bytes, taken: bytes) -> None:
    assert EXTENTS[extent].read(text, 4) == len(taken)


@given(st.sampled_from(sorted(EXTENTS)), st.binary(max_size=80), st.integers(0, 80))
def test_never_before_the_match_nor_behind_the_text(name: str, text: bytes, end: int) -> None:
    end = min(end, len(text))

    stop = EXTENTS[name].read(text, end)

    assert stop is None or stop <= len(text)
    assert stop is None or name == "pem" or stop >= end
