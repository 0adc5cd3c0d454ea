"""Small codecs that the offline proofs share. Every function takes any bytes and none raises; all are linear."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Any, Final

import orjson

BASE36: Final = b"0123456789abcdefghijklmnopqrstuvwxyz"
BASE62: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_TO_STANDARD: Final = bytes.maketrans(b"-_", b"+/")
_MAIL: Final = re.compile(r"([^\s@<>|]{1,2})[^\s@<>|]{0,62}@(?=[\w-])(?![\w.-]{1,80}gserviceaccount\.com)")
_MASKED_LENGTH: Final = 400
_FACT_LENGTH: Final = 200  # a fact is shown in a page: long claims are cut


def in_digits(number: int, alphabet: bytes, width: int) -> bytes:
    """`number` >= 0 in the base of `alphabet`, padded on the left to `width` with its first character."""
    base = len(alphabet)
    digits = bytearray()
    while number:
        number, digit = divmod(number, base)
        digits.append(alphabet[digit])
    digits.reverse()
    return bytes(digits).rjust(width, alphabet[:1])


def unbase64(text: bytes) -> bytes | None:
    """Decode base64 of either alphabet, padded or not; None when it is not base64."""
    body = text.rstrip(b"=")
    if len(body) % 4 == 1:
        return None
    try:
        return base64.b64decode(body.translate(_TO_STANDARD) + b"=" * (-len(body) % 4), validate=True)
    except binascii.Error:
        return None


def unbase32(text: bytes) -> bytes | None:
    """Decode base32 of either case, padded or not; None when it is not base32."""
    body = text.rstrip(b"=")
    try:
        return base64.b32decode(body + b"=" * (-len(body) % 8), casefold=True)
    except binascii.Error:
        return None


def base64url(data: bytes) -> bytes:
    """Unpadded base64url, as tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def json_object(data: bytes | None) -> dict[str, Any] | None:
    """`data` as a JSON object; None when it is not one."""
    if not data:
        return None
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def fact(value: object) -> str:
    """A text or number of a decoded structure as a fact: one printable line of at most 200 characters, or ''.

    The person of an e-mail address is masked, `jo***@mail.example`; a service account of Google is no person.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value) if not isinstance(value, int) or value.bit_length() < 128 else ""
    return _MAIL.sub(r"\1***@", text[:_MASKED_LENGTH])[:_FACT_LENGTH] if text.isprintable() else ""


def instant(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC; '' where they are no date."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return ""
