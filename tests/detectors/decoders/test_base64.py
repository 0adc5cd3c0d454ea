from __future__ import annotations

import base64
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_rules import ruleset, scanner, scanner_with
from detectors.decoders.base64 import forms
from detectors.stats import Budget
from detectors.synthetic import secret_for

TOKEN = secret_for(ruleset()["acme-token"], Random(5))


@given(st.binary(max_size=9), st.binary(min_size=6, max_size=10), st.binary(max_size=9))
@settings(max_examples=200)
def test_a_form_stands_wherever_its_word_does(before: bytes, word: bytes, after: bytes) -> None:
    text = base64.b64encode(before + word + after).decode()

    assert any(form in text for form in forms(word))


@pytest.mark.parametrize(
    "encode", [base64.b64encode, base64.urlsafe_b64encode, lambda b: base64.b64encode(b).rstrip(b"=")]
)
@pytest.mark.parametrize("lead", [b"", b"a", b"ab", b"\xfb\xff\xfe"])
def test_a_token_is_found_at_every_alignment_and_its_span_is_the_run(encode, lead: bytes) -> None:
    run = encode(lead + b"key=" + TOKEN + b";")
    text = b'data: "' + run + b'"\n'

    (finding,) = scanner().scan(text)

    assert (finding.secret, finding.decoded) == (TOKEN, ("base64",))
    assert text[finding.start : finding.end] == run


def test_letters_glued_to_the_run_do_not_hide_it() -> None:
    for glue in (b"x", b"xy", b"path/xyz"):
        (finding,) = scanner().scan(b"k " + glue + base64.b64encode(b"k=" + TOKEN + b";"))
        assert finding.secret == TOKEN


def test_a_set_inside_a_run_is_a_set() -> None:
    text = b'acme_id = "%s"\nacme_key = "%s"\n' % tuple(
        secret_for(ruleset()[i], Random(1)) for i in ("acme-id", "acme-key")
    )
    run = base64.b64encode(text + b"secret")

    (finding,) = scanner().scan(b"x " + run)

    assert finding.set_id == "acme-pair"
    assert {(p.start, p.end) for p in finding.parts} == {(2, 2 + len(run))}


def test_encodings_within_encodings_up_to_the_depth() -> None:
    text = b"key=" + TOKEN
    for _ in range(2):
        text = base64.b64encode(b"secret " + text)

    (finding,) = scanner().scan(text)

    assert finding.decoded == ("base64", "base64")
    assert scanner_with(budget=Budget(depth=1)).scan(text) == ()


def test_what_the_budget_leaves_out_is_counted() -> None:
    scan = scanner_with(budget=Budget(decoded_runs=1))

    found = scan.scan(b" ".join(base64.b64encode(b"key=" + TOKEN + b"%d" % n) for n in range(3)))

    assert len(found) == 1 or found == ()
    assert scan.last.dropped["decode_budget"] > 0


@given(
    st.lists(
        st.sampled_from([b"YWNtZV8", b"c2VjcmV0", b"A" * 22 + b"==", b"=", b" ", b"/x", b"-_"]), max_size=8
    ).map(b"".join)
)
@settings(max_examples=150)
def test_any_run_is_taken_without_an_error(text: bytes) -> None:
    scanner().scan(text)
