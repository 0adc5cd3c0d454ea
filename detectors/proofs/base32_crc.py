"""Base32 seeds with a CRC-16 (XMODEM) in their last two bytes, little-endian: NATS nkeys and Stellar secret seeds."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from random import Random
from typing import Final

from detectors.encodings import unbase32
from detectors.model import Proof, Verdict
from detectors.proofs import ProofSpec


def _summed(body: bytes) -> bytes:
    return body + binascii.crc_hqx(body, 0).to_bytes(2, "little")


@dataclass(frozen=True, slots=True)
class _Seed:
    """`length` characters that decode to `head`, `kinds` permitting, 32 bytes of seed and the sum."""

    name: str
    length: int
    heads: tuple[bytes, ...]

    def check(self, secret: bytes) -> Proof:
        raw = unbase32(secret) if len(secret) == self.length and secret.isupper() else None
        fits = raw is not None and raw.startswith(self.heads) and _summed(raw[:-2]) == raw
        return Proof(Verdict.PROVED if fits else Verdict.REFUTED, self.name)

    def make(self, _candidate: bytes, rng: Random) -> bytes:
        raw = _summed(rng.choice(self.heads) + rng.randbytes(32))
        return base64.b32encode(raw).rstrip(b"=")


# An nkey begins with the five bits of S (18) and the eight of its kind: N (13), C (2), O (14), A (0), U (20), X (23).
_NKEY_KINDS: Final = tuple(bytes((18 << 3 | kind >> 2, (kind & 3) << 6)) for kind in (13, 2, 14, 0, 20, 23))
_SEEDS: Final = (_Seed("nkey", 58, _NKEY_KINDS), _Seed("stellar", 56, (b"\x90",)))

PROOFS: dict[str, ProofSpec] = {seed.name: ProofSpec(seed.check, seed.make) for seed in _SEEDS}
