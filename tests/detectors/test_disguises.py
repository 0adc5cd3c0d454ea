"""Dummies that are written otherwise."""

from __future__ import annotations

import base64
import string
from random import Random

import pytest

from detectors.disguises import encoded, from_a_test, in_leet, in_turns, mashed
from detectors.dummies import dummy
from detectors.model import Kind, Rule, Severity

GENERIC = Rule("g", "generic", "g", Kind.CONTEXT, Severity.LOW, "g", "[!-~]{6,120}")
HASH = Rule(
    "h", "password-hash", "h", Kind.TOKEN, Severity.LOW, "h", r"\$6\$[./0-9A-Za-z]{4,16}\$[./0-9A-Za-z]{86}"
)


@pytest.mark.parametrize(
    "text",
    [
        b"my_password",
        b"TestSecret1",
        b"Password123!",
        b"super-secret-key",
        b"you're not supposed to see this!",
    ],
)
def test_a_dummy_in_another_spelling_is_one(text: bytes) -> None:
    spelled = [
        base64.b64encode(text),
        base64.b64encode(text).rstrip(b"="),
        base64.b32encode(text),
        text.hex().encode(),
    ]
    spelled.append(base64.b64encode(text + b"\n"))
    assert [dummy(GENERIC, value) for value in spelled] == ["placeholder"] * len(spelled)


def test_a_password_or_random_bytes_in_base64_are_none() -> None:
    rng = Random(1)
    assert dummy(GENERIC, base64.b64encode(b"kX3vB9nQ2mZ7-w")) == ""
    assert dummy(GENERIC, base64.b64encode(b"Berlin-2019-x!")) == ""
    values = [base64.b64encode(rng.randbytes(n)) for n in range(9, 49) for _ in range(50)]
    values += [rng.randbytes(n).hex().encode() for n in range(8, 33) for _ in range(50)]
    assert [value for value in values if encoded(value, lambda _: True)] == []


def test_text_that_is_not_ascii_or_no_base64_is_none() -> None:
    assert not encoded("Ünïcode-password".encode(), lambda _: True)
    assert not encoded(b"A" * 13, lambda _: True)


@pytest.mark.parametrize(
    "beginning",
    [b"$6$12345678$", b"$5$rounds=10000$12345678$", b"$6$goodsalt$", b"$1$abcdefgh$", b"$2b$12$123456789012345678901u", b"$2y$12$abcdefghijklmnopqrstuu"],
)  # fmt: skip
def test_a_hash_with_a_salt_that_somebody_typed_is_of_a_test(beginning: bytes) -> None:
    simple = {b"goodsalt", b"12345678", b"abcdefgh", b"123456789012345678901", b"abcdefghijklmnopqrstu"}
    assert from_a_test(beginning + b"x" * 31, simple.__contains__)


def test_the_salt_decides_whether_a_hash_is_a_dummy() -> None:
    rng = Random(2)
    rest = "".join(rng.choices(string.ascii_letters + string.digits + "./", k=86))
    assert dummy(HASH, f"$6$12345678${rest}".encode()) == "placeholder"
    salts = ["".join(rng.choices(string.ascii_letters + string.digits, k=8)) for _ in range(500)]
    assert [salt for salt in salts if dummy(HASH, f"$6${salt}${rest}".encode())] == []


@pytest.mark.parametrize(
    "value", [b"asdfhlkasdjfklsdfj", b"saldhsalhdljsah", b"asldkgfaklsdfjsjaslfjaklsdjf"]
)
def test_keys_hit_at_random_are_a_dummy(value: bytes) -> None:
    assert dummy(GENERIC, value) == "placeholder"


@pytest.mark.parametrize("value", [b"flaskgas", b"asdf", b"asdfgh7kljh", b"kdmqwxzpfhbt"])
def test_words_and_random_letters_are_none(value: bytes) -> None:
    assert not mashed(value)


@pytest.mark.parametrize(
    "value",
    [
        "P@ssw0rd",
        "s3cr3t",
        "Sup3rS3cr3tP@ssw0rd",
        "hunter2",
        "deadbeefcafebabe",
        "facefeed",
        "pa55word",
    ],
)
def test_words_with_digits_for_letters_are_a_dummy_for_every_rule(value: str) -> None:
    assert dummy(GENERIC, value.encode()) == "placeholder"


@pytest.mark.parametrize("value", ["P@ssw0rd2019", "hunter2x", "deadbeef4a", "Dr4g0n!", "b3rl1n"])
def test_with_more_than_that_it_is_somebodys(value: str) -> None:
    assert dummy(GENERIC, value.encode()) == ""


def test_letters_and_digits_in_turn_are_a_sequence_where_both_are() -> None:
    assert dummy(GENERIC, b"a1b2c3d4e5f6") == "sequence"
    assert dummy(GENERIC, b"A1B2C3D4") == "sequence"
    assert dummy(GENERIC, b"k1x2c9d4e5f7") == ""
    assert not in_turns(b"a1b2c3d", lambda _: True)
    assert not in_leet(b"berlin2019", lambda _: True)
