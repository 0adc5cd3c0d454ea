from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.lowering import class_text, emit, longest, restless, trim
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


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("ab[a-z.]{9,99}[a-z]", True),
        ("ab(?:[a-z.]{9,99})(?P<secret>[a-z](?!x))", True),
        ("ab[a-z.]{9,99}", False),  # trimmed
        ("ab[a-z.]{9,99}(?<!\\.)", False),
        ("ab[a-z]{9}[a-z]", False),
        ("ab[a-z]{1,9}[0-9]", False),
        ("ab[a-z]{1,9}[qz]", False),  # as good as fixed text
    ],
)
def test_an_end_that_trimming_does_not_reach(expression: str, expected: bool) -> None:
    assert restless(trim(list(parse(expression)))) is expected
