"""The contract of every proof, on bytes that nobody chose."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.model import Proof, Verdict
from detectors.proofs import proofs

SHAPES = st.one_of(
    st.binary(max_size=400),
    st.text(alphabet="ABCDEFabcdef0123456789+/=._-:%", max_size=400).map(str.encode),
)


@pytest.mark.parametrize("name", sorted(proofs()))
@given(text=SHAPES, seed=st.integers(0, 1000))
@settings(max_examples=40)
def test_no_bytes_make_a_check_raise_or_tell_the_secret(name: str, text: bytes, seed: int) -> None:
    made = b"" if not text else text[: seed % len(text)] + b"\n" + text

    for value in (text, made):
        proof = proofs()[name].check(value)
        assert isinstance(proof, Proof)
        assert proof.check == name
        for key, fact in proof.facts.items():
            assert key
            assert fact.isprintable()
            assert len(fact) <= 200
            assert len(text) < 12 or fact.encode() != value


@pytest.mark.parametrize("name", sorted(proofs()))
def test_a_made_value_survives_damage_without_an_exception(name: str) -> None:
    """Cut, doubled, and with each kind of odd byte in it: the ways a value comes out of a document."""
    rng = random.Random(3)
    made = proofs()[name].make(b"-----BEGIN RSA PRIVATE KEY-----", rng)

    for value in (
        made[:-1],
        made[1:],
        made * 2,
        made + b"\0",
        b"\xff" + made,
        made.replace(b"a", b"\xc3\xa9"),
    ):
        assert proofs()[name].check(value).verdict in Verdict
