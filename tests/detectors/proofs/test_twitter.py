import base64
import random

import pytest

from detectors.model import Verdict
from detectors.proofs.twitter import PROOFS

# The sample access token of X's own OAuth 2.0 documentation, in two halves for push protection.
SAMPLE = b"bWRWa3gzdnk3WHRGU1o0bmRRcTJ5VUxWX1lZTDdJSUtmaWcxbTVxdEFXcW5t" + b"OjE2MjIxNDc3NDM5MTQ6MToxOmF0OjE"


def test_documented_sample_tells_when_it_was_issued() -> None:
    proof = PROOFS["twitter-oauth2"].check(SAMPLE)

    assert proof.verdict is Verdict.UNPROVABLE
    assert dict(proof.facts) == {"issued_at": "2021-05-27T20:35:43+00:00", "token_kind": "access"}


@pytest.mark.parametrize(
    ("tail", "kind"),
    [(b"MToxOmF0OjE", "access"), (b"MTowOnJ0OjE", "refresh"), (b"MToxOmFjOjE", "authorization code")],
)
def test_made_token_keeps_the_kind_of_the_rule(tail: bytes, kind: str) -> None:
    made = PROOFS["twitter-oauth2"].make(b"x" * 80 + tail, random.Random(1))

    assert len(made) == 91
    assert PROOFS["twitter-oauth2"].check(made).facts["token_kind"] == kind


@pytest.mark.parametrize(
    "text",
    [
        b"a" * 45 + b":9999999999999:1:1:at:1",  # the year 2286
        b"a" * 45 + b":0000000000001:1:1:at:1",
        b"a" * 45 + b":1700000000000:1:1:zz:1",
        b"a" * 45 + b":1700000000000:1:1:at",
        b"short:1700000000000:1:1:at:1",
    ],
)
def test_what_decodes_to_something_else_is_refuted(text: bytes) -> None:
    assert (
        PROOFS["twitter-oauth2"].check(base64.urlsafe_b64encode(text).rstrip(b"=")).verdict is Verdict.REFUTED
    )


def test_client_id_ends_in_its_kind() -> None:
    made = PROOFS["twitter-client-id"].make(b"", random.Random(1))

    assert made.endswith(b"6MTpjaQ")
    assert PROOFS["twitter-client-id"].check(made).verdict is Verdict.UNPROVABLE
    assert PROOFS["twitter-client-id"].check(made[:-1] + b"A").verdict is Verdict.REFUTED


@pytest.mark.parametrize("separator", [b"=", b"%3D"])
def test_bearer_tells_its_app_in_both_spellings(separator: bytes) -> None:
    head = base64.b64encode(bytes(16) + (4_567_890).to_bytes(8, "little") + b"k" * 20).rstrip(b"=")

    proof = PROOFS["twitter-bearer"].check(head + separator + b"z9" * 25)

    assert (proof.verdict, dict(proof.facts)) == (Verdict.UNPROVABLE, {"app_id": "4567890"})


def test_bearer_without_the_zero_bytes_is_refuted() -> None:
    head = base64.b64encode(bytes(15) + b"\1" + bytes(28))

    assert PROOFS["twitter-bearer"].check(head + b"z" * 50).verdict is Verdict.REFUTED


def test_made_bearer_keeps_the_spelling() -> None:
    made = PROOFS["twitter-bearer"].make(b"A" * 59 + b"%3D" + b"q" * 40, random.Random(3))

    assert b"%3D" in made
    assert PROOFS["twitter-bearer"].check(made).verdict is Verdict.UNPROVABLE
