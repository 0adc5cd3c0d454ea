from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.starts import at_every_place, at_starts, starts

EXPRESSIONS = (
    r"(?<![Pp]ublic_)(?:(?i:key)|(?<![A-Za-z])(?i:auth)|tokens?)[ =]{1,3}(?P<secret>[0-9a-z]{2,9})",
    r"(?:tok|token|okey)=[a-z]{1,4}",
    r"(?<![a-z])(?:a[bc]{2}d|ABC?D)e{1,3}f?",
    r"(?i:l(?:o|\xc3\xb6)senord|pass(?!ed)(?:word)?):[0-9]{1,3}",
    r"(?:kkk[0-9]){1,2}=\S{1,3}",
)
PIECES = ("public_", "key", "KEY", "auth", "Tokens", "token", "okey", "=", " ", "abcde", "ABDe", "lÖsenord", "lösenord", "pass", "PASSword", "ed", ":", "12", "kkk1", "tok", "f", "é")  # fmt: skip


@given(st.sampled_from(EXPRESSIONS), st.lists(st.sampled_from(PIECES), max_size=14), st.integers(0, 9))
def test_the_matches_are_those_of_a_search_from_every_place(
    expression: str, pieces: list[str], at: int
) -> None:
    text = "".join(pieces).encode()
    compiled = re.compile(expression.encode("latin-1"))
    places = starts(expression)
    assert places

    found = [match.span() for match in at_starts(places, compiled, text, at)]

    each = (compiled.match(text, begin) for begin in range(min(at, len(text)), len(text) + 1))
    assert found == [match.span() for match in each if match]
    assert found == [match.span() for match in at_every_place(compiled, text, at)]


@pytest.mark.parametrize(
    "expression", ["[0-9a-z]{20}", "a[0-9]{9}", "(?:key)?=[a-z]{3}", "x{0,3}key=1", r"\bke?y?[a-z]{9}"]
)
def test_what_may_begin_nearly_everywhere_has_no_starts(expression: str) -> None:
    assert starts(expression) is None


def test_a_beginning_of_many_forms_is_cut_before_they_are_too_many() -> None:
    places = starts("word" + "[ab][cd][ef][gh][ij][kl][mn][op]")

    assert places
    assert [place.start() for place in places.finditer(b"a word wordacegikmo")] == [7]
