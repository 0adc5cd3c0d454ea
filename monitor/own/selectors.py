"""The smallest part of a secret by which Hyperscan finds where it may stand: a few leading characters, and the length.

It reveals those characters to whoever reads the file: never more than a third of the secret, never so much that less than 64 bits of it stay
hidden. Each stands in a text as it is, percent-encoded, or in base64 at one of three places within four characters.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

from monitor.identity import WEAK_BELOW_BITS
from monitor.own.values import bits

HIDDEN_BITS: Final = WEAK_BELOW_BITS
TELLING_BITS: Final = 20.0  # how rare a beginning has to be: one place in a million
SHORTEST: Final = 5
LONGEST_SECRET: Final = 1024
REFUSALS: Final = ("selector_reveals", "selector_lines", "selector_long", "selector_needless")

_SHARE: Final = 3
_LEFT_ALONE: Final = (
    "",
    "/",
    "!*'()~",
    "/!*'()~",
)  # by those who percent-encode; letters, digits, _ . - always
_BREAK: Final = rb"(?:\\[rn]|[\r\n\t ])"  # within wrapped base64, also in a string
_BREAKS: Final = re.compile(_BREAK)
_SKIPPED: Final = (0, 2, 3)  # characters of base64 that what stands before the secret has a part in
_URLSAFE: Final = bytes.maketrans(b"-_", b"+/")
_ROOM: Final = 2  # bytes of a wrapped text for one of its characters, at most


@dataclass(frozen=True, slots=True)
class Selector:
    """`head` is what the secret begins with, `length` how many bytes it has."""

    head: bytes = field(repr=False)
    length: int


class Form(NamedTuple):
    """How a secret may be written. `shift`: of base64, how many bytes of its group of three stand before the secret."""

    encoding: str  # "" (as it is), "percent" or "base64", as a finding's `decoded` names it
    shift: int = 0


class Reading(NamedTuple):
    """What a text says at one place: the bytes that may be the secret, and where they stand."""

    value: bytes
    start: int
    end: int


PLAIN: Final = Form("")
PERCENT: Final = Form("percent")


def selector_of(value: bytes) -> Selector | str:
    """The smallest selector of a secret, or why it has none (one of REFUSALS)."""
    value = value.strip()
    if len(value) > LONGEST_SECRET:
        return "selector_long"
    if any(byte in b" \t\r\n" for byte in value):
        return "selector_lines"
    for size in range(SHORTEST, len(value) // _SHARE + 1):
        if bits(value[:size]) >= TELLING_BITS:
            hidden = bits(value[size:])
            return Selector(value[:size], len(value)) if hidden >= HIDDEN_BITS else "selector_reveals"
    return "selector_reveals"


def literals(head: bytes) -> Iterator[tuple[bytes, Form]]:
    """What to look for: each text that a secret beginning so is written with."""
    yield head, PLAIN
    yield head, PERCENT  # a beginning without signs, the rest encoded
    for left in _LEFT_ALONE:
        encoded = quote_from_bytes(head, safe=left).encode()
        if encoded != head:
            yield encoded, PERCENT
            yield re.sub(rb"%..", lambda found: found[0].lower(), encoded), PERCENT
    for shift, skipped in enumerate(_SKIPPED):
        raw = bytes(shift) + head
        whole = len(raw) * 8 // 6  # the last one may hang on what follows
        yield base64.b64encode(raw)[skipped:whole], Form("base64", shift)
        yield base64.urlsafe_b64encode(raw)[skipped:whole], Form("base64", shift)


def read(text: bytes, at: int, stop: int, form: Form, selector: Selector) -> Reading | None:
    """What text[at:stop] says where a literal of the selector begins at `at`; None where it is too short or not of that form."""
    match form.encoding:
        case "":
            end = at + selector.length
            return Reading(text[at:end], at, end) if end <= stop else None
        case "percent":
            return _read_percent(text, at, stop, selector.length)
        case _:
            return _read_base64(text, at, stop, form.shift, selector)


def _read_percent(text: bytes, at: int, stop: int, length: int) -> Reading | None:
    found = _percent(length).match(text, at, min(stop, at + 3 * length))
    if found is None or b"%" not in found[0]:  # without one it stands there as it is
        return None
    return Reading(unquote_to_bytes(found[0]), at, found.end())


def _read_base64(text: bytes, at: int, stop: int, shift: int, selector: Selector) -> Reading | None:
    skipped = _SKIPPED[shift]
    size = -(-(shift + selector.length) * 8 // 6)
    found = _base64(size - skipped).match(text, at, min(stop, at + _ROOM * size))
    if found is None:
        return None
    # the bits of the first characters that are the secret's own are known: they are its head's
    first = base64.b64encode(bytes(shift) + selector.head)[:skipped]
    characters = first + _BREAKS.sub(b"", found[0]).translate(_URLSAFE)
    raw = base64.b64decode(characters + b"A" * (-size % 4))
    return Reading(raw[shift : shift + selector.length], at - skipped, found.end())


@lru_cache(maxsize=LONGEST_SECRET)
def _percent(length: int) -> re.Pattern[bytes]:
    return re.compile(rb"(?:[^%%]|%%[0-9A-Fa-f]{2}|%%(?![0-9A-Fa-f]{2})){%d}" % length)


@lru_cache(maxsize=2 * LONGEST_SECRET)
def _base64(size: int) -> re.Pattern[bytes]:
    return re.compile(rb"[A-Za-z0-9+/_-](?:%s*[A-Za-z0-9+/_-]){%d}" % (_BREAK, size - 1))
