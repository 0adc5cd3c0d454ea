"""Small structures without a sum: UUIDs of version 4, WireGuard keys, base64 of user:password or number:secret."""

from __future__ import annotations

import base64
import re
from random import Random
from typing import Final

from detectors.encodings import unbase64
from detectors.model import Proof, Verdict
from detectors.proofs import ProofSpec

_UUID4: Final = re.compile(
    rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE
)
_NUMBERED: Final = re.compile(rb"[0-9]{4,13}:.{20}", re.DOTALL)
_LOGIN: Final = re.compile(rb"[!-9;-~]{1,100}:[ -~]{1,200}")


def _uuid_check(secret: bytes) -> Proof:
    """Other versions are names or times, not random: no secret."""
    return Proof(Verdict.UNPROVABLE if _UUID4.fullmatch(secret) else Verdict.REFUTED, "uuid4")


def _uuid_make(candidate: bytes, rng: Random) -> bytes:
    text = rng.randbytes(16).hex()
    made = "-".join(
        (text[:8], text[8:12], f"4{text[13:16]}", f"{rng.choice('89ab')}{text[17:20]}", text[20:])
    )
    return (made.upper() if candidate.isupper() else made).encode()


def _wireguard_check(secret: bytes) -> Proof:
    """A private key is 32 bytes, clamped as Curve25519 asks: a public or preshared key rarely is."""
    raw = unbase64(secret)
    fits = raw is not None and len(raw) == 32 and raw[0] & 7 == 0 and raw[31] & 0xC0 == 0x40
    return Proof(Verdict.UNPROVABLE if fits else Verdict.REFUTED, "wireguard")


def _wireguard_make(_candidate: bytes, rng: Random) -> bytes:
    raw = bytearray(rng.randbytes(32))
    raw[0] &= 0xF8
    raw[31] = raw[31] & 0x3F | 0x40
    return base64.b64encode(raw)


def _login_check(secret: bytes) -> Proof:
    """Printable user, colon, printable password."""
    fits = _LOGIN.fullmatch(unbase64(secret[:600]) or b"")
    return Proof(Verdict.UNPROVABLE if fits else Verdict.REFUTED, "basic-login")


def _login_make(candidate: bytes, rng: Random) -> bytes:
    """As long as the candidate, so that the shape's bounds hold."""
    size = max(12, len(candidate) * 3 // 4)
    text = base64.b32encode(rng.randbytes(size)).lower()
    return base64.b64encode(text[:6] + b":" + text[6 : size - 1])


def _numbered_check(secret: bytes) -> Proof:
    """Tokens of Atlassian Data Center products: base64 of a number, a colon and 20 bytes."""
    found = _NUMBERED.fullmatch(unbase64(secret.removeprefix(b"BBDC-")[:100]) or b"")
    return Proof(Verdict.UNPROVABLE if found else Verdict.REFUTED, "numbered-token")


def _numbered_make(candidate: bytes, rng: Random) -> bytes:
    prefix = b"BBDC-" if candidate.startswith(b"BBDC-") else b""
    return prefix + base64.b64encode(b"%012d:" % rng.randrange(10**11, 10**12) + rng.randbytes(20))


PROOFS: dict[str, ProofSpec] = {
    "uuid4": ProofSpec(_uuid_check, _uuid_make),
    "wireguard": ProofSpec(_wireguard_check, _wireguard_make),
    "numbered-token": ProofSpec(_numbered_check, _numbered_make),
    "basic-login": ProofSpec(_login_check, _login_make),
}
