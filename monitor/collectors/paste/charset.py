"""Bytes of strangers as text, by what they and their header say of themselves. Pure; never raises."""

from __future__ import annotations

import re
from typing import Final

_META: Final = re.compile(rb"(?i)<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})")
_HEADER: Final = re.compile(r"(?i)charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{1,40})")
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
# Python has codecs that are none of text, and slow ones
_CODECS: Final = re.compile(
    r"(?i)(utf-?(8|16|32)|iso|latin|windows|cp|koi8|big5|gb|euc|shift|sjis|us-ascii|ascii|mac)[\w:.-]*"
)


def decode(body: bytes, content_type: str = "") -> str:
    """By its byte order mark, the header's charset, what the page says of itself, UTF-8, else Windows-1252."""
    named = [codec for mark, codec in _BOMS if body.startswith(mark)]
    if header := _HEADER.search(content_type):
        named.append(header[1])
    if inside := _META.search(body[:4096]):
        named.append(inside[1].decode())
    for codec in [*named, "utf-8"]:
        if not _CODECS.fullmatch(codec):
            continue
        try:
            return body.decode(codec)
        except (LookupError, ValueError):
            continue
    return body.decode("cp1252", "replace")
