"""ASCII armour of OpenPGP (RFC 4880, 6.2): a CRC-24 of the data stands behind it. Newer armour may leave it out."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Final

from detectors.encodings import unbase64
from detectors.model import Proof, Verdict
from detectors.proofs import ProofSpec

_NAME: Final = "pgp-armor"
_LONGEST: Final = 40_000  # an RSA-4096 key with subkeys and signatures is about 7,000
_POLYNOMIAL: Final = 0x864CFB
_START: Final = 0xB704CE
_BEGIN: Final = b"-----BEGIN PGP PRIVATE KEY BLOCK-----"
_END: Final = b"-----END"


@cache
def _table() -> tuple[int, ...]:
    return tuple(_table_entries())


def _table_entries() -> Iterator[int]:
    for byte in range(256):
        value = byte << 16
        for _ in range(8):
            value = (value << 1) ^ (_POLYNOMIAL if value & 0x800000 else 0)
        yield value & 0xFFFFFF


def crc24(data: bytes) -> int:
    """CRC-24 as OpenPGP has it."""
    table = _table()
    value = _START
    for byte in data:
        value = ((value << 8) & 0xFFFFFF) ^ table[(value >> 16) ^ byte]
    return value


def _check(secret: bytes) -> Proof:
    """A block without a sum says nothing, nor does one that stands inside code with quotes around its lines."""
    found = _armor(secret.replace(b"\\n", b"\n")) if len(secret) <= _LONGEST else None
    if found is None:
        return Proof(Verdict.UNPROVABLE, _NAME)
    data, told = found
    return Proof(Verdict.PROVED if crc24(data) == int.from_bytes(told, "big") else Verdict.REFUTED, _NAME)


def _armor(text: bytes) -> tuple[bytes, bytes] | None:
    """Data and sum: headers end at the first empty line, the sum is a line of `=` and four characters."""
    _, begin, rest = text.partition(_BEGIN)
    lines = [line.strip() for line in rest.partition(_END)[0].split(b"\n")][1:]
    if not begin or b"" not in lines:
        return None
    body = [line for line in lines[lines.index(b"") :] if line]
    if not body or len(body[-1]) != 5 or not body[-1].startswith(b"="):
        return None
    data, told = unbase64(b"".join(body[:-1])), unbase64(body[-1][1:])
    return (data, told) if data and told else None


def _make(_candidate: bytes, rng: Random) -> bytes:
    data = b"\x95" + rng.randbytes(200)
    body = base64.b64encode(data)
    lines = b"\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    total = base64.b64encode(crc24(data).to_bytes(3, "big"))
    return (
        b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n"
        + lines
        + b"\n="
        + total
        + b"\n-----END PGP PRIVATE KEY BLOCK-----"
    )


PROOFS: dict[str, ProofSpec] = {_NAME: ProofSpec(_check, _make)}
