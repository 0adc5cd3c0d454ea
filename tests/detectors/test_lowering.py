from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from detectors.lowering import class_text, emit, longest, trim
from detectors.syntax import parse


@given(st.frozensets(st.integers(0, 255), min_size=1))
def test_a_class_text_means_exactly_its_bytes(members: frozenset[int]) -> None:
    pattern = re.compile(class_text(members).encode("latin-1"))

    assert {byte for byte in range(256) if pattern.fullmatch(bytes((byte,)))} == members


def test_trimming_cuts_to_the_least_at_the_very_end_only() -> None:
    assert emit(trim(list(parse("a{1,3}b{2,5}")))) == "a{1,3}b{2}"
    assert emit(trim(list(parse("a(?:b(?:c{1,3})?){2,4}")))) == "a(?:b(?:c{1,3})?){2}"
    assert emit(trim(list(parse("a(?:bc{0,3}|d{2,4})")))) == "a(?:b|d{2})"


def test_the_longest_match_of_what_is_left() -> None:
    assert longest(trim(list(parse("a{1,3}(?:bc|d){2,5}")))) == 7
