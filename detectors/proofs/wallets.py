"""Cryptocurrency keys: Base58Check (WIF, BIP 32), BIP 39 phrases, bare secp256k1 scalars."""

from __future__ import annotations

import hashlib
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
_PHRASE_LENGTHS: Final = (12, 15, 18, 21, 24)
# Phrases that development chains (hardhat, anvil, ganache, truffle) start with, and the one of the standard's examples
_DEVELOPMENT_WORDS: Final = (
    "test test test test test test test test test test test junk",
    "myth like bonus scare over problem client lizard pioneer submit female collect",
    "candy maple cake sugar pudding cream honey rich smooth crumble sweet treat",
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
)
# The first ten keys of each of the first three phrases (m/44'/60'/0'/0/n): 16 digits of the SHA-256 of their lower hex,
# because push protection takes the keys themselves for real.
_DEVELOPMENT_KEYS: Final = frozenset((
    "bc1a50966c9e6486", "8335c55334821eef", "b26ab6529d20ebeb", "64034b44c579b335", "4d3e46eec8244d1d",
    "0aedba9d586f34f9", "28e543d3753fc9d1", "f070994a85994785", "38e69fdd19aefeb4", "967f21586cdf1248",
    "578592185588730b", "30e55f5463e22af0", "70b801afae94d2e6", "0bc9fde2b028e3b0", "f51c2c795f782308",
    "6dea34b661141091", "faeb1dab5a326eef", "196fbadca8b7eea6", "ecd5e9d0b08a8a9f", "3fd5610ee03a3503",
    "f24167accb5d690f", "07f935b61d37e0e5", "e4f1734df0250d54", "7d1b5fc238610328", "33f532fd39fa0d77",
    "728383dec6323112", "664b73b16aa57748", "e4639de7f01667f6", "98a38f6dad3f47af", "c15f3d9dfdc98389",
))  # fmt: skip


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


def _phrase_check(secret: bytes) -> Proof:
    """Twelve to 24 words of the English list whose last one carries the sum; a documented test phrase is refuted."""
    text = " ".join(secret[:400].decode("ascii", "replace").lower().split())
    fits = len(text.split()) in _PHRASE_LENGTHS and text not in _DEVELOPMENT_WORDS and _wordlist().check(text)
    return Proof(Verdict.PROVED if fits else Verdict.REFUTED, "bip39")


def _phrase_make(candidate: bytes, rng: Random) -> bytes:
    words = len(candidate.split())
    bits = words * 32 // 3 if words in _PHRASE_LENGTHS else 128
    return _wordlist().to_mnemonic(rng.randbytes(bits // 8)).encode()


def _scalar_check(secret: bytes) -> Proof:
    """Any number from 1 to the order of the curve is a key, so one that fits is not proved by it."""
    text = secret.removeprefix(b"0x")
    if (
        not re.fullmatch(rb"[0-9a-fA-F]{64}", text)
        or not 0 < int(text, 16) < _ORDER
        or _is_development_key(text)
    ):
        return Proof(Verdict.REFUTED, "secp256k1")
    return Proof(Verdict.UNPROVABLE, "secp256k1")


def _is_development_key(text: bytes) -> bool:
    """Small numbers of examples, and the keys that development chains print at their start."""
    return int(text, 16) < 1 << 64 or hashlib.sha256(text.lower()).hexdigest()[:16] in _DEVELOPMENT_KEYS


def _scalar_make(candidate: bytes, rng: Random) -> bytes:
    prefix = b"0x" if candidate.startswith(b"0x") else b""
    return prefix + b"%064x" % rng.randrange(1 << 128, _ORDER)


PROOFS: dict[str, ProofSpec] = {
    "wif": ProofSpec(_wif_check, _wif_make),
    "bip32": ProofSpec(_extended_check, _extended_make),
    "bip39": ProofSpec(_phrase_check, _phrase_make),
    "secp256k1": ProofSpec(_scalar_check, _scalar_make),
}
