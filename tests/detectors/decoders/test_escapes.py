from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decoding import plain, taken
from detectors.decoders.escapes import DECODER

PLAIN = b'password="Wq7r"'


@pytest.mark.parametrize(
    ("escape", "backslashes"),
    [(r"x{:02x}", 1), (r"x{:02X}", 1), (r"u{:04x}", 1), (r"u{:04X}", 4), (r"u{{{:x}}}", 1), (r"U{:08x}", 1)],
)
def test_every_form_of_an_escape_is_read(escape: str, backslashes: int) -> None:
    text = b" " + "".join("\\" * backslashes + escape.format(byte) for byte in PLAIN).encode()

    assert plain(DECODER, text) == b" " + PLAIN


@pytest.mark.parametrize("backslashes", [1, 2, 3, 4])
def test_json_around_it_doubles_the_backslash(backslashes: int) -> None:
    slashes = b"\\" * backslashes

    assert plain(DECODER, b"k" + slashes + b"u003d" + slashes + b"u0022Wq7r") == b'k="Wq7r'


def test_a_sign_behind_a_name_is_enough_in_hexadecimal() -> None:
    assert plain(DECODER, rb"password\x3dWq7rT2mK\x22") == b'password=Wq7rT2mK"'


@pytest.mark.parametrize(
    "text", [rb"\x00\x01\x7f\xff\x02", rb"C:\users\x", rb"\u4f60\u597d", rb"[^\x00-\x1f]", rb"\x1\u12"]
)
def test_tables_of_bytes_and_foreign_letters_stay_undecoded(text: bytes) -> None:
    assert taken(DECODER, text) is None


def test_letters_beyond_ascii_are_utf_8() -> None:
    assert plain(DECODER, rb"name\u003dM\u00fcller\u{1f511}") == "name=Müller🔑".encode()


@given(st.text(alphabet=st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=20))
def test_any_text_of_two_byte_escapes_comes_out(text: str) -> None:
    escaped = "".join(f"\\u{ord(char):04x}" for char in text + "key")

    assert plain(DECODER, escaped.encode()) == (text + "key").encode()
