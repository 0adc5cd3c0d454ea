from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_rules import ruleset
from decoding import plain, taken
from detectors.decoders.hexadecimal import DECODER

PLAIN = b'password = "Wq7rT2mK9x"'


@pytest.mark.parametrize("text", [PLAIN.hex(), PLAIN.hex().upper()])
@pytest.mark.parametrize("around", ['"{}"', "{}", "x={};", "0x{}"])
def test_a_run_in_either_case_with_its_span(text: str, around: str) -> None:
    document = around.format(text).encode()

    run = taken(DECODER, document)

    assert run is not None
    assert run.data.endswith(PLAIN)
    assert document[run.start : run.end].endswith(text.encode())
    assert document.index(text.encode()) + len(text) == run.end


def test_a_digit_glued_before_the_run_does_not_shift_it() -> None:
    assert plain(DECODER, b'"a' + PLAIN.hex().encode()) == PLAIN


def test_half_a_byte_behind_the_run_is_left() -> None:
    assert plain(DECODER, PLAIN.hex().encode() + b"7") == PLAIN


@pytest.mark.parametrize("between", [", ", ",", ",\n    "])
def test_a_table_of_bytes(between: str) -> None:
    table = between.join(f"0x{byte:02x}" for byte in PLAIN)

    if between == ",\n    ":  # the trigger asks for sixteen on one line
        table = table.replace(between, ", ", 20)

    assert plain(DECODER, b"k[] = {" + table.encode() + b"};") == b"k[] = {" + PLAIN + b"};"


@pytest.mark.parametrize(
    "text", [hashlib.sha256(b"a").hexdigest(), "0x00, 0x01, 0xff, 0x80, " * 8, "deadbeef" * 9]
)
def test_digests_and_tables_of_numbers_stay_undecoded(text: str) -> None:
    assert taken(DECODER, text.encode()) is None


def test_a_word_that_begins_in_the_run_before_is_none() -> None:
    text = b"secret".hex().encode()
    (trigger,) = [t for t in DECODER.triggers(ruleset()) if t.plain == b"secret"]

    assert DECODER.take(text, 2, len(text), len(text), trigger) is None


@given(st.binary(max_size=30), st.binary(max_size=30))
def test_a_word_of_credentials_uncovers_the_bytes_around_it(before: bytes, behind: bytes) -> None:
    whole = before + b"password" + behind

    assert plain(DECODER, whole.hex().encode()) == whole
