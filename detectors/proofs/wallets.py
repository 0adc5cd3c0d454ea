"""Cryptocurrency keys: Base58Check (WIF, BIP 32), BIP 39 and Electrum phrases, bare secp256k1 scalars."""

from __future__ import annotations

import hmac
import re
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Final

import base58

from detectors.model import Proof, Verdict
from detectors.proofs import ProofSpec

if TYPE_CHECKING:
    from mnemonic import Mnemonic

_LONGEST: Final = 130
_WIF: Final = {0x80: "bitcoin", 0xEF: "bitcoin testnet", 0xB0: "litecoin", 0x9E: "dogecoin", 0xCC: "dash"}
_EXTENDED: Final = re.compile(rb"[xyztuv]prv")
_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_SMALL: Final = 1 << 64  # numbers of examples
_ELECTRUM_WORDS: Final = 12
_PHRASE_LENGTHS: Final = (12, 15, 18, 21, 24)
_ELECTRUM: Final = ("01", "100", "101", "102")  # standard, segwit, and both with a second factor


def _base58check(text: bytes) -> bytes | None:
    if not text or len(text) > _LONGEST:
        return None
    try:
        return base58.b58decode_check(text)
    except ValueError:
        return None


def _wif_check(secret: bytes) -> Proof:
    """Version byte, 32 bytes, and 01 where the public key is compressed."""
    raw = _base58check(secret)
    compressed = raw is not None and len(raw) == 34 and raw[33] == 1
    if raw is None or raw[0] not in _WIF or not (compressed or len(raw) == 33):
        return Proof(Verdict.REFUTED, "wif")
    return Proof(Verdict.PROVED, "wif", {"chain": _WIF[raw[0]]})


def _wif_make(candidate: bytes, rng: Random) -> bytes:
    compressed = b"" if candidate[:1] == b"5" else b"\x01"
    return base58.b58encode_check(b"\x80" + rng.randbytes(32) + compressed)


def _extended_check(secret: bytes) -> Proof:
    """78 bytes: version, depth, parent, index, chain code, 00 and the key."""
    raw = _base58check(secret) if _EXTENDED.match(secret) else None
    fits = raw is not None and len(raw) == 78 and raw[45] == 0
    return Proof(Verdict.PROVED if fits else Verdict.REFUTED, "bip32")


def _extended_make(_candidate: bytes, rng: Random) -> bytes:
    return base58.b58encode_check(
        b"\x04\x88\xad\xe4" + bytes(9) + rng.randbytes(32) + b"\x00" + rng.randbytes(32)
    )


@cache
def _wordlist() -> Mnemonic:
    from mnemonic import Mnemonic

    return Mnemonic("english")


@cache
def _words() -> frozenset[str]:
    return frozenset(_wordlist().wordlist)


def _phrase_check(secret: bytes) -> Proof:
    """Twelve to 24 words of the English list whose last one carries the sum, or the version that Electrum hashes into its own."""
    words = secret[:400].decode("ascii", "replace").lower().split()
    text = " ".join(words)
    if len(words) in _PHRASE_LENGTHS and _wordlist().check(text):
        return Proof(Verdict.PROVED, "bip39", {"standard": "BIP 39", "words": str(len(words))})
    if len(words) == _ELECTRUM_WORDS and all(word in _words() for word in words):
        version = hmac.digest(b"Seed version", text.encode(), "sha512").hex()
        if version.startswith(_ELECTRUM):
            return Proof(Verdict.PROVED, "bip39", {"standard": "Electrum", "words": str(len(words))})
    return Proof(Verdict.REFUTED, "bip39")


def _phrase_make(candidate: bytes, rng: Random) -> bytes:
    words = len(candidate.split())
    bits = words * 32 // 3 if words in _PHRASE_LENGTHS else 128
    return _wordlist().to_mnemonic(rng.randbytes(bits // 8)).encode()


def _scalar_check(secret: bytes) -> Proof:
    """Any number from 1 to the order of the curve is a key, so one that fits is not proved by it; a small one is an example."""
    text = secret.removeprefix(b"0x")
    fits = re.fullmatch(rb"[0-9a-fA-F]{64}", text) and _SMALL <= int(text, 16) < _ORDER
    return Proof(Verdict.UNPROVABLE if fits else Verdict.REFUTED, "secp256k1")


def _scalar_make(candidate: bytes, rng: Random) -> bytes:
    prefix = b"0x" if candidate.startswith(b"0x") else b""
    return prefix + b"%064x" % rng.randrange(1 << 128, _ORDER)


PROOFS: dict[str, ProofSpec] = {
    "wif": ProofSpec(_wif_check, _wif_make),
    "bip32": ProofSpec(_extended_check, _extended_make),
    "bip39": ProofSpec(_phrase_check, _phrase_make),
    "secp256k1": ProofSpec(_scalar_check, _scalar_make),
}
