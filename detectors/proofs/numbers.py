"""Numbers of people and accounts: payment cards (Luhn and issuer), IBAN (ISO 7064 mod 97), US social security numbers."""

from __future__ import annotations

import re
from random import Random
from typing import Final

from detectors.model import Proof, Verdict
from detectors.proofs import ProofSpec

_SEPARATORS: Final = b" -"
# Issuer ranges and their lengths (ISO/IEC 7812; the schemes' public ranges)
_BRANDS: Final = (
    ("visa", re.compile(rb"4[0-9]{12}(?:[0-9]{3}){0,2}")),
    (
        "mastercard",
        re.compile(rb"(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"),
    ),
    ("amex", re.compile(rb"3[47][0-9]{13}")),
    ("diners", re.compile(rb"3(?:0[0-5]|[689][0-9])[0-9]{11}")),
    ("discover", re.compile(rb"6(?:011|4[4-9][0-9]|5[0-9]{2})[0-9]{12}")),
    ("jcb", re.compile(rb"35(?:2[89]|[3-8][0-9])[0-9]{12}")),
    ("unionpay", re.compile(rb"62[0-9]{14,17}")),
)
# Length of an IBAN by country (SWIFT's registry)
_IBAN_LENGTHS: Final = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18,
    "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SD": 18,
    "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22,
    "VG": 24, "XK": 20,
}  # fmt: skip
_IBAN: Final = re.compile(rb"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_SSN: Final = re.compile(rb"([0-9]{3})[- ]?([0-9]{2})[- ]?([0-9]{4})")


def luhn(digits: bytes) -> int:
    """The sum of ISO/IEC 7812-1 modulo 10, the last digit being the check digit: 0 when it fits."""
    total = 0
    for place, byte in enumerate(reversed(digits)):
        digit = byte - 48
        if place % 2:
            digit = digit * 2 - 9 if digit > 4 else digit * 2
        total += digit
    return total % 10


def _card_check(secret: bytes) -> Proof:
    digits = secret.translate(None, _SEPARATORS)
    brand = next((name for name, shape in _BRANDS if shape.fullmatch(digits)), None)
    if brand is None or luhn(digits):
        return Proof(Verdict.REFUTED, "card")
    return Proof(Verdict.PROVED, "card", {"brand": brand})


def _card_make(candidate: bytes, _rng: Random) -> bytes:
    """Only the check digit changes, so what the rule's shape cannot say (issuer, length) must be in it."""
    head = candidate[:-1]
    digits = head.translate(None, _SEPARATORS)
    return head + b"%d" % (-luhn(digits + b"0") % 10)


def _iban_rest(text: bytes) -> int:
    """The number modulo 97 with the first four characters moved behind, letters counting from A = 10."""
    moved = text[4:] + text[:4]
    return int("".join(str(int(character, 36)) for character in moved.decode("ascii"))) % 97


def _iban_check(secret: bytes) -> Proof:
    text = secret.translate(None, _SEPARATORS).upper()
    country = text[:2].decode("ascii", "replace")
    fits = _IBAN.fullmatch(text) and _IBAN_LENGTHS.get(country) == len(text)
    if not fits or _iban_rest(text) != 1:
        return Proof(Verdict.REFUTED, "iban")
    return Proof(Verdict.PROVED, "iban", {"country": country})


def _iban_make(candidate: bytes, rng: Random) -> bytes:
    text = candidate.translate(None, _SEPARATORS).upper()
    country = text[:2].decode("ascii", "replace")
    length = _IBAN_LENGTHS.get(country)
    if length is None:
        country, length = "DE", _IBAN_LENGTHS["DE"]
    account = "".join(rng.choices("0123456789", k=length - 4))
    return f"{country}{98 - _iban_rest(f'{country}00{account}'.encode()):02}{account}".encode()


def _ssn_check(secret: bytes) -> Proof:
    """There is no sum: only numbers that the authority never gives out are refuted."""
    found = _SSN.fullmatch(secret)
    if (
        found is None
        or found[1] in (b"000", b"666")
        or found[1] >= b"900"
        or found[2] == b"00"
        or found[3] == b"0000"
    ):
        return Proof(Verdict.REFUTED, "ssn")
    return Proof(Verdict.UNPROVABLE, "ssn")


def _ssn_make(candidate: bytes, rng: Random) -> bytes:
    separator = b"-" if b"-" in candidate else b" " if b" " in candidate else b""
    area = rng.choice((rng.randrange(1, 666), rng.randrange(667, 900)))
    return separator.join(
        (b"%03d" % area, b"%02d" % rng.randrange(1, 100), b"%04d" % rng.randrange(1, 10_000))
    )


PROOFS: dict[str, ProofSpec] = {
    "card": ProofSpec(_card_check, _card_make),
    "iban": ProofSpec(_iban_check, _iban_make),
    "ssn": ProofSpec(_ssn_check, _ssn_make),
}
