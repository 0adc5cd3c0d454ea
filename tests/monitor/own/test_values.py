"""The normal form of an own secret, its hash, and what is not taken for one."""

from __future__ import annotations

import random
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.identity import KeyRing
from monitor.own import values
from owning import KEYS, secret

KEY = next(iter(KEYS.own_keys().values()))


@given(st.binary(max_size=200))
def test_every_value_has_a_normal_form_and_a_hash(value: bytes) -> None:
    assert len(values.digest(KEY, value)) == values.DIGEST_BYTES
    assert values.normal(b" " + value + b"\n") == values.normal(value)
    assert values.refusal("name", value) in ("", *values.REFUSALS)


@given(st.binary(min_size=24, max_size=90).filter(lambda raw: len(set(raw)) > 12))
def test_the_writings_of_one_secret_have_one_hash(raw: bytes) -> None:
    plain = b64encode(raw)
    one = values.digest(KEY, plain)
    for other in (
        urlsafe_b64encode(raw),
        plain.rstrip(b"="),
        quote(plain, safe="").encode(),
        plain + b"\r\n",
    ):
        assert values.digest(KEY, other) == one
    assert values.digest(KEY, raw.hex().encode()) == values.digest(KEY, raw.hex().upper().encode())
    assert values.digest(KEY, plain[:-5]) != one


def test_a_key_block_is_its_body_however_its_lines_end() -> None:
    body = [b64encode(random.Random(number).randbytes(48)) for number in range(4)]
    lines = [b"-----BEGIN EC PRIVATE KEY-----", *body, b"-----END EC PRIVATE KEY-----"]
    forms = (b"\n".join(lines), b"\r\n".join(lines), b"\\n".join(lines))
    assert len({values.digest(KEY, form) for form in forms}) == 1


def test_the_realm_is_its_own() -> None:
    value = secret(random.Random(1))
    ring = KeyRing.of(b"k" * 32)
    leak = next(iter(ring.leak("own-secret", value, bits=99.0).values()))
    assert values.digest(ring.own_keys()[ring.current_id], value).hex() not in leak
    assert set(ring.own_keys()) == set(ring.keys)
    assert not set(ring.own_keys().values()) & set(ring.keys.values())


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"kT9x!p", "short"),
        (b"x" * (values.LONGEST + 1), "long"),
        (b"Sommer2019!", "low_entropy"),
        (b"https://api.internal.example.com/v1/things", "not_secret"),
        (b"somebody@mail.example.com", "not_secret"),
        (b"db-7.internal.example.com:5432", "not_secret"),
        (b"/var/lib/service/data", "not_secret"),
        (b"YOUR_API_KEY_HERE", "placeholder"),
        (b"AKIAIOSFODNN7EXAMPLE", "public"),
    ],
)
def test_what_is_no_secret_is_refused_with_the_reason(value: bytes, reason: str) -> None:
    assert values.refusal("name", value) == reason


def test_what_its_own_name_says_is_none() -> None:
    value = secret(random.Random(2))
    assert values.refusal(f"key {value.decode()}", value) == "in_its_name"
    assert values.refusal("key", value) == ""


def test_random_secrets_are_taken() -> None:
    rng = random.Random(1)
    made = {
        "sixteen": [secret(rng, 16) for _ in range(1000)],
        "hexadecimal": [rng.randbytes(16).hex().encode() for _ in range(1000)],
        "address": [b"https://hooks.chat.test/T01/" + secret(rng, 24) for _ in range(1000)],
        "twelve": [secret(rng, 12) for _ in range(1000)],
    }
    taken = {name: sum(not values.refusal("name", one) for one in some) for name, some in made.items()}
    assert taken["hexadecimal"] == 1000
    assert taken["address"] >= 990  # slashes may make a path of it
    assert taken["sixteen"] >= 995  # one in a thousand reads like words
    assert taken["twelve"] >= 900


@pytest.mark.parametrize(
    "word", [b"Password123!", b"qwertyuiop123456", b"correcthorsebattery", b"hunter2hunter2"]
)
def test_what_people_think_of_is_not(word: bytes) -> None:
    assert values.refusal("name", word) in ("low_entropy", "placeholder")
