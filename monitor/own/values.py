"""What an own secret is as a value: its normal form, its keyed hash, why a value is not taken, and the rule that it is told under.

The hash is HMAC-SHA256 under a key of its own realm (`KeyRing.own_keys`), so that it can be compared with no fingerprint of a leak. What is
hashed is a normal form, so that one secret is found however it was written; it never changes without a new version in the hash.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import unquote_to_bytes

from detectors import known, ngrams
from detectors.canonical import CANONICALS
from detectors.dummies import dummy
from detectors.filters import estimate_bits
from detectors.model import Kind, Proof, Rule, Severity, Verdict
from monitor.identity import WEAK_BELOW_BITS

DIGEST_BYTES: Final = 16
LONGEST: Final = 32 * 1024
WEAK_BITS: Final = 40.0  # what is easier to guess is no name for anything: strangers have it, too
REFUSALS: Final = (
    "empty",
    "short",
    "long",
    "low_entropy",
    "placeholder",
    "not_secret",
    "public",
    "in_its_name",
)
PROVED: Final = Proof(Verdict.PROVED, "own_hash")
RULE: Final = Rule(
    id="own-secret",
    provider="own",
    title="Own secret",
    kind=Kind.TOKEN,
    severity=Severity.CRITICAL,
    family="own-secret",
    pattern=r"[\x21-\x7e]{8}",
    canonical="urlencoded-v1",
    credential="own-secret",
    access="Whatever the secret opens: its name says which it is.",
    revoke="Make a new value where the secret is kept (the page names it), give it to those who use it, then end the old one",
    verified=True,
)

_SHORTEST: Final = 8
_DRAWN: Final = 20.0  # bits that it is likelier drawn at random than written
_VERSION: Final = b"own secret v1\0"
_PEM: Final = b"-----BEGIN "
_PERCENT: Final = re.compile(rb"%[0-9A-Fa-f]{2}")
_HEX: Final = re.compile(rb"[0-9A-Fa-f-]{16,}")
_URLSAFE: Final = bytes.maketrans(b"-_", b"+/")
_TYPED: Final = replace(
    RULE, kind=Kind.STRUCTURE
)  # its bits are those of a password that a person may have made
# What stands in configurations beside secrets: an address without a login, a mail address, a host's name, a path.
_NO_SECRET: Final = re.compile(
    rb"[a-zA-Z][a-zA-Z0-9+.-]{0,20}://[\w.-]{1,253}(?::[0-9]{1,5})?(?:/[a-zA-Z._-]{0,20}[0-9]{0,2}){0,20}"
    rb"|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"
    rb"|(?:[a-z0-9-]{1,63}\.){1,10}[a-z]{2,18}(?::[0-9]{1,5})?"
    rb"|(?:~|\.{1,2})?(?:/[a-z._][A-Za-z._-]{0,40}){2,20}/?"
)


def normal(value: bytes) -> bytes:
    """The bytes that identify the secret, however it is written: without blanks around it, of a PEM block the body, decoded if it is
    percent-encoded, in one alphabet of base64 without its padding, of hexadecimal in small letters. Total.
    """
    value = value.strip()
    if _PEM in value:
        return CANONICALS["pem-v1"](value.replace(b"\r\n", b"\n"))
    if _PERCENT.search(value):
        value = unquote_to_bytes(value)
    if _HEX.fullmatch(value):
        return value.lower()
    return value.translate(_URLSAFE).rstrip(b"=")


def digest(key: bytes, value: bytes) -> bytes:
    """DIGEST_BYTES of the keyed hash of the value's normal form. `key` is one of `KeyRing.own_keys`."""
    return hmac.digest(key, _VERSION + normal(value), "sha256")[:DIGEST_BYTES]


def bits(value: bytes) -> float:
    """How many bits guessing the value takes, roughly: its alphabet's, where it cannot be taken for words; else what a guesser of words needs."""
    typed = estimate_bits(value, _TYPED)
    if typed >= WEAK_BELOW_BITS or ngrams.surprise(value) < _DRAWN:
        return typed
    return estimate_bits(value, RULE)


def refusal(name: str, value: bytes) -> str:
    """Why the value cannot be watched; "" if it can. One of REFUSALS."""
    bare = normal(value)
    checks: Sequence[tuple[str, bool]] = (
        ("empty", not bare),
        ("short", len(bare) < _SHORTEST),
        ("long", len(value) > LONGEST),
        ("in_its_name", value.strip() in name.encode()),
        ("not_secret", len(value) <= LONGEST and _NO_SECRET.fullmatch(value.strip()) is not None),
    )
    for reason, refused in checks:
        if refused:
            return reason
    if known.reason_of(value.strip()):
        return "public"
    if dummy(RULE, value.strip()):
        return "placeholder"
    return "low_entropy" if bits(value.strip()) < WEAK_BITS else ""
