from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.known.patterns import matched


def jwt(claims: Any) -> bytes:
    parts = ({"alg": "HS256"}, claims, {"no": "signature"})
    return b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)


@pytest.mark.parametrize(
    "value",
    [
        b"AKIA" + b"IOSFODNN7" + b"EXAMPLE",
        b"wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + b"EXAMPLEKEY",
        b"LKIA" + b"Q" * 16,
        b"LSIA" + b"7" * 16,
        b"4111" + b"1" * 12,
        b"4242" * 4,
        jwt({"iss": "supabase-demo", "role": "anon"}),
        jwt({"sub": "1234567890", "name": "John Doe", "iat": 1516239022}),
    ],
)
def test_a_shape_has_a_reason(value: bytes) -> None:
    assert len(matched(value).split()) > 2


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"EXAMPLE",
        b"AKIAQ7W2E5R8T1Y4U6I9",
        b"my EXAMPLE of a sentence",
        b"LKIA" + b"q" * 16,
        b"4111" + b"1" * 13,
        jwt({"iss": "supabase", "role": "anon"}),
        jwt({"iss": ["supabase-demo"]}),
        jwt({"sub": "1234567890", "name": "Jane Roe"}),
        jwt([1, 2]),
        b"eyJhbGciOiJIUzI1NiJ9.only-two",
    ],
)
def test_others_have_none(value: bytes) -> None:
    assert matched(value) == ""


@given(st.binary(max_size=60), st.sampled_from([b"", b"ey", b"eyJ.", b"eyJ9.eyJ9."]))
def test_any_bytes_raise_nothing(value: bytes, head: bytes) -> None:
    assert isinstance(matched(head + value), str)
