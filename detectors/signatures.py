"""A JSON Web Token and the secret that signed it, in one text: the only case in which a token's signature can be checked offline.

Whoever has both makes tokens of his own for any user. The two findings prove each other: HMAC with SHA-2 (RFC 7518, 3.2).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from detectors.encodings import json_object, unbase64
from detectors.model import Confidence, Finding, Proof, Verdict

CHECK: Final = "jwt-hmac"
_DIGESTS: Final = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
_BEGINS: Final = b"eyJ"  # `{"` in base64
_LONGEST: Final = 16_384
_TOKENS: Final = 16  # of a text that are checked, against so many secrets: 10 ms at most
_SECRETS: Final = 64
_LEAST_DECODED: Final = 8


def proved(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings of one text; a token and the secret among them that signed it are proved and say so."""
    tokens = [at for at, finding in enumerate(findings) if finding.secret.startswith(_BEGINS)]
    if not tokens or len(tokens) == len(findings):
        return tuple(findings)
    told = list(findings)
    chosen = set(tokens)
    secrets = [at for at, finding in enumerate(findings) if at not in chosen and not finding.records]
    for at in tokens[:_TOKENS]:
        signer = _signer(findings[at].secret, [findings[other].secret for other in secrets[:_SECRETS]])
        if signer is not None:
            secret = secrets[signer]
            told[at] = _with(told[at], "signed_by", findings[secret].rule.id)
            told[secret] = _with(told[secret], "signs", "a JWT in the same text")
    return tuple(told)


def _signer(token: bytes, secrets: Sequence[bytes]) -> int | None:
    """Which of the secrets made the token's signature."""
    if len(token) > _LONGEST or token.count(b".") != 2:
        return None
    text, _, last = token.rpartition(b".")
    header = json_object(unbase64(text.partition(b".")[0]))
    digest = _DIGESTS.get(str(header.get("alg"))) if header else None
    signature = unbase64(last)
    if digest is None or not signature:
        return None
    for number, secret in enumerate(secrets):
        if any(hmac.compare_digest(hmac.digest(key, text, digest), signature) for key in _keys(secret)):
            return number
    return None


def _keys(secret: bytes) -> Iterator[bytes]:
    """What libraries take for the key: the text as it stands, or what it says in base64 or hex."""
    yield secret
    decoded = unbase64(secret)
    if decoded and len(decoded) >= _LEAST_DECODED:
        yield decoded
    try:
        yield bytes.fromhex(secret.decode("ascii"))
    except ValueError:
        return


def _with(finding: Finding, name: str, value: str) -> Finding:
    """Proved, and known by one fact more."""
    proof = finding.proof
    check = proof.check if proof.verdict is Verdict.PROVED else CHECK
    proof = Proof(Verdict.PROVED, check, {**proof.facts, name: value})
    return replace(finding, proof=proof, confidence=Confidence.HIGH)
