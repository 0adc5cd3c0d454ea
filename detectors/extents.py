"""Readers that take a value beyond its match: one linear pass, capped, never a backtracking expression.

A reader gets the text from the match's start on, where the match ends in it, and returns where the value ends, or None when
the value is not complete.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_PEM_MARK: Final = re.compile(rb"-----(BEGIN|END) [^-\n]{1,64}-----")
_JWT: Final = re.compile(rb"[A-Za-z0-9_\-.=]*+")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_\-]*+={0,2}+")


@dataclass(frozen=True, slots=True)
class Extent:
    """`read(text, end)` looks at no more than `cap` bytes: the caller hands over no more."""

    cap: int
    read: Callable[[bytes, int], int | None]


def _pem(text: bytes, end: int) -> int | None:
    """From BEGIN to the END line, whatever wraps the lines between; None when another block begins first."""
    for mark in _PEM_MARK.finditer(text, min(end, text.find(b"-----", 5) + 5)):
        return mark.end() if mark[1] == b"END" else None
    return None


def _jwt(text: bytes, end: int) -> int | None:
    found = _JWT.match(text, end)
    stop = found.end() if found else end
    while stop > end and text[stop - 1] in b".-":
        stop -= 1
    return stop


def _base64(text: bytes, end: int) -> int | None:
    found = _BASE64.match(text, end)
    return found.end() if found else end


def _line(text: bytes, end: int) -> int | None:
    stop = text.find(b"\n", end)
    stop = len(text) if stop < 0 else stop
    while stop > end and text[stop - 1] in b"\r \t":
        stop -= 1
    return stop


EXTENTS: Final[Mapping[str, Extent]] = MappingProxyType(
    {
        "pem": Extent(64 * 1024, _pem),
        "jwt": Extent(16 * 1024, _jwt),
        "base64": Extent(64 * 1024, _base64),
        "line": Extent(4096, _line),
    }
)
