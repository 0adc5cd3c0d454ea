from __future__ import annotations

import random

import pytest

from detectors.model import Verdict
from detectors.proofs.persons import PROOFS

# One shape a register; the check digits are made.
SHAPES = {
    "aadhaar": b"4321 8765 2109",
    "cpf": b"529.982.247-00",
    "cnpj": b"11.222.333/0001-00",
    "nir": b"2 69 05 49 588 157 00",
    "bsn": b"123456780",
    "dni": b"12345678A",
    "nhs": b"943 476 5910",
    "sin": b"130 692 540",
    "aba": b"021000020",
    "mrz": b"",
}
# Samples of the standards and registers' own documentation.
PUBLISHED = {
    "cpf": b"529.982.247-25",
    "cnpj": b"11.222.333/0001-81",
    "nir": b"2 69 05 49 588 157 80",
    "bsn": b"111222333",
    "dni": b"12345678Z",
    "nhs": b"943 476 5919",
    "sin": b"130 692 544",
    "aba": b"021000021",
    "mrz": b"L898902C36UTO7408122F1204159ZE184226B<<<<<10",
}


def test_every_register_has_a_sample() -> None:
    assert SHAPES.keys() == PROOFS.keys()


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_a_published_number_is_proved(name: str) -> None:
    assert PROOFS[name].check(PUBLISHED[name]).verdict is Verdict.PROVED


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_a_made_number_is_proved_and_keeps_its_separators(name: str) -> None:
    for seed in range(5):
        made = PROOFS[name].make(SHAPES[name], random.Random(seed))
        assert PROOFS[name].check(made).verdict is Verdict.PROVED
        if SHAPES[name]:
            assert [sign for sign in made if sign in b" ./-"] == [
                sign for sign in SHAPES[name] if sign in b" ./-"
            ]


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_one_other_digit_is_refuted(name: str) -> None:
    made = PROOFS[name].make(SHAPES[name], random.Random(1))
    last = b"A" if made[-1:] != b"A" and made[-1:].isalpha() else b"%d" % ((made[-1] - 47) % 10)

    assert PROOFS[name].check(made[:-1] + last).verdict is Verdict.REFUTED


def test_what_no_register_gives_out_is_refuted() -> None:
    for name, value in (
        ("aadhaar", b"000000000000"),
        ("cpf", b"11111111111"),
        ("cnpj", b"00000000000000"),
        ("nir", b"269994958815780"),
        ("bsn", b"000000000"),
        ("nhs", b"0000000000"),
        ("sin", b"000000000"),
        ("aba", b"999999992"),
        ("dni", b"1234567Z"),
        ("mrz", b"<" * 44),
    ):
        assert PROOFS[name].check(value).verdict is Verdict.REFUTED
