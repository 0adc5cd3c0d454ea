"""The one credential that may be planted anywhere: of a type of our own, valid to its checksum, and opening nothing.

The self-test and the drills plant it. Each is new: no two are one leak, so that nothing on the way takes it for a repetition.
"""

from __future__ import annotations

import secrets
from typing import Final

from detectors.canonical import canonical, guessed
from detectors.encodings import BASE62
from detectors.filters import estimate_bits
from detectors.model import Rule
from detectors.proofs.crc import PROOFS
from monitor.identity import KeyRing

RULE: Final = "leakstream-canary"
_PREFIX: Final = b"leakstream_canary_"
_BODY: Final = 36  # letters and digits, the last six of them the checksum


def canary() -> bytes:
    """A new one, by the rule's own proof."""
    body = bytes(secrets.choice(BASE62) for _ in range(_BODY))
    return PROOFS["crc32-base62"].make(_PREFIX + body, secrets.SystemRandom())


def fingerprint(secret: bytes, rule: Rule, keys: KeyRing) -> str:
    """The leak's identity under the current key, as the matcher is going to make it. `rule`: the one named RULE."""
    bits = estimate_bits(guessed(rule, secret), rule)
    return next(iter(keys.leak(rule.family, canonical(rule, secret), bits=bits).values()))
