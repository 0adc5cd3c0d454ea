"""Well-known values are put together here from halves, so that nobody takes the file for a leak."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.known import VALUES, __main__, digest, forms, reason_of, values
from detectors.known.patterns import matched

CARD = "4111" * 1 + "1" * 12
EMULATOR = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6" + "IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
STRIPE = "sk_test_" + "4eC39HqLyjWDarj" + "tT1zdp7dc"
PHRASE = "test " * 11 + "junk"


@pytest.mark.parametrize("value", [CARD, EMULATOR, EMULATOR.rstrip("="), STRIPE, PHRASE, "078-05-" + "1120"])
def test_what_everybody_has_is_known_with_a_reason(value: str) -> None:
    assert reason_of(value.encode())


def test_the_other_ways_to_write_it_are_known_too() -> None:
    assert reason_of(b" ".join((b"4242",) * 4))
    assert reason_of(EMULATOR.replace("/", "%2F").replace("=", "%3D").encode())
    assert reason_of(base64.b64encode(STRIPE.encode()))
    assert reason_of(base64.b64encode(f"user:{STRIPE}".encode()))
    assert reason_of(PHRASE.title().replace(" ", "\n").encode())


def test_a_known_user_beside_a_password_of_somebody_is_no_known_login() -> None:
    assert not reason_of(base64.b64encode(f"{STRIPE}:kX3vB9nQ2mZ7tR5w".encode()))


def test_others_are_not() -> None:
    for value in (b"", b"kX3vB9nQ2mZ7tR5w", STRIPE[:-1].encode(), CARD.replace("1", "7").encode()):
        assert reason_of(value) == ""


def test_the_file_holds_digests_and_reasons_only() -> None:
    assert all(re.fullmatch(r"[0-9a-f]{32}", text) for text in values())
    assert all(len(reason.split()) > 2 for reason in values().values())
    assert STRIPE not in VALUES.read_text()
    assert len(values()) > 300


@given(st.binary(max_size=300))
def test_any_bytes_have_forms_and_no_exception(value: bytes) -> None:
    assert reason_of(value) == reason_of(value)
    assert all(isinstance(form, bytes) for form in forms(value))


def test_the_command_prints_digests(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Stdin:
        buffer = io.BytesIO(b"abc=\n\nabc=\n")

    monkeypatch.setattr(sys, "stdin", Stdin)
    __main__.main()

    assert capsys.readouterr().out.split() == [
        f'"{text}",' for text in sorted((digest(b"abc"), digest(b"abc=")))
    ]


def test_shapes_that_no_list_can_hold() -> None:
    def jwt(payload: bytes) -> bytes:
        return b".".join(
            base64.urlsafe_b64encode(part).rstrip(b"=") for part in (b'{"alg":"HS256"}', payload, b"s" * 32)
        )

    assert "documentation" in matched(b"AKIAQZ7RTM4WEXAMPLE")
    assert "LocalStack" in matched(b"LKIA" + b"QAAAAAAAB4XYZW12"[:16])
    assert "jwt.io" in matched(jwt(b'{"sub":"1234567890","name":"John Doe","iat":1516239022}'))
    assert "Supabase" in matched(jwt(b'{"role":"anon","iss":"supabase-demo"}'))
    assert matched(jwt(b'{"iss":"supabase"}')) == ""
    assert matched(b"AKIAQZ7RTM4WABCDEFGH") == ""
    assert matched(b"ey.." + b"\xff") == ""


def test_the_hash_of_a_common_password_is_known_in_either_case() -> None:
    for name in ("md5", "sha1", "sha256"):
        text = hashlib.new(name, b"password").hexdigest()
        assert all(map(reason_of, (text.encode(), text.upper().encode(), f"0x{text.upper()}".encode())))
    assert not reason_of(hashlib.md5(b"kX3vB9nQ2mZ7tR5w").hexdigest().encode())
