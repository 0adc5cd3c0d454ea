"""Known values that no list can hold: every id ending in EXAMPLE, every token that a demo installation signs."""

from __future__ import annotations

import re
from typing import Final

from detectors.encodings import json_object, unbase64

_SHAPES: Final = (
    ("example of the provider's documentation", re.compile(rb"[0-9A-Z]{4,60}EXAMPLE|[!-~]{8,400}EXAMPLE(?:KEY|TOKEN|ID)=*")),
    ("key of the LocalStack emulator", re.compile(rb"L[SK]IA[0-9A-Z]{16}")),
    ("published to test secret scanning", re.compile(rb"secret_scanning_ab85fc6f8d7638cf1c11da812da308d43_[!-~]{1,100}")),
    ("number that payment providers publish for tests", re.compile(rb"4(?:1{15}|242(?:4242){3})")),
)  # fmt: skip
_DEMO_ISSUERS: Final = {"supabase-demo": "demo key of a local Supabase"}
_SAMPLE_SUBJECT: Final = ("1234567890", "John Doe")


def matched(secret: bytes) -> str:
    """The reason of the first shape that fits; "" when none does. Any bytes; linear."""
    found = next((reason for reason, shape in _SHAPES if shape.fullmatch(secret)), "")
    return found or (_of_jwt(secret) if secret[:2] == b"ey" else "")


def _of_jwt(secret: bytes) -> str:
    parts = secret.split(b".", 3)
    claims = json_object(unbase64(parts[1])) if len(parts) == 3 else None
    if claims is None:
        return ""
    if (claims.get("sub"), claims.get("name")) == _SAMPLE_SUBJECT:
        return "sample token of jwt.io"
    issuer = claims.get("iss")
    return _DEMO_ISSUERS.get(issuer, "") if isinstance(issuer, str) else ""
