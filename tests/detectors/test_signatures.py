from __future__ import annotations

import base64
import hashlib
import hmac
import random
from dataclasses import replace

import orjson
import pytest

from detectors.encodings import base64url
from detectors.model import Confidence, Finding, Verdict
from detectors.signatures import CHECK, proved
from detectors.synthetic import text_of
from shipped_rules import shipped_scanner


def token(key: bytes, alg: str = "HS256", digest: str = "sha256", sub: str = "1") -> bytes:
    parts = [
        base64url(orjson.dumps({"alg": alg, "typ": "JWT"})),
        base64url(orjson.dumps({"sub": sub, "iat": 1_760_000_000})),
    ]
    text = b".".join(parts)
    return text + b"." + base64url(hmac.digest(key, text, digest))


def drawn(seed: int) -> bytes:
    return text_of("[0-9A-Za-z]{40}", random.Random(seed))


def scanned(text: bytes) -> dict[str, Finding]:
    return {finding.rule.provider: finding for finding in shipped_scanner("jwt", "generic").scan(text)}


@pytest.mark.parametrize(("alg", "digest"), [("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")])
def test_a_token_and_its_secret_prove_each_other(alg: str, digest: str) -> None:
    secret = drawn(1)

    found = scanned(b'JWT_SECRET="%s"\nTOKEN="%s"\n' % (secret, token(secret, alg, digest)))

    assert {finding.proof.verdict for finding in found.values()} == {Verdict.PROVED}
    assert {finding.confidence for finding in found.values()} == {Confidence.HIGH}
    assert found["jwt"].proof.facts["signed_by"] == found["generic"].rule.id
    assert found["jwt"].proof.facts["alg"] == alg
    assert found["jwt"].proof.check == CHECK
    assert "JWT" in found["generic"].proof.facts["signs"]
    assert not any(
        secret.decode() in fact for finding in found.values() for fact in finding.proof.facts.values()
    )


@pytest.mark.parametrize("decode", [base64.b64decode, lambda text: bytes.fromhex(text.decode())])
def test_the_key_may_be_what_the_secret_says_decoded(decode) -> None:
    secret = text_of("[0-9a-f]{64}", random.Random(2))

    found = scanned(b'JWT_SECRET="%s"\nTOKEN="%s"\n' % (secret, token(decode(secret))))

    assert {finding.proof.verdict for finding in found.values()} == {Verdict.PROVED}


@pytest.mark.parametrize(
    "other",
    [
        token(drawn(4)),
        token(drawn(3), alg="RS256"),
        token(drawn(3), digest="sha512"),
        token(drawn(3))[:-4] + b"AAAA",
    ],
)
def test_another_key_or_another_algorithm_proves_nothing(other: bytes) -> None:
    found = scanned(b'JWT_SECRET="%s"\nTOKEN="%s"\n' % (drawn(3), other))

    assert {finding.proof.verdict for finding in found.values()} == {Verdict.UNPROVABLE}


def test_only_so_many_tokens_and_secrets_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    signed, secret = scanned(b'JWT_SECRET="%s"\nTOKEN="%s"\n' % (drawn(5), token(drawn(6)))).values()
    if not signed.secret.startswith(b"eyJ"):
        signed, secret = secret, signed
    calls = 0
    digest = hmac.digest

    def counted(*arguments):
        nonlocal calls
        calls += 1
        return digest(*arguments)

    many = [replace(signed, secret=token(drawn(6), sub=str(n))) for n in range(50)]
    many += [replace(secret, secret=hashlib.sha256(b"%d" % n).hexdigest().encode()) for n in range(500)]
    monkeypatch.setattr("detectors.signatures.hmac.digest", counted)

    assert proved(many) == tuple(many)
    assert 0 < calls <= 16 * 64 * 3


def test_texts_without_both_are_left_alone() -> None:
    assert proved([]) == ()
    (only,) = scanned(b'TOKEN="%s"\n' % token(drawn(7))).values()
    assert proved([only, only]) == (only, only)
    broken = replace(only, secret=b"eyJ.not-base64!.x")
    assert proved([broken, replace(only, secret=drawn(8))])[0] == broken
