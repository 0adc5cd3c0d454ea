from __future__ import annotations

import string
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.ngrams import LONGEST, code_bits, random_bits, surprise, symbols


@pytest.mark.parametrize(
    "alphabet",
    [string.ascii_letters + string.digits, "0123456789abcdef", string.ascii_lowercase + "23456789"],
)
def test_random_text_is_likelier_drawn_than_written(alphabet: str) -> None:
    rng = Random(alphabet)
    values = ["".join(rng.choices(alphabet, k=24)).encode() for _ in range(500)]

    assert sum(surprise(value) > 4 for value in values) >= 498


@pytest.mark.parametrize(
    "name",
    [
        b"user_profile_settings",
        b"AccountTokenProvider",
        b"my-service-credentials-v2",
        b"path/to/some/file2.conf",
        b"com.acme.product.KeyProvider",
        b"MAX_CONNECTION_COUNT",
        b"application/octet-stream",
    ],
)
def test_names_are_likelier_written_than_drawn(name: bytes) -> None:
    assert surprise(name) < -10


def test_a_hump_is_a_join() -> None:
    assert symbols(b"aB") == symbols(b"a_B")[:-2] + symbols(b"_b")[1:]
    assert code_bits(b"userName") < code_bits(b"uSerName")


def test_an_empty_text_costs_nothing() -> None:
    assert code_bits(b"") == random_bits(b"") == 0.0


@given(st.binary(max_size=300))
def test_any_bytes_have_a_finite_cost(text: bytes) -> None:
    assert 0.0 <= code_bits(text) < 30.0 * LONGEST
    assert 0.0 <= random_bits(text) <= 8.0 * LONGEST
