import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors import encodings


@given(st.binary(max_size=100))
def test_base64_of_either_alphabet_and_padding_is_read_back(data: bytes) -> None:
    for text in (base64.b64encode(data), base64.urlsafe_b64encode(data), encodings.base64url(data)):
        assert encodings.unbase64(text) == data


@given(st.binary(max_size=100))
def test_base32_of_either_case_is_read_back(data: bytes) -> None:
    text = base64.b32encode(data)

    assert encodings.unbase32(text.lower()) == data
    assert encodings.unbase32(text.rstrip(b"=")) == data


@pytest.mark.parametrize("text", [b"a", b"ab$d", b"abcde", b"\xff\xff"])
def test_what_is_no_base64_is_none(text: bytes) -> None:
    assert encodings.unbase64(text) is None


@given(st.integers(0, 2**40))
def test_digits_are_those_of_the_number(number: int) -> None:
    assert int(encodings.in_digits(number, encodings.BASE36, 9), 36) == number


@pytest.mark.parametrize("data", [None, b"", b"[1]", b"{", b"\xff", b'"x"', b"{" * 5000])
def test_what_is_no_object_is_none(data: bytes | None) -> None:
    assert encodings.json_object(data) is None


def test_a_fact_is_one_short_printable_line() -> None:
    assert encodings.fact("a" * 500) == "a" * 200
    assert encodings.fact(12) == "12"
    assert [encodings.fact(value) for value in ("a\nb", True, None, {}, 1.5)] == [""] * 5


def test_an_instant_out_of_range_is_empty() -> None:
    assert encodings.instant(0) == "1970-01-01T00:00:00+00:00"
    assert [encodings.instant(value) for value in (1e300, float("nan"), float("inf"))] == [""] * 3
