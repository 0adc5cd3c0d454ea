"""JSON Web Tokens (RFC 7519): header and payload must parse; the claims say who issued the token, for what, until when.

A signature cannot be checked without the key, so a token is never proved, only refuted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random
from typing import Any, Final

import orjson

from detectors.encodings import base64url, fact, instant, json_object, unbase64
from detectors.model import Proof, Verdict
from detectors.proofs import ProofSpec

_LONGEST: Final = 16_384
_APP: Final = re.compile(rb"[0-9]{1,12}")
_ISSUER_LENGTH: Final = 300
_CLAIMS: Final = ("iss", "aud", "sub", "role", "ref", "scope", "azp", "tid")
_TIMES: Final = {"iat": "issued_at", "nbf": "not_before", "exp": "expires_at"}
# Whose token it is, by its issuer: the first expression that is found in it
_ISSUERS: Final = tuple(
    (service, re.compile(expression))
    for service, expression in (
        ("Supabase", r"^supabase(?:-demo)?$|\.supabase\.co/"),
        (
            "Kubernetes service account",
            r"^kubernetes/serviceaccount$|^https://kubernetes\.default\.svc|^https://oidc\.eks\.|container\.googleapis\.com/",
        ),
        (
            "Microsoft Entra ID",
            r"^https://(?:sts\.windows\.net|login\.microsoftonline\.(?:com|us|de)|login\.partner\.microsoftonline\.cn)/",
        ),
        ("Azure AD B2C", r"\.b2clogin\.com/"),
        ("Auth0", r"\.auth0\.com/?$"),
        ("Okta", r"\.okta(?:preview|-emea)?\.com(?:/|$)"),
        ("Salesforce", r"\.(?:salesforce|force)\.com(?:/|$)"),
        ("Firebase", r"^https://(?:securetoken|session\.firebase)\.google\.com/"),
        ("Google", r"^(?:https://)?accounts\.google\.com$|\.iam\.gserviceaccount\.com$"),
        ("Amazon Cognito", r"^https://cognito-(?:idp|identity)\."),
        ("GitHub Actions", r"^https://token\.actions\.githubusercontent\.com"),
        ("GitLab CI", r"^https://gitlab\.com$|^gitlab(?:-ci)?$"),
        ("Apple", r"^https://appleid\.apple\.com$"),
        ("Clerk", r"\.clerk\.(?:accounts\.dev|com)|^https://clerk\."),
        ("Keycloak", r"/(?:auth/)?realms/[\w.-]+$"),
    )
)


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
    """Claims that name no person: an e-mail address among them is masked. `service` is whose token it is."""
    facts = {"alg": fact(header["alg"]), "service": _service(payload)}
    facts |= {claim: fact(payload[claim]) for claim in _CLAIMS if claim in payload}
    for claim, name in _TIMES.items():
        if isinstance(payload.get(claim), int | float):
            facts[name] = instant(payload[claim])
    audience = payload.get("aud")
    if isinstance(audience, list):
        facts["aud"] = fact(" ".join(entry for entry in audience[:8] if isinstance(entry, str)))
    return {name: text for name, text in facts.items() if text}


def _service(payload: Mapping[str, Any]) -> str:
    issuer, subject = payload.get("iss"), payload.get("sub")
    if isinstance(subject, str) and subject.startswith("system:serviceaccount:"):
        return "Kubernetes service account"
    if isinstance(issuer, str):
        issuer = issuer[:_ISSUER_LENGTH]
        return next((service for service, shown in _ISSUERS if shown.search(issuer)), "")
    return ""


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


def _app_check(secret: bytes) -> Proof:
    """An installation token of a GitHub App: its id stands before the JWT. The format is young: nothing is refuted."""
    app, _, token = secret.removeprefix(b"ghs_").partition(b"_")
    parsed = _segments(token)
    facts = _facts(*parsed) if parsed else {}
    return Proof(
        Verdict.UNPROVABLE,
        "jwt-github-app",
        facts | ({"app_id": app.decode()} if _APP.fullmatch(app) else {}),
    )


def _app_make(_candidate: bytes, rng: Random) -> bytes:
    header = base64url(orjson.dumps({"alg": "RS256", "typ": "JWT", "kid": rng.randbytes(16).hex()}))
    _, _, rest = _make(b"", rng).partition(b".")
    return b"ghs_%d_%s.%s" % (rng.randrange(100_000, 9_999_999), header, rest)


PROOFS: dict[str, ProofSpec] = {
    "jwt-github-app": ProofSpec(_app_check, _app_make),
    "jwt": ProofSpec(_check, _make),
    "jwt-supabase": ProofSpec(_supabase_check, _supabase_make),
}
