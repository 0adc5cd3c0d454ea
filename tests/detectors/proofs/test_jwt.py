import random

import orjson
import pytest

from detectors.encodings import base64url
from detectors.model import Verdict
from detectors.proofs.jwt import PROOFS


def token(payload: object, header: object = None) -> bytes:
    parts = (orjson.dumps(header or {"alg": "RS256"}), orjson.dumps(payload), b"signature")
    return b".".join(base64url(part) for part in parts)


def test_claims_that_name_no_person_are_told() -> None:
    facts = (
        PROOFS["jwt"]
        .check(
            token(
                {
                    "iss": "https://issuer.invalid",
                    "aud": "api",
                    "sub": "someone@mail.invalid",
                    "iat": 0,
                    "exp": 86400,
                }
            )
        )
        .facts
    )

    assert dict(facts) == {
        "alg": "RS256",
        "iss": "https://issuer.invalid",
        "aud": "api",
        "sub": "so***@mail.invalid",
        "issued_at": "1970-01-01T00:00:00+00:00",
        "expires_at": "1970-01-02T00:00:00+00:00",
    }


def test_a_kubernetes_service_account_is_told() -> None:
    assert PROOFS["jwt"].check(token({"sub": "system:serviceaccount:ns:bot"})).facts["sub"].endswith("ns:bot")


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"a.b.c",
        token([1]),
        token({"iss": 1}, {"typ": "JWT"}),
        token({}, {"alg": 5}),
        token({}) + b".x",
        token({})[:20],
        b"." * 20_000,
    ],
)
def test_what_does_not_parse_is_refuted(value: bytes) -> None:
    assert PROOFS["jwt"].check(value).verdict is Verdict.REFUTED


@pytest.mark.parametrize("exp", [1e308, -1e308, True, "soon", None])
def test_a_senseless_time_is_left_out(exp: object) -> None:
    proof = PROOFS["jwt"].check(token({"exp": exp}))

    assert proof.verdict is Verdict.UNPROVABLE
    assert "expires_at" not in proof.facts or exp is True


def test_only_the_service_role_of_supabase_is_a_secret() -> None:
    made = PROOFS["jwt-supabase"].make(b"", random.Random(1))

    assert PROOFS["jwt-supabase"].check(made).facts["role"] == "service_role"
    assert PROOFS["jwt-supabase"].check(token({"iss": "supabase", "role": "anon"})).verdict is Verdict.REFUTED


def test_made_token_parses() -> None:
    assert PROOFS["jwt"].check(PROOFS["jwt"].make(b"", random.Random(1))).verdict is Verdict.UNPROVABLE
