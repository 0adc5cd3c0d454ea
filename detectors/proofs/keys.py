"""Private keys in text: PEM (PKCS#1, PKCS#8, SEC 1) and OpenSSH blocks.

A block whose numbers agree is proved; an encrypted one, or one of an algorithm the crypto library does not know, is
unprovable; broken base64 or structure is refuted. The time is bounded: no more text than an RSA key of 16,384 bits needs
is read, and numbers are compared, never tested for primality.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from random import Random
from typing import TYPE_CHECKING, Final

from detectors.encodings import fact, unbase64
from detectors.model import Proof, Verdict
from detectors.proofs import ProofSpec

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_NAME: Final = "private-key"
_LONGEST: Final = 20_000  # bytes of text: RSA with 16,384 bits is 12,700
_BEGIN: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]{0,40}PRIVATE KEY)-----")
_HEADER: Final = re.compile(rb"^[A-Za-z-]{3,20}:[^\n]*$", re.MULTILINE)
# What stands around the lines of a key inside code: escapes, quotes, blanks, and the plus that joins or a diff adds.
_JOINT: Final = re.compile(rb"[\"'`]\s*[+.]\s*(?=[\"'`])")
_NOISE: Final = re.compile(rb"\\[nrt]|[^A-Za-z0-9+/=]")
_READABLE: Final = re.compile(
    rb"[A-Za-z0-9+/=\s\\\"'`.,]*"
)  # with anything else in it, a failure to read is ours
_DEK: Final = re.compile(rb"DEK-Info: ?([A-Z0-9-]{3,30}),")
_KDFS: Final = (
    ("PBKDF2", bytes.fromhex("06092a864886f70d01050c")),
    ("scrypt", bytes.fromhex("06092b06010401da47040b")),
)
_WEAK_BELOW: Final = 2048  # bits of an RSA key
_SSH_MAGIC: Final = b"openssh-key-v1\0"


def _check(secret: bytes) -> Proof:
    begin = _BEGIN.search(secret) if len(secret) <= _LONGEST else None
    end = secret.find(b"-----END", begin.end()) if begin else -1
    if begin is None or end < 0:  # cut by the end of the document, too long, or of another format (PGP)
        return Proof(Verdict.UNPROVABLE, _NAME)
    label, text = begin[1], secret[begin.end() : end].replace(b"\\n", b"\n")
    if b"ENCRYPTED" in label or b"Proc-Type: 4,ENCRYPTED" in text:
        return Proof(Verdict.UNPROVABLE, _NAME, _locked(label, text))
    text = _HEADER.sub(b"", text)
    proof = _body(_NOISE.sub(b"", _JOINT.sub(b"", _without_diff_marks(text))), label)
    if proof.verdict is Verdict.REFUTED and not _READABLE.fullmatch(text):
        return Proof(Verdict.UNPROVABLE, _NAME)
    return proof


def _locked(label: bytes, text: bytes) -> dict[str, str]:
    """Of an encrypted block: the cipher that its header names, or how the key is derived from the password."""
    facts = {"encrypted": "yes"}
    if cipher := _DEK.search(text):
        facts |= {"cipher": cipher[1].decode(), "kdf": "one round of MD5"}
    elif label.startswith(b"ENCRYPTED"):
        head = unbase64(_NOISE.sub(b"", text[:400])[:160]) or b""
        derived = [name for name, identifier in _KDFS if identifier in head]
        facts |= {"kdf": derived[0]} if derived else {}
    return facts


def _without_diff_marks(text: bytes) -> bytes:
    """A plus at the start of every line was added by a diff; at the start of one it is base64."""
    lines = [line for line in text.split(b"\n") if line.strip()]
    marked = len(lines) > 1 and all(line.startswith(b"+") for line in lines)
    return b"\n".join(line[1:] for line in lines) if marked else text


def _body(body: bytes, label: bytes) -> Proof:
    try:
        blob = base64.b64decode(body, validate=True)
    except binascii.Error:
        return Proof(Verdict.REFUTED, _NAME)
    return _openssh(blob) if label == b"OPENSSH PRIVATE KEY" else _der(blob)


def _der(der: bytes) -> Proof:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        key = load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=True)
    except (UnsupportedAlgorithm, TypeError):  # a curve or algorithm the library does not have; or encrypted
        return Proof(Verdict.UNPROVABLE, _NAME)
    except ValueError:
        return Proof(Verdict.REFUTED, _NAME)
    return _agreement(key)


def _agreement(key: PrivateKeyTypes) -> Proof:
    """RSA: p * q = n. Curves: the library already refused a point that is not the private number's."""
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

    facts = {"encrypted": "no"} | _fingerprint(key)
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        if numbers.p * numbers.q != numbers.public_numbers.n:
            return Proof(Verdict.REFUTED, _NAME)
        facts |= {"algorithm": "RSA", "bits": str(key.key_size)}
        if key.key_size < _WEAK_BELOW:
            facts["weak"] = f"below {_WEAK_BELOW} bits"
        return Proof(Verdict.PROVED, _NAME, facts)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return Proof(
            Verdict.PROVED,
            _NAME,
            facts | {"algorithm": "EC", "curve": key.curve.name, "bits": str(key.key_size)},
        )
    if isinstance(key, dsa.DSAPrivateKey):
        facts |= {"bits": str(key.key_size), "weak": "OpenSSH no longer takes it"}
    name = type(key).__name__.lstrip("_").removesuffix("PrivateKey")
    return Proof(Verdict.PROVED, _NAME, facts | {"algorithm": name})


def _fingerprint(key: PrivateKeyTypes) -> dict[str, str]:
    """The fingerprint of the public key as OpenSSH shows it; none where OpenSSH has no form for the algorithm."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        written = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    except (ValueError, UnsupportedAlgorithm):
        return {}
    return _fingerprint_of(base64.b64decode(written.split(b" ")[1]))


def _fingerprint_of(public: bytes) -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(public).digest()).decode().rstrip("=")
    return {"fingerprint": f"SHA256:{digest}"}


def _openssh(blob: bytes) -> Proof:
    """PROTOCOL.key of OpenSSH: magic, cipher, KDF, public key, then two equal check numbers before the private part."""
    fields = _openssh_fields(blob)
    if fields is None:
        return Proof(Verdict.REFUTED, _NAME)
    cipher, kdf, _, public, private = fields
    name, *numbers = _strings(public)[:4] or [b""]
    facts = {"algorithm": fact(name[:64].decode("ascii", "replace"))} | _fingerprint_of(public)
    if name == b"ssh-rsa" and len(numbers) == 2:
        facts["bits"] = str(int.from_bytes(numbers[1][:_LONGEST], "big").bit_length())
        if int(facts["bits"]) < _WEAK_BELOW:
            facts["weak"] = f"below {_WEAK_BELOW} bits"
    if cipher != b"none":
        told = {"cipher": cipher, "kdf": kdf}
        facts |= {key: fact(value[:64].decode("ascii", "replace")) for key, value in told.items()}
        return Proof(Verdict.UNPROVABLE, _NAME, facts | {"encrypted": "yes"})
    facts["encrypted"] = "no"
    agree = len(private) > 8 and private[:4] == private[4:8]
    return Proof(Verdict.PROVED, _NAME, facts) if agree else Proof(Verdict.REFUTED, _NAME)


def _openssh_fields(blob: bytes) -> list[bytes] | None:
    """Cipher, KDF name, KDF options, first public key, private part; None where a length does not fit."""
    if not blob.startswith(_SSH_MAGIC):
        return None
    fields: list[bytes] = []
    at = len(_SSH_MAGIC)
    for turn in range(5):
        at += 4 if turn == 3 else 0  # the number of keys stands before the public key
        start = at + 4
        at = start + int.from_bytes(blob[at:start], "big")
        if at > len(blob):
            return None
        fields.append(blob[start:at])
    return fields


def _strings(blob: bytes) -> list[bytes]:
    """The fields of an SSH blob, each behind its length; what does not fit is left out."""
    found: list[bytes] = []
    at = 0
    while at + 4 <= len(blob):
        end = at + 4 + int.from_bytes(blob[at : at + 4], "big")
        if end > len(blob):
            break
        found.append(blob[at + 4 : end])
        at = end
    return found


def _make(candidate: bytes, rng: Random) -> bytes:
    """A key under the label that the candidate has: RSA with 1,024 bits or P-256, which are quick to make."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    if b"ENCRYPTED" in candidate:
        return _locked_block(rng)
    form = serialization.PrivateFormat.PKCS8
    key: PrivateKeyTypes = ec.derive_private_key(rng.randrange(1, 1 << 250), ec.SECP256R1())
    if b"RSA PRIVATE" in candidate:
        key, form = _rsa_key(rng), serialization.PrivateFormat.TraditionalOpenSSL
    elif b"EC PRIVATE" in candidate:
        form = serialization.PrivateFormat.TraditionalOpenSSL
    elif b"OPENSSH" in candidate:
        form = serialization.PrivateFormat.OpenSSH
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).strip()


def _locked_block(rng: Random) -> bytes:
    """PKCS#8 under a password (RFC 5958): PBES2 with PBKDF2 and AES-256-CBC, and random text for the sealed key."""
    kdf = _tlv(
        0x30, _tlv(0x06, _KDFS[0][1][2:]) + _tlv(0x30, _tlv(0x04, rng.randbytes(8)) + _tlv(0x02, b"\x08\x00"))
    )
    cipher = _tlv(0x30, _tlv(0x06, bytes.fromhex("60864801650304012a")) + _tlv(0x04, rng.randbytes(16)))
    scheme = _tlv(0x30, _tlv(0x06, bytes.fromhex("2a864886f70d01050d")) + _tlv(0x30, kdf + cipher))
    body = base64.encodebytes(_tlv(0x30, scheme + _tlv(0x04, rng.randbytes(160)))).strip()
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + body + b"\n-----END ENCRYPTED PRIVATE KEY-----"


def _tlv(tag: int, value: bytes) -> bytes:
    """One element of DER."""
    size = len(value)
    length = (
        bytes((size,))
        if size < 0x80
        else bytes((0x81, size))
        if size < 0x100
        else b"\x82" + size.to_bytes(2, "big")
    )
    return bytes((tag,)) + length + value


def _rsa_key(rng: Random) -> PrivateKeyTypes:
    from cryptography.hazmat.primitives.asymmetric import rsa

    p, q = _prime(rng), _prime(rng)
    d = pow(65537, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(65537, p * q)
    )
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def _prime(rng: Random) -> int:
    """512 bits that pass Fermat's test: good enough for a key that protects nothing."""
    while True:
        number = rng.getrandbits(512) | 3 << 510 | 1
        if all(number % small for small in (3, 5, 7, 11, 13, 17)) and pow(2, number - 1, number) == 1:
            return number


def _in_base64_check(secret: bytes) -> Proof:
    """A whole block (a kubeconfig's), or the DER alone (a setting of Alipay): what does not parse may be cut, so it is kept."""
    raw = unbase64(secret[:_LONGEST]) or b""
    proof = _check(raw) if raw.startswith(b"-----BEGIN") else _der(raw)
    verdict = Verdict.PROVED if proof.verdict is Verdict.PROVED else Verdict.UNPROVABLE
    return Proof(verdict, "private-key-base64", proof.facts)


def _in_base64_make(candidate: bytes, rng: Random) -> bytes:
    """RSA in both forms: the block where the candidate begins as one does."""
    block = _make(b"-----BEGIN RSA PRIVATE KEY-----", rng)
    if candidate.startswith(b"LS0t"):
        return base64.b64encode(block)
    return b"".join(line for line in block.split(b"\n") if not line.startswith(b"-----"))


PROOFS: dict[str, ProofSpec] = {
    _NAME: ProofSpec(_check, _make),
    "private-key-base64": ProofSpec(_in_base64_check, _in_base64_make),
}
