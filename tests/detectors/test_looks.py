"""How telling values are. They are made here: random text of an alphabet, and what only looks like it."""

from __future__ import annotations

import random
import string
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.looks import SHORTEST, Weight, weight

HEX = "0123456789abcdef"
BASE36 = string.ascii_lowercase + string.digits
BASE62 = string.ascii_letters + string.digits


def made(alphabet: str, size: int, count: int = 400) -> list[bytes]:
    rng = random.Random(7)
    return ["".join(rng.choices(alphabet, k=size)).encode() for _ in range(count)]


@pytest.mark.parametrize(
    ("alphabet", "size", "least"),
    [
        (HEX, 32, Weight.PLAIN),
        (HEX, 64, Weight.PLAIN),
        (BASE36, 32, Weight.PLAIN),
        (BASE62, 32, Weight.TELLING),
    ],
)
def test_nearly_all_generated_values_count(alphabet: str, size: int, least: Weight) -> None:
    weights = [weight(value, literal=0) for value in made(alphabet, size)]

    assert sum(found.value >= least.value for found in weights) >= 0.97 * len(weights)


def test_hashes_and_uuids_are_never_telling() -> None:
    values = [*made(HEX, 40), str(uuid.uuid4()).encode()]

    assert {weight(value, literal=0) for value in values} == {Weight.PLAIN}


@pytest.mark.parametrize(
    "value",
    [
        b"additionalProperties",
        b"create_context_menu_2_items",
        b"aaaaaaaaaaaaaaaaaaaaaaaa",
        b"12345678901234567890",
        b"the quick brown fox 1",
        b"a1B2c3D4"[: SHORTEST - 1],
    ],
)
def test_names_words_and_numbers_say_nothing(value: bytes) -> None:
    assert weight(value, literal=0) is Weight.LOOSE


def test_a_fixed_text_of_its_own_makes_a_plain_value_telling() -> None:
    value = b"acm" + made(BASE36, 24, 1)[0]

    assert (weight(value, literal=0), weight(value, literal=3)) == (Weight.PLAIN, Weight.TELLING)


@given(st.binary(max_size=600), st.integers(0, 20))
def test_any_bytes_have_a_weight(value: bytes, literal: int) -> None:
    assert weight(value, literal=literal) in Weight
