"""Passwords that are stored so that whoever has the file has the password: encoded, or encrypted by a key that is published.

Read back to see that there is one: facts say in which way and how many characters, never one of them. Group Policy's proves itself (its padding
fits after decryption); of the others any text may be one. Nothing is refuted: a program wrote it, so that even a simple password is somebody's.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from random import Random
from typing import Final

from detectors.encodings import unbase64
from detectors.model import Proof, Verdict
from detectors.proofs import ProofSpec

_LONGEST: Final = 1024
_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!#%+-=?"
# Microsoft's documentation of Group Policy preferences ([MS-GPPREF], 2.2.1.1.4) prints the one key of all installations.
_POLICY_KEY: Final = bytes.fromhex("4e9906e8fcb66cc9faf49310620ffee8f496e806cc057990209b09a433b66c1b")
_BLOCK: Final = 16
# The bytes of Cisco's type 7, in every release of IOS since 1995; the two digits in front say where in it to begin.
_CISCO: Final = b"dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87"
_CISCO_TEXT: Final = re.compile(rb"([0-9]{2})((?:[0-9A-Fa-f]{2})+)")
_CISCO_STARTS: Final = 16


def _read(secret: bytes) -> str:
    """FileZilla: UTF-8 in base64."""
    return (unbase64(secret) or b"").decode("utf-8")


def _uncisco(secret: bytes) -> str:
    found = _CISCO_TEXT.fullmatch(secret)
    return _crossed(int(found[1]), bytes.fromhex(found[2].decode())).decode("ascii") if found else ""


def _crossed(start: int, text: bytes) -> bytes:
    return bytes(byte ^ _CISCO[(start + at) % len(_CISCO)] for at, byte in enumerate(text))


def _decrypted(secret: bytes) -> str:
    """Group Policy: AES-256-CBC without a start value, over UTF-16, padded."""
    raw = unbase64(secret) or b""
    if not raw or len(raw) % _BLOCK:
        return ""
    text = _policy(encrypt=False)(raw)
    padding = text[-1]
    if not 1 <= padding <= _BLOCK or text[-padding:] != bytes((padding,)) * padding:
        return ""
    return text[:-padding].decode("utf-16-le")


def _policy(*, encrypt: bool) -> Callable[[bytes], bytes]:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    cipher = Cipher(algorithms.AES(_POLICY_KEY), modes.CBC(bytes(_BLOCK)))
    return (cipher.encryptor() if encrypt else cipher.decryptor()).update


def plain(name: str, secret: bytes) -> str:
    """The password that `secret` holds, by the proof's name; "" where none can be read. Total and linear. Raises KeyError."""
    try:
        text = _READERS[name](secret[:_LONGEST])
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""


def _check(name: str, way: str, *, sure: bool) -> Callable[[bytes], Proof]:
    def check(secret: bytes) -> Proof:
        text = plain(name, secret)
        if not text:
            return Proof(Verdict.UNPROVABLE, name)
        facts = {"reversible": way, "password_length": str(len(text))}
        return Proof(Verdict.PROVED if sure else Verdict.UNPROVABLE, name, facts)

    return check


def _drawn(length: int, rng: Random) -> bytes:
    return "".join(rng.choices(_ALPHABET, k=length)).encode()


def _make_read(candidate: bytes, rng: Random) -> bytes:
    return base64.b64encode(_drawn(max(5, len(candidate) * 3 // 4 - 2), rng))


def _make_cisco(candidate: bytes, rng: Random) -> bytes:
    start = rng.randrange(_CISCO_STARTS)
    return b"%02d%s" % (
        start,
        _crossed(start, _drawn((len(candidate) - 2) // 2, rng)).hex().upper().encode(),
    )


def _make_policy(_candidate: bytes, rng: Random) -> bytes:
    text = _drawn(rng.randrange(8, 30), rng).decode().encode("utf-16-le")
    padding = _BLOCK - len(text) % _BLOCK
    return base64.b64encode(_policy(encrypt=True)(text + bytes((padding,)) * padding)).rstrip(b"=")


_READERS: Final = {
    "filezilla-password": _read,
    "cisco-type-7": _uncisco,
    "group-policy-password": _decrypted,
}
PROOFS: dict[str, ProofSpec] = {
    "filezilla-password": ProofSpec(_check("filezilla-password", "base64", sure=False), _make_read),
    "cisco-type-7": ProofSpec(_check("cisco-type-7", "Cisco type 7", sure=False), _make_cisco),
    "group-policy-password": ProofSpec(
        _check("group-policy-password", "AES with a published key", sure=True), _make_policy
    ),
}
