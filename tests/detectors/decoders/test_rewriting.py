from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.decoders.base import RUN_CAP
from detectors.decoders.rewriting import Rewriter, character

REWRITER = Rewriter("angles", re.compile(rb"<([a-z]{0,5})>"), lambda found: found[1].upper())
PIECES = st.lists(
    st.sampled_from([b"<a>", b"<abc>", b"<>", b"x", b"yz", b"\n", b" "]), min_size=1, max_size=30
)


def test_the_run_is_the_lines_in_which_the_escapes_stand() -> None:
    text = b"first\nname <a> and\nso <b> on\nlast"
    hit = text.index(b"<a>") + 3

    run = REWRITER.around(text, 0, len(text), hit, 3)

    assert run is not None
    assert text[run.start : run.end] == b"name <a> and\nso <b> on"
    assert run.data == b"name A and\nso B on"


def test_escapes_far_from_each_other_are_no_run_of_each_other() -> None:
    text = b"<a>" + b"x\n" * 200 + b"<b>"

    run = REWRITER.around(text, 0, len(text), 3, 3)

    assert run is not None
    assert b"B" not in run.data


def test_of_a_long_line_only_what_is_near() -> None:
    text = b"x" * 5000 + b"<a>" + b"y" * 5000

    run = REWRITER.around(text, 0, len(text), 5003, 3)

    assert run is not None
    assert len(run.data) < 1000
    assert b"xAy" in run.data


def test_bounds_are_kept_on_both_sides_and_a_hit_without_an_escape_is_none() -> None:
    text = b"<a><b><c>"

    run = REWRITER.around(text, 3, 6, 6, 3)

    assert run is not None
    assert (run.start, run.end, run.data) == (3, 6, b"B")
    assert REWRITER.around(b"no escape", 0, 9, 9, 5) is None


def test_no_more_than_the_cap_is_read() -> None:
    text = b"<a>" * RUN_CAP

    run = REWRITER.around(text, 0, len(text), 3, 3)

    assert run is not None
    assert len(run.data) <= RUN_CAP


@given(PIECES, st.data())
def test_a_copied_byte_stands_where_it_did_and_an_escaped_one_where_its_escape_does(
    pieces: list[bytes], data: st.DataObject
) -> None:
    text = b"".join(pieces)
    run = REWRITER.run(text, 100)
    if not run.data:
        return
    at = data.draw(st.integers(0, len(run.data) - 1))

    start, end = run.span(at, at + 1)

    source, byte = text[start - 100 : end - 100], run.data[at : at + 1]
    assert source == byte or (source.startswith(b"<") and byte in source.upper())


@given(PIECES)
def test_the_places_are_in_order(pieces: list[bytes]) -> None:
    run = REWRITER.run(b"".join(pieces), 7)
    assert run.places is not None
    places = run.places()

    for row in (places.decoded, places.source):
        assert all(one <= other for one, other in pairwise(row))
    assert (places.decoded[-1], places.source[-1]) == (len(run.data), run.end)


@pytest.mark.parametrize(
    ("code", "text"), [(0x41, b"A"), (0xFC, b"\xc3\xbc"), (0xD800, b"?"), (0x110000, b"")]
)
def test_a_code_point_is_utf_8_and_what_is_none_raises_nothing(code: int, text: bytes) -> None:
    assert character(code) == text
