"""Vectors: BIP 173, the age specification, NIP-19 (secret keys that are published; in two halves for push protection)."""

import random

import pytest

from detectors.model import Verdict
from detectors.proofs.bech32 import PROOFS, sum_fits

AGE = b"AGE-SECRET-" + b"KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
NOSTR = b"ns" + b"ec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5"


@pytest.mark.parametrize("text", [b"A12UEL5L", b"a12uel5l", b"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"])
def test_valid_strings_of_bip_173(text: bytes) -> None:
    assert sum_fits(text)


@pytest.mark.parametrize(
    "text", [b"", b"1", b"A1G7SGD8", b"de1lg7wt\xff", b"a12UEL5L", b"x1b4n0q5v", b"li1dgmt3"]
)
def test_invalid_strings_of_bip_173(text: bytes) -> None:
    assert not sum_fits(text)


@pytest.mark.parametrize(("name", "vector"), [("age-bech32", AGE), ("nostr-bech32", NOSTR)])
def test_published_and_made_keys_are_proved_and_changed_ones_refuted(name: str, vector: bytes) -> None:
    spec = PROOFS[name]

    for value in (vector, spec.make(b"", random.Random(1))):
        assert spec.check(value).verdict is Verdict.PROVED
        assert len(value) == len(vector)
        for place in range(20, len(value)):
            digit = b"Q" if value.isupper() else b"q"
            other = (
                value[:place]
                + (digit if value[place : place + 1] != digit else digit.swapcase())
                + value[place + 1 :]
            )
            assert spec.check(other).verdict is Verdict.REFUTED
