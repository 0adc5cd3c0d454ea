import base64
import hashlib
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
        assert (check(text).verdict, check(text).facts["encrypted"]) == (Verdict.UNPROVABLE, "yes")
    assert check(locked).facts["kdf"] == "PBKDF2"


def test_the_cipher_of_an_old_block_is_told() -> None:
    head = b"-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00AA\n\nAAAA\n-----END RSA PRIVATE KEY-----"

    assert check(BEGIN + b"RSA PRIVATE KEY" + head).facts["cipher"] == "AES-128-CBC"


def test_a_key_says_what_it_is_by_its_public_half(key: bytes) -> None:
    loaded = serialization.load_pem_private_key(key, None) if b"OPENSSH" not in key else None
    facts = check(key).facts

    assert facts["encrypted"] == "no"
    assert facts["fingerprint"].startswith("SHA256:")
    assert len(facts["fingerprint"]) == 50
    if loaded is not None:
        blob = loaded.public_key().public_bytes(
            serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        )
        digest = hashlib.sha256(base64.b64decode(blob.split()[1])).digest()
        assert facts["fingerprint"] == "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
    if b"RSA PRIVATE" in key:
        assert (facts["algorithm"], facts["bits"], facts["weak"]) == ("RSA", "1024", "below 2048 bits")


def field(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def test_the_same_key_has_one_fingerprint_in_both_forms_and_when_locked() -> None:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    plain, ssh = (
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        for form in (serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.OpenSSH)
    )
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    public = field(b"ssh-ed25519") + field(raw)
    blob = b"openssh-key-v1\0" + field(b"aes256-ctr") + field(b"bcrypt") + field(b"salt") + b"\0\0\0\1"
    body = base64.b64encode(blob + field(public) + field(b"\7" * 64))
    name = b"OPENSSH PRIVATE KEY-----"
    locked = BEGIN + name + b"\n" + body + b"\n-----END " + name

    assert len({check(text).facts["fingerprint"] for text in (plain, ssh, locked)}) == 1
    facts = check(locked).facts
    assert (facts["cipher"], facts["kdf"], facts["encrypted"]) == ("aes256-ctr", "bcrypt", "yes")


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
