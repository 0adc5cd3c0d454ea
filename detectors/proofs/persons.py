"""Numbers that states give to people, firms and banks, each with its check digits.

Where a register also says what a number can never be (a leading digit, a month), that is checked too: a sum of one digit alone lets
one in ten through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from detectors.model import Proof, Verdict
from detectors.proofs import ProofSpec
from detectors.proofs.numbers import luhn

_SEPARATORS: Final = b" .-/"
_DIGITS: Final = "0123456789"
_LONGEST: Final = 100
_DNI_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
_DRAWS: Final = 200  # one in eleven numbers has no check digit at all

# Verhoeff: the multiplication of the dihedral group of order 10, and the permutation of each place
_TIMES: Final = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_MOVED: Final = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def _weighted(digits: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def _aadhaar(text: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(text)):
        total = int(_TIMES[total][int(_MOVED[place % 8][int(digit)])])
    return text[0] not in "01" and total == 0


def _modulo_11(digits: str, weights: Sequence[int]) -> str:
    rest = _weighted(digits, weights) % 11
    return str(11 - rest) if rest > 1 else "0"


def _cpf(text: str) -> bool:
    first = _modulo_11(text[:9], range(10, 1, -1))
    return len(set(text)) > 1 and text[9:] == first + _modulo_11(text[:9] + first, range(11, 1, -1))


def _cnpj(text: str) -> bool:
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    first = _modulo_11(text[:12], weights[1:])
    return len(set(text)) > 1 and text[12:] == first + _modulo_11(text[:12] + first, weights)


def _nir(text: str) -> bool:
    """Sex, year, month, department (2A and 2B are Corsica's), place, order; 97 less the rest of the number by 97."""
    number = text[:13].replace("2A", "19").replace("2B", "18")
    if not number.isdecimal() or not (1 <= int(text[3:5]) <= 12 or 20 <= int(text[3:5]) <= 42):
        return False
    return int(text[13:]) == 97 - int(number) % 97


def _bsn(text: str) -> bool:
    return len(set(text)) > 1 and _weighted(text, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def _dni(text: str) -> bool:
    """Eight digits and a letter; of a foreigner X, Y or Z stands for the first digit."""
    number = text[:-1].translate(str.maketrans("XYZ", "012"))
    return number.isdecimal() and text[-1] == _DNI_LETTERS[int(number) % 23]


def _nhs(text: str) -> bool:
    check = 11 - _weighted(text[:9], range(10, 1, -1)) % 11
    return len(set(text)) > 1 and check != 10 and int(text[9]) == check % 11


def _sin(text: str) -> bool:
    return text[0] not in "08" and luhn(text.encode()) == 0


def _aba(text: str) -> bool:
    """A US bank's routing number; the first two digits are a district's."""
    district = int(text[:2])
    known = district <= 12 or 21 <= district <= 32 or 61 <= district <= 72 or district == 80
    return known and len(set(text)) > 2 and _weighted(text, (3, 7, 1) * 3) % 10 == 0


def _mrz_digit(text: str) -> str:
    values = (0 if sign == "<" else int(sign, 36) for sign in text)
    return str(sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values)) % 10)


def _mrz(text: str) -> bool:
    """The second line of a passport: number, nationality, birth, sex, expiry, personal number, each with its digit, and one for all."""
    parts = ((0, 9), (13, 19), (21, 27))
    whole = text[0:10] + text[13:20] + text[21:43]
    return (
        all(_mrz_digit(text[start:end]) == text[end] for start, end in parts)
        and _mrz_digit(whole) == text[43]
    )


@dataclass(frozen=True, slots=True)
class _Register:
    """`shape` of a number without its separators, `fits` its sums; `tail` characters are made of the `signs` until they do."""

    name: str
    shape: re.Pattern[str]
    fits: Callable[[str], bool]
    tail: int = 1
    signs: str = _DIGITS

    def check(self, secret: bytes) -> Proof:
        text = secret[:_LONGEST].translate(None, _SEPARATORS).decode("latin-1").upper()
        fits = self.shape.fullmatch(text) and self.fits(text)
        return Proof(Verdict.PROVED if fits else Verdict.REFUTED, self.name)

    def make(self, candidate: bytes, rng: Random) -> bytes:
        """Tries every tail, then another number of the same form; the separators stay."""
        for _ in range(_DRAWS):
            for count in range(len(self.signs) ** self.tail):
                rest = count
                made = bytearray(candidate)
                for place in range(1, self.tail + 1):
                    rest, digit = divmod(rest, len(self.signs))
                    made[-place] = ord(self.signs[digit])
                if self.check(bytes(made)).verdict is Verdict.PROVED:
                    return bytes(made)
            candidate = bytes(rng.choice(b"23456789") if 0x30 <= sign <= 0x39 else sign for sign in candidate)
        return candidate


def _mrz_make(_candidate: bytes, rng: Random) -> bytes:
    number, birth, expiry = (
        "".join(rng.choices("ABCDEFGHKLMNPRTVWXYZ", k=1) + rng.choices(_DIGITS, k=8)),
        f"{rng.randrange(40, 99)}{rng.randrange(1, 13):02}{rng.randrange(1, 29):02}",
        f"{rng.randrange(26, 36)}{rng.randrange(1, 13):02}{rng.randrange(1, 29):02}",
    )
    head = number + _mrz_digit(number)
    tail = birth + _mrz_digit(birth)
    rest = expiry + _mrz_digit(expiry) + "<" * 14 + "0"
    return (head + "UTO" + tail + rng.choice("MF") + rest + _mrz_digit(head + tail + rest)).encode()


_REGISTERS: Final = (
    _Register("aadhaar", re.compile(r"[0-9]{12}"), _aadhaar),
    _Register("cpf", re.compile(r"[0-9]{11}"), _cpf, 2),
    _Register("cnpj", re.compile(r"[0-9]{14}"), _cnpj, 2),
    _Register("nir", re.compile(r"[12][0-9]{5}(?:[0-9]|(?<=2)[AB])[0-9]{8}"), _nir, 2),
    _Register("bsn", re.compile(r"[0-9]{9}"), _bsn),
    _Register("dni", re.compile(r"[0-9XYZ][0-9]{7}[A-Z]"), _dni, 1, _DNI_LETTERS),
    _Register("nhs", re.compile(r"[0-9]{10}"), _nhs),
    _Register("sin", re.compile(r"[0-9]{9}"), _sin),
    _Register("aba", re.compile(r"[0-9]{9}"), _aba),
)
_MRZ: Final = _Register(
    "mrz", re.compile(r"[A-Z0-9<]{9}[0-9][A-Z<]{3}[0-9]{7}[MFX<][0-9]{7}[A-Z0-9<]{14}[0-9<][0-9]"), _mrz
)

PROOFS: dict[str, ProofSpec] = {
    **{register.name: ProofSpec(register.check, register.make) for register in _REGISTERS},
    _MRZ.name: ProofSpec(_MRZ.check, _mrz_make),
}
