"""AWS: the account id inside a key id, the version byte of an SES password, the text inside a Bedrock key.

A key id is base32; the account stands in its first six bytes (ids of the old generation do not carry it). There is no sum.
"""

from __future__ import annotations

import base64
import re
from random import Random
from typing import Final

from detectors.encodings import unbase32, unbase64
from detectors.model import NO_FACTS, Proof, Verdict
from detectors.proofs import ProofSpec

_ACCOUNT: Final = 0x7FFFFFFFFF80
_KINDS: Final = {b"AKIA": "long-term", b"ASIA": "temporary", b"ABIA": "bearer", b"ACCA": "context-specific"}
_BEDROCK: Final = re.compile(rb"BedrockAPIKey-[!-~]{1,40}-at-([0-9]{12}):")
_LONGEST: Final = 600


def _key_id_check(secret: bytes) -> Proof:
    """Q-Z and 2-7 in the fifth place mark the generation that carries the account (bit 20 of the id is set)."""
    raw = unbase32(secret[4:]) if len(secret) == 20 else None
    if raw is None:
        return Proof(Verdict.REFUTED, "aws-key-id")
    facts = {"key_kind": _KINDS.get(secret[:4], "")}
    if raw[0] & 0x80:
        facts["account_id"] = f"{(int.from_bytes(raw[:6], 'big') & _ACCOUNT) >> 7:012}"
    return Proof(Verdict.UNPROVABLE, "aws-key-id", facts)


def _key_id_make(candidate: bytes, rng: Random) -> bytes:
    account = rng.randrange(100_000_000_000, 999_999_999_999)
    head = (1 << 47 | account << 7 | rng.getrandbits(7)).to_bytes(6, "big")
    return candidate[:4] + base64.b32encode(head + rng.randbytes(4))


def _ses_check(secret: bytes) -> Proof:
    """Version byte 0x04 and the 32 bytes of an HMAC-SHA256."""
    raw = unbase64(secret)
    fits = raw is not None and len(raw) == 33 and raw[0] == 4
    return Proof(Verdict.UNPROVABLE if fits else Verdict.REFUTED, "aws-ses")


def _ses_make(_candidate: bytes, rng: Random) -> bytes:
    return base64.b64encode(b"\x04" + rng.randbytes(32))


def _bedrock_check(secret: bytes) -> Proof:
    found = _BEDROCK.search(unbase64(secret[4:_LONGEST]) or b"")
    return Proof(Verdict.UNPROVABLE, "aws-bedrock", {"account_id": found[1].decode()} if found else NO_FACTS)


def _bedrock_make(_candidate: bytes, rng: Random) -> bytes:
    user = f"BedrockAPIKey-{rng.randbytes(2).hex()}-at-{rng.randrange(10**11, 10**12)}:".encode()
    return b"ABSK" + base64.b64encode(user + base64.b64encode(rng.randbytes(33)))


PROOFS: dict[str, ProofSpec] = {
    "aws-key-id": ProofSpec(_key_id_check, _key_id_make),
    "aws-ses": ProofSpec(_ses_check, _ses_make),
    "aws-bedrock": ProofSpec(_bedrock_check, _bedrock_make),
}
