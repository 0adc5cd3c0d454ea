"""Tokens of package registries that say what they are when decoded: PyPI, NuGet, JFrog."""

from __future__ import annotations

import base64
import re
from random import Random
from typing import Final

import base58

from detectors.encodings import base64url, instant, unbase32, unbase64
from detectors.model import Proof, Verdict
from detectors.proofs import ProofSpec

_LONGEST: Final = 1024
_KEY_BYTES: Final = 54
_HOST: Final = re.compile(rb"[a-z0-9.-]{4,60}")
_REFERENCE: Final = re.compile(rb"reftkn:([0-9]{2}):([0-9]{10}):([A-Za-z0-9]{8,80})")


def _pypi_check(secret: bytes) -> Proof:
    """A macaroon of version 2: its location is the index the token is for."""
    raw = unbase64(secret.removeprefix(b"pypi-")[:_LONGEST]) or b""
    location = raw[3 : 3 + raw[2]] if raw[:2] == b"\x02\x01" and len(raw) > 40 else b""
    if not _HOST.fullmatch(location) or raw[3 + len(location) : 4 + len(location)] != b"\x02":
        return Proof(Verdict.REFUTED, "pypi")
    return Proof(Verdict.UNPROVABLE, "pypi", {"index": location.decode()})


def _pypi_make(candidate: bytes, rng: Random) -> bytes:
    """Keeps the rule's literal, which spells the location; the identifier and signature behind it are random."""
    raw = unbase64(candidate.removeprefix(b"pypi-")) or b""
    if raw[:2] != b"\x02\x01" or len(raw) <= 4 + raw[2]:
        return candidate
    size = 3 + raw[2]
    return b"pypi-" + base64url(raw[:size] + b"\x02" + rng.randbytes(len(raw) - size - 1))


def _reference_check(secret: bytes) -> Proof:
    found = _REFERENCE.fullmatch(unbase64(secret) or b"")
    if found is None:
        return Proof(Verdict.REFUTED, "jfrog-reference")
    return Proof(Verdict.UNPROVABLE, "jfrog-reference", {"expires_at": _expiry(int(found[2]))})


def _expiry(seconds: int) -> str:
    return instant(seconds) if seconds else "never"


def _reference_make(_candidate: bytes, rng: Random) -> bytes:
    token = base64.b32encode(rng.randbytes(20))[:27]
    return base64.b64encode(b"reftkn:01:%010d:%s" % (rng.randrange(1_700_000_000, 1_900_000_000), token))


def _nuget_check(secret: bytes) -> Proof:
    """Base32 whose first two bytes spell the version of the format."""
    raw = unbase32(secret[:16]) or b""
    return Proof(
        Verdict.UNPROVABLE if raw.startswith(b"v4") and len(secret) == 46 else Verdict.REFUTED, "nuget"
    )


def _nuget_make(_candidate: bytes, rng: Random) -> bytes:
    return base64.b32encode(b"v4" + rng.randbytes(27)).rstrip(b"=").lower()[:46]


def _key_check(secret: bytes) -> Proof:
    """An API key is base58 of 54 bytes."""
    try:
        raw = base58.b58decode(secret[:100])
    except ValueError:
        raw = b""
    return Proof(Verdict.UNPROVABLE if len(raw) == _KEY_BYTES else Verdict.REFUTED, "jfrog-key")


def _key_make(candidate: bytes, _rng: Random) -> bytes:
    return candidate


PROOFS: dict[str, ProofSpec] = {
    "nuget": ProofSpec(_nuget_check, _nuget_make),
    "jfrog-key": ProofSpec(_key_check, _key_make),
    "pypi": ProofSpec(_pypi_check, _pypi_make),
    "jfrog-reference": ProofSpec(_reference_check, _reference_make),
}
