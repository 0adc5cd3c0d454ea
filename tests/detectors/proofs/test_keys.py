import random

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from detectors.model import Verdict
from detectors.proofs.keys import PROOFS

check, make = PROOFS["private-key"].check, PROOFS["private-key"].make
BEGIN = b"-----BEGIN "
LABELS = (b"RSA PRIVATE KEY", b"EC PRIVATE KEY", b"PRIVATE KEY", b"OPENSSH PRIVATE KEY")


@pytest.fixture(scope="module", params=LABELS, ids=lambda label: label.decode().split()[0])
def key(request: pytest.FixtureRequest) -> bytes:
    return make(BEGIN + request.param, random.Random(1))


def test_made_key_is_proved(key: bytes) -> None:
    assert check(key).verdict is Verdict.PROVED


@pytest.mark.parametrize(
    "spelling",
    [
        lambda text: text.replace(b"\n", b"\\n"),
        lambda text: text.replace(b"\n", b"\\\\n"),
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: b"\n".join(b"    " + line for line in text.split(b"\n")),
        lambda text: b'\\n" +\n  "'.join(text.split(b"\n")),
        lambda text: b"\n".join(b"+" + line for line in text.split(b"\n")),
    ],
)
def test_a_key_inside_code_is_still_proved(key: bytes, spelling) -> None:
    assert check(spelling(key)).verdict is Verdict.PROVED


def test_a_changed_character_is_refuted_where_the_numbers_must_agree() -> None:
    key = make(BEGIN + b"RSA PRIVATE KEY", random.Random(1))
    lines = key.split(b"\n")
    lines[3] = lines[3][:10] + (b"A" if lines[3][10:11] != b"A" else b"B") + lines[3][11:]

    assert check(b"\n".join(lines)).verdict is Verdict.REFUTED


def test_broken_base64_is_refuted_but_not_what_we_cannot_read() -> None:
    body = b"A" * 61

    assert (
        check(BEGIN + b"PRIVATE KEY-----\n" + body + b"\n-----END PRIVATE KEY-----").verdict
        is Verdict.REFUTED
    )
    assert (
        check(BEGIN + b"PRIVATE KEY-----<br>" + body + b"<br>-----END PRIVATE KEY-----").verdict
        is Verdict.UNPROVABLE
    )


def test_encrypted_keys_say_so() -> None:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"pw"),
    )
    old = BEGIN + b"RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----"

    for text in (locked, old):
        assert (check(text).verdict, dict(check(text).facts)) == (Verdict.UNPROVABLE, {"encrypted": "yes"})


def test_openssh_check_numbers_must_agree() -> None:
    key = make(BEGIN + b"OPENSSH PRIVATE KEY", random.Random(1))
    lines = key.split(b"\n")
    lines[1] = b"QQQQ" + lines[1][4:]

    assert check(b"\n".join(lines)).verdict is Verdict.REFUTED


def test_a_cut_key_says_nothing() -> None:
    assert check(make(BEGIN + b"PRIVATE KEY", random.Random(1))[:150]).verdict is Verdict.UNPROVABLE


@pytest.mark.parametrize("filler", [BEGIN + b"PRIVATE KEY-----", b'"+ ', b"A", b"\n+", b"a:", b"\\n"])
def test_hostile_text_is_never_proved(filler: bytes) -> None:
    text = BEGIN + b"PRIVATE KEY-----" + filler * (19_000 // len(filler)) + b"-----END PRIVATE KEY-----"

    assert check(text).verdict is not Verdict.PROVED
    assert check(text * 2).verdict is Verdict.UNPROVABLE
