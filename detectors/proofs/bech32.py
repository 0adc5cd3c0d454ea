"""Bech32 (BIP 173) without its length limit: age identities and Nostr secret keys."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from detectors.model import Proof, Verdict
from detectors.proofs import ProofSpec

_ALPHABET: Final = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_LONGEST: Final = 200


def _polymod(values: list[int]) -> int:
    total = 1
    for value in values:
        top = total >> 25
        total = (total & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            total ^= generator if top >> bit & 1 else 0
    return total


def _expanded(prefix: bytes) -> list[int]:
    return [byte >> 5 for byte in prefix] + [0] + [byte & 31 for byte in prefix]


def sum_fits(text: bytes) -> bool:
    """Whether the six last characters are the sum of the rest; mixed case never fits."""
    if len(text) > _LONGEST or (text != text.lower() and text != text.upper()):
        return False
    prefix, separator, data = text.lower().rpartition(b"1")
    if not separator or not prefix or any(byte not in _VALUES for byte in data):
        return False
    return len(data) >= 6 and _polymod(_expanded(prefix) + [_VALUES[byte] for byte in data]) == 1


@dataclass(frozen=True, slots=True)
class _Key:
    """32 bytes under a fixed prefix."""

    name: str
    prefix: bytes
    upper: bool

    def check(self, secret: bytes) -> Proof:
        fits = secret.lower().startswith(self.prefix + b"1") and sum_fits(secret)
        return Proof(Verdict.PROVED if fits else Verdict.REFUTED, self.name)

    def make(self, _candidate: bytes, rng: Random) -> bytes:
        # 256 bits are 52 digits of five bits, of which the last has four bits of padding
        data = [rng.randrange(32) for _ in range(51)] + [rng.choice((0, 16))]
        total = _polymod(_expanded(self.prefix) + data + [0] * 6) ^ 1
        digits = data + [total >> 5 * place & 31 for place in (5, 4, 3, 2, 1, 0)]
        text = self.prefix + b"1" + bytes(_ALPHABET[digit] for digit in digits)
        return text.upper() if self.upper else text


_KEYS: Final = (
    _Key("age-bech32", b"age-secret-key-", upper=True),
    _Key("nostr-bech32", b"nsec", upper=False),
)

PROOFS: dict[str, ProofSpec] = {key.name: ProofSpec(key.check, key.make) for key in _KEYS}
