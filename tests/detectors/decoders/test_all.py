"""What holds for every decoder: it raises nothing on any bytes, its run lies within the document, its places within its run."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_rules import ruleset, scanner, scanner_with
from detectors.decoders import Decoder, Trigger, decoders
from detectors.stats import Budget
from detectors.synthetic import secret_for

PIECES = [
    b"%3D", b"%25", b"%", b"&quot;", b"&#61;", b"&#x3d;", b"&#99999999;", b"&", b"\\u003d", b"\\u{3d}", b"\\ud800", b"\\x41" * 4, b"\\", b"=3D",
    b"=\n", b"uoted-printable", b'\\\\\\"', b":\\/\\/", b'abcd" + "efgh', b"abcd'\n   'efgh", b"kind: Secret\ndata:\n  a: ", b"QUJDRA==",
    b"70617373776f7264", b"0x41, " * 16, b"p\0a\0s\0s\0", b"UEFTU1dPUkQ=", b"acme_", b"\n", b" ", b"\r\n", b"key = ", b"A" * 40 + b"\n",
]  # fmt: skip
hostile = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=4)), max_size=14).map(b"".join)


def triggers_of(decoder: Decoder) -> tuple[Trigger, ...]:
    return decoder.triggers(ruleset())


@pytest.mark.parametrize("decoder", decoders(), ids=lambda decoder: decoder.name)
@given(text=hostile, data=st.data())
@settings(max_examples=150)
def test_a_run_lies_within_its_bounds_and_so_do_its_places(decoder: Decoder, text: bytes, data: Any) -> None:
    trigger = data.draw(st.sampled_from(triggers_of(decoder)))
    low = data.draw(st.integers(0, len(text)))
    hit = data.draw(st.integers(min(len(text), low + 2 * len(trigger.plain)), len(text)))

    run = decoder.take(text, low, len(text), hit, trigger)

    if run is None:
        return
    assert low <= run.start <= run.end <= len(text)
    if run.data:
        start = data.draw(st.integers(0, len(run.data) - 1))
        end = data.draw(st.integers(start + 1, len(run.data)))
        begin, stop = run.span(start, end)
        assert run.start <= begin < stop <= run.end


@given(hostile)
@settings(max_examples=200)
def test_any_text_is_scanned_and_every_finding_stands_in_it(text: bytes) -> None:
    document = text + b" acme_" + b"Q7" * 15 + b" " + text
    for finding in scanner().scan(document):
        assert 0 <= finding.start < finding.end <= len(document)


@pytest.mark.parametrize(
    ("before", "behind"),
    [(b"a%3Db key%3D", b"%3Bx"), (b"&quot;k=&quot;", b"&quot;"), (b'{\\\\\\"k\\\\\\": \\\\\\"', b'\\\\\\"'), (b"k\\u003d", b"\\u0026x")],
)  # fmt: skip
def test_a_value_of_a_rewritten_text_stands_where_it_did(before: bytes, behind: bytes) -> None:
    token = secret_for(ruleset()["acme-token"], random.Random(3))

    (finding,) = scanner().scan(before + token + behind)

    assert (finding.start, finding.end) == (len(before), len(before) + len(token))


def test_the_budget_holds_for_all_levels_together() -> None:
    """Each escape form opens the text of the others again: without a common budget each level would multiply the work."""
    text = b'a%3Da =&quot;b\\u003d token=3D"c' * 400
    scan = scanner_with(budget=Budget(decoded_runs=20))

    scan.scan(text)

    assert scan.last.dropped["decode_budget"] > 0


def test_only_modules_of_encodings_and_what_they_share() -> None:
    assert len({decoder.name for decoder in decoders()}) == len(decoders())
