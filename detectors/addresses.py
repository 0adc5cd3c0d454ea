"""Until when a signed address holds: what its other parameters say, which stand outside of the value itself.

Amazon S3, Google Cloud Storage and Alibaba OSS sign a date and a number of seconds, Azure an end (`se`), older signatures of all of them and
CloudFront a number of seconds since 1970, Tencent COS a span.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import unquote_to_bytes

from detectors.buffers import Buffer
from detectors.encodings import instant
from detectors.model import Finding

SIGNED: Final = frozenset({"presigned-url", "sas-token", "signed-url"})  # Rule.credential
_REACH: Final = 2048  # bytes of the address to each side of the value
_REST: Final = re.compile(rb"""[^\s"'<>`]*""")
_PARAMETER: Final = re.compile(rb"(?:^|[?&;]|\\u0026)([A-Za-z][A-Za-z-]{1,20})=([^?&;\\#]{1,80})")
_DATED: Final = ("x-amz", "x-goog", "x-oss")
_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_SINCE_1970: Final = re.compile(r"[0-9]{10}")


def dated(findings: Iterable[Finding], buffer: Buffer, low: int, high: int) -> list[Finding]:
    """The findings of the document buffer[low:high], signed addresses with their end as the fact `expires_at` (ISO 8601, UTC)."""
    return [
        _dated(finding, buffer, low, high) if finding.rule.credential in SIGNED else finding
        for finding in findings
    ]


def _dated(finding: Finding, buffer: Buffer, low: int, high: int) -> Finding:
    start, end = low + finding.start, low + finding.end
    before = bytes(buffer[max(low, start - _REACH) : start])[::-1]
    behind = bytes(buffer[end : min(high, end + _REACH)])
    head, rest = _REST.match(before), _REST.match(behind)
    ends = expiry((head[0][::-1] if head else b"") + b"&" + (rest[0] if rest else b""))
    if not ends:
        return finding
    return replace(finding, proof=replace(finding.proof, facts={**finding.proof.facts, "expires_at": ends}))


def expiry(address: bytes) -> str:
    """When the address ends, "" where it does not say. Total and linear."""
    found = {
        name.lower().decode(): unquote_to_bytes(value).decode("latin-1")
        for name, value in _PARAMETER.findall(address)
    }
    try:
        return _of_dated(found) or _of_end(found)
    except (ValueError, OverflowError):
        return ""


def _of_dated(parameters: Mapping[str, str]) -> str:
    for prefix in _DATED:
        begun, seconds = parameters.get(f"{prefix}-date", ""), parameters.get(f"{prefix}-expires", "")
        if begun and _SECONDS.fullmatch(seconds):
            at = datetime.strptime(begun, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            return (at + timedelta(seconds=int(seconds))).isoformat(timespec="seconds")
    return ""


def _of_end(parameters: Mapping[str, str]) -> str:
    span = parameters.get("q-sign-time", "").partition(";")[2]
    for text in (parameters.get("expires", ""), span, parameters.get("se", "")):
        if _SINCE_1970.fullmatch(text):
            return instant(int(text))
    if not (end := parameters.get("se", "")):
        return ""
    at = datetime.fromisoformat(end)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="seconds")
