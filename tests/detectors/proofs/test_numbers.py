import random

import pytest

from detectors.model import Verdict
from detectors.proofs.numbers import PROOFS, luhn


def test_luhn_against_the_number_of_its_patent() -> None:
    assert luhn(b"79927398713") == 0
    assert [luhn(b"7992739871" + str(digit).encode()) for digit in (0, 1, 2, 4, 5, 6, 7, 8, 9)].count(0) == 0


@pytest.mark.parametrize(
    ("shape", "brand"),
    [
        (b"4539123412341230", "visa"),
        (b"5412-3412-3412-3410", "mastercard"),
        (b"3714 123412 34120", "amex"),
        (b"6011123412341230", "discover"),
    ],
)
def test_made_card_is_proved_and_a_changed_digit_refuted(shape: bytes, brand: str) -> None:
    made = PROOFS["card"].make(shape, random.Random(1))

    assert (PROOFS["card"].check(made).verdict, dict(PROOFS["card"].check(made).facts)) == (
        Verdict.PROVED,
        {"brand": brand},
    )
    assert PROOFS["card"].check(made[:-1] + str((made[-1] - 47) % 10).encode()).verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    "number",
    [b"4111111111111112", b"9999999999999995", b"", b"x"],
)
def test_wrong_sums_and_unknown_issuers_are_refuted(number: bytes) -> None:
    assert PROOFS["card"].check(number).verdict is Verdict.REFUTED


@pytest.mark.parametrize("country", [b"DE", b"GB", b"FR", b"NL", b"NO"])
def test_made_iban_is_proved_and_a_changed_digit_refuted(country: bytes) -> None:
    made = PROOFS["iban"].make(country, random.Random(1))

    assert made.startswith(country)
    assert PROOFS["iban"].check(made).verdict is Verdict.PROVED
    spaced = b" ".join(made[at : at + 4] for at in range(0, len(made), 4))
    assert PROOFS["iban"].check(spaced).verdict is Verdict.PROVED
    other = made[:-1] + str((made[-1] - 47) % 10).encode()
    assert PROOFS["iban"].check(other).verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    "text",
    [
        b"GB82 WEST 1234 5698 7654 33",
        b"XX82WEST12345698765432",
        b"GB82WEST",
        b"\xff" * 22,
    ],
)
def test_wrong_and_impossible_ibans_are_refuted(text: bytes) -> None:
    assert PROOFS["iban"].check(text).verdict is Verdict.REFUTED


def test_another_published_iban_is_proved() -> None:
    """Belgium's sample in the IBAN registry."""
    assert PROOFS["iban"].check(b"BE68 5390 0754 7034").verdict is Verdict.PROVED


@pytest.mark.parametrize(
    "text",
    [
        b"000-12-3456",
        b"666-12-3456",
        b"900-12-3456",
        b"123-00-4567",
        b"123-45-0000",
        b"12-3456",
    ],
)
def test_numbers_never_given_out_are_refuted(text: bytes) -> None:
    assert PROOFS["ssn"].check(text).verdict is Verdict.REFUTED


def test_made_ssn_is_possible_and_keeps_its_separator() -> None:
    made = PROOFS["ssn"].make(b"111-11-1111", random.Random(1))

    assert (made[3:4], made[6:7]) == (b"-", b"-")
    assert PROOFS["ssn"].check(made).verdict is Verdict.UNPROVABLE
