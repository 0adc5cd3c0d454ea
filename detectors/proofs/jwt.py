"""JSON Web Tokens (RFC 7519): header and payload must parse; the claims say who issued the token, for what, until when.

A signature cannot be checked without the key, so a token is never proved, only refuted.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, Final

import orjson

from detectors.encodings import base64url, fact, instant, json_object, unbase64
from detectors.model import Proof, Verdict
from detectors.proofs import ProofSpec

_LONGEST: Final = 16_384
_CLAIMS: Final = ("iss", "aud", "role", "ref", "scope", "azp")
_TIMES: Final = {"iat": "issued_at", "exp": "expires_at"}


def _segments(secret: bytes) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Header and payload of a token of three segments (the signature may be empty); None when it is none."""
    parts = secret.split(b".", 3) if len(secret) <= _LONGEST else []
    if len(parts) != 3:
        return None
    header, payload = json_object(unbase64(parts[0])), json_object(unbase64(parts[1]))
    if header is None or payload is None or not isinstance(header.get("alg"), str):
        return None
    return header, payload


def _facts(header: Mapping[str, Any], payload: Mapping[str, Any]) -> dict[str, str]:
    """Claims that name no person. `sub` is told only where it is a Kubernetes service account."""
    facts = {"alg": fact(header["alg"])}
    facts |= {claim: fact(payload[claim]) for claim in _CLAIMS if claim in payload}
    for claim, name in _TIMES.items():
        if isinstance(payload.get(claim), int | float):
            facts[name] = instant(payload[claim])
    subject = payload.get("sub")
    if isinstance(subject, str) and subject.startswith("system:serviceaccount:"):
        facts["sub"] = fact(subject)
    return {name: text for name, text in facts.items() if text}


def _check(secret: bytes) -> Proof:
    parsed = _segments(secret)
    if parsed is None:
        return Proof(Verdict.REFUTED, "jwt")
    return Proof(Verdict.UNPROVABLE, "jwt", _facts(*parsed))


def _supabase_check(secret: bytes) -> Proof:
    """The service role bypasses row security; every other role is public by design."""
    parsed = _segments(secret)
    if parsed is None or parsed[1].get("role") != "service_role":
        return Proof(Verdict.REFUTED, "jwt-supabase")
    return Proof(Verdict.UNPROVABLE, "jwt-supabase", _facts(*parsed))


def _token(payload: Mapping[str, Any], rng: Random) -> bytes:
    parts = (orjson.dumps({"alg": "HS256", "typ": "JWT"}), orjson.dumps(payload), rng.randbytes(32))
    return b".".join(base64url(part) for part in parts)


def _make(_candidate: bytes, rng: Random) -> bytes:
    issued = rng.randrange(1_700_000_000, 1_790_000_000)
    return _token({"iss": "https://issuer.invalid", "iat": issued, "exp": issued + 3600}, rng)


def _supabase_make(_candidate: bytes, rng: Random) -> bytes:
    issued = rng.randrange(1_700_000_000, 1_790_000_000)
    reference = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=20))
    return _token(
        {
            "iss": "supabase",
            "ref": reference,
            "role": "service_role",
            "iat": issued,
            "exp": issued + 315_360_000,
        },
        rng,
    )


PROOFS: dict[str, ProofSpec] = {
    "jwt": ProofSpec(_check, _make),
    "jwt-supabase": ProofSpec(_supabase_check, _supabase_make),
}
