"""Named and versioned canonicalisations: what of a secret its identity hangs on.

The same credential is written in several ways (percent-encoded, with escapes, wrapped); its identity must not move with them.
An entry here never changes once released: a better one gets the next version and a rule says which it uses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote_to_bytes

from detectors.model import Rule
from detectors.proofs import reversible

_PEM: Final = re.compile(rb"-----BEGIN [^-\n]{1,64}-----(.*?)(?:-----END|\Z)", re.DOTALL)
_LINE_ENDS: Final = re.compile(rb"(?:\\r|\\n|\r|\n)+")
_QUOTED: Final = re.compile(rb"""["']([A-Za-z0-9+/=]*)["']""")
_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/]+")
_URLSAFE: Final = bytes.maketrans(b"-_", b"+/")


def canonical(rule: Rule, secret: bytes) -> bytes:
    """The bytes of `secret` that identify the leak, by the rule's `canonical`; the same whatever ends its lines."""
    return CANONICALS[rule.canonical](secret.replace(b"\r\n", b"\n"))


def guessed(rule: Rule, secret: bytes) -> bytes:
    """What has to be guessed to have the secret: of a password that is stored reversibly the password."""
    return canonical(rule, secret) if rule.canonical in _READ_BACK else secret


def _as_found(secret: bytes) -> bytes:
    return secret


def _pem(secret: bytes) -> bytes:
    """The base64 body without line ends, escapes, quotes, concatenation and diff marks; the whole text if there is none."""
    found = _PEM.search(secret)
    if found is None:
        return secret
    lines = [line.strip() for line in _LINE_ENDS.split(found[1])]
    lines = [
        line for line in lines if line.strip(b"+-> \"',;\\") and b":" not in line
    ]  # headers have a colon
    quoted = [_QUOTED.search(line) for line in lines]
    lines = [q[1] if q else line for q, line in zip(quoted, lines, strict=True)]
    if len(lines) > 1 and all(line.startswith(b"+") for line in lines):
        lines = [line[1:] for line in lines]  # an added block in a diff
    return _NOT_BASE64.sub(b"", b"".join(lines)) or secret


def _base64(secret: bytes) -> bytes:
    return secret.translate(_URLSAFE).rstrip(b"=")


def _read_back(proof: str) -> Callable[[bytes], bytes]:
    """The password itself: one is written in sixteen ways by Cisco, and guessed as easily in each of them."""
    return lambda secret: reversible.plain(proof, secret).encode() or secret


_READ_BACK: Final = {
    "cisco-7-v1": _read_back("cisco-type-7"),
    "filezilla-v1": _read_back("filezilla-password"),
    "group-policy-v1": _read_back("group-policy-password"),
}
CANONICALS: Final[Mapping[str, Callable[[bytes], bytes]]] = MappingProxyType(
    {
        "v1": _as_found,
        "lower-v1": bytes.lower,
        "urlencoded-v1": unquote_to_bytes,
        "base64-v1": _base64,
        "pem-v1": _pem,
        **_READ_BACK,
    }
)
