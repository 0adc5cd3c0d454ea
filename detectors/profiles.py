"""What marks a value as something else than what its place promises: one list a kind of place, for every rule that names it.

A rule says `profile = "login"` and nothing more; what is its own alone stays in its `reject`. The less the place itself says, the
longer the list: beside `user:` in a URL anything but a template is a password, beside the bare word `password` it also has to look
like one. Placeholders, sequences and runs are dropped for all rules before (detectors.dummies) and not repeated here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

Marks = tuple[tuple[str, re.Pattern[bytes]], ...]  # (reason out of detectors.stats.REASONS, what shows it)


def _marks(reason: str, *expressions: bytes) -> Marks:
    return ((reason, re.compile(b"|".join(expressions))),)


# Passwords that everybody sets, and the accounts that come with a product.
_DEFAULT: Final = _marks(
    "common",
    rb"^(?i:(?:my|your|the|some|db|user|test|new|super)?[_-]?(?:pass(?:word|wd|phrase|w)?|pwd|pw|secret|token|credentials?|key)[0-9!]{0,4}|"
    rb"guest|tester|demo|removed|hidden|masked|tiger.{0,6}|scott|postgres(?:ql)?|mysql|mongo(?:db)?|redis|rabbitmq|local)$",
)
_TEMPLATE: Final = _marks(
    "template", rb"^(?:\$[A-Za-z_{(]|%[a-z(]|%%|\{\{|<|ENC[\[(]|\{cipher\})"
)  # the last two are encrypted

# Letters only, with signs between words: prose, a module, a host, a setting's name; the names in a Go binary.
_WORDS: Final = (
    _marks("word", rb"^[A-Za-z]{1,40}(?:[._-][A-Za-z]{1,40}){0,8}[.,:]?$")
    + _marks("identifier", rb"^[*&.]{1,4}[A-Za-z]{1,40}(?:[._-][A-Za-z]{1,40}){0,8}$")
    + _marks("path", rb"^[a-z]{2,20}\.(?:com|org|io|net)/")
)

_SHAPES: Final = (
    _marks(
        "word",
        rb"^[A-Za-z]{1,60}[!?.]{0,2}$",
        rb"^[A-Za-z]{1,40}(?:[._/@-](?:[A-Za-z]{1,30}|[0-9]{1,2})){1,12}$",
        rb"^[a-z]{3,20}-[0-9a-z]{3,20}-[a-z]{3,20}-[0-9A-Za-z]{6}$",  # a generated name of a machine or a pod
    )
    + _marks(
        "identifier",
        rb"^[a-z]{1,30}(?:[A-Z][a-z]{1,30}){1,6}[0-9]{0,2}$",
        rb"^[A-Z][0-9A-Z]{0,30}(?:_[0-9A-Z]{1,30}){1,8}$",
        rb"^_{0,2}[a-z][0-9a-z]{0,24}(?:_[0-9a-z]{1,24}){1,9}_{0,2}-?$",
        rb"[a-z](?:Token|Secret|Key|Pass|Id|Name)(?:[^a-z]|$)",
    )
    + _marks(
        "path",
        rb"^[./~@]",
        rb"\.(?:py|js|jsx|ts|tsx|php|html?|txt|json|ya?ml|xml|png|svg|css|scss|properties|conf|cfg|go|rb|rs|java|c|h|cpp|cs|sh|"
        rb"pem|key|crt|md|rst|com|org|net|io|env)$",
        rb"^[0-9a-z-]{1,40}(?:\.[0-9a-z-]{1,40}){1,5}(?:/|$)",
    )
    + _marks(
        "number",
        rb"^[0-9._-]{1,40}$",
        rb"^(?:[0-9]{1,5}:){1,2}[0-9]{1,5}(?:/|$)",  # ports, a time
        rb"^v?[0-9]{1,4}(?:\.[0-9]{1,4}){1,3}",
        rb"^[0-9]{4}-[0-9]{2}-[0-9]{2}T",
    )
    + _marks(
        "other_format", rb"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
    )
)

# What people type where a password is wanted and mean none, with the usual digits for letters.
_COMMON: Final = _marks(
    "common",
    rb"(?i:p[a@4][s5$]{2}w?[o0]?r?d|a1b2c3|pwd|s[e3]cr[e3]t|geheim|test|foobar|qwerty|letmein|12345|abcd|hunter2|correct|your)",
)
_PASSWORD_SHAPES: Final = _marks(
    "identifier", rb"[a-z]-$", rb"^[a-z]{2,12}(?:-[a-z]{2,12}){0,3}-[0-9]{1,3}$"
) + _marks("other_format", rb"^(?:0x)?[0-9a-fA-F]{32,128}$")

# A generated value has digits; of several formats that have them a name tells nothing.
_SECRET_SHAPES: Final = (
    _marks(
        "other_format",
        rb"^(?:0x)?[0-9a-fA-F]{16,128}$",
        rb"^A[A-Z]{3}[0-9A-Z]{16,17}$",  # the id of an AWS key
        rb"^[0-9a-z]{4,8}(?:-[0-9a-z]{4}){3}-[0-9a-z]{12}$",
        rb"^(?:sha(?:256|384|512)|md5)-",
        rb"^ey[IJK]",  # a JWT, which has a rule of its own
        rb"-----",
    )
    + _marks("word", rb"^[^0-9]{1,160}$", rb"^(?:[a-z]{2,12}-){2,8}[0-9a-z]{1,6}$")
    + _marks("identifier", rb"^[A-Za-z_]{1,40}(?:[./][0-9A-Za-z_]{1,40}){1,8}$")
    + _marks(
        "common",
        rb"(?i:example|dummy|sample|your|token_here|secret|test|mock|fake|a1b2c3|12345678|abcdef|deadbeef|0{8})",
    )
)

# The frame of a key with hardly anything in it: documentation.
_EMPTY_FRAME: Final = _marks("placeholder", rb"^-----BEGIN [A-Z ]{3,40}-----[\x00-\xff]{0,60}-----END")

PROFILES: Final[Mapping[str, Marks]] = MappingProxyType(
    {
        "login": _DEFAULT + _TEMPLATE,
        "credential": _DEFAULT + _TEMPLATE + _WORDS,
        "password": _DEFAULT + _TEMPLATE + _SHAPES + _PASSWORD_SHAPES + _COMMON,
        "key-block": _EMPTY_FRAME,
        "secret": _DEFAULT + _TEMPLATE + _SHAPES + _SECRET_SHAPES,
    }
)


def unlike(profile: str, value: bytes) -> str:
    """Why the value is not what the profile's place promises; "" when it may be. Linear, thread-safe. Raises KeyError."""
    return next((reason for reason, shown in PROFILES[profile] if shown.search(value)), "")


def common(value: bytes) -> bool:
    """A default, or built around a word that everybody takes for a password."""
    return any(shown.search(value) for _, shown in _DEFAULT + _COMMON)
