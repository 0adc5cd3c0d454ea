from __future__ import annotations

import re
from random import Random

import hyperscan
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.errors import RuleError
from detectors.expressions import facts, groups, prefix
from detectors.synthetic import text_of


@pytest.mark.parametrize(
    ("expression", "lowered", "minimum", "maximum"),
    [
        ("ghp_[0-9A-Za-z]{36}", "ghp_[0-9A-Za-z]{36}", 40, 40),
        (r"sk-[\w-]{20,50}", r"sk\x2d[\x2d0-9A-Z_a-z]{20}", 23, 53),
        ("ab[a-f]{4,9}={0,2}", "ab[a-f]{4}", 6, 13),
        (r"ab[a-f]{4,9}\b", "ab[a-f]{4}", 6, 11),
        (r"ab[a-f]{4}\b", r"ab[a-f]{4}\b", 6, 6),
        ("ab[a-f]{2,9}==", r"ab[a-f]{2,9}\x3d\x3d", 6, 13),
        ("abc(?=x)(?<!y)", "abc", 3, 3),
        ("(?:abc|de[0-9]{1,3})", "(?:abc|de[0-9])", 3, 5),
        ("(?i:abc)(?P<secret>x{3})", "(?i:abc)(?:x{3})", 6, 6),
    ],
)
def test_lowering_drops_look_arounds_and_ends_at_the_minimum(
    expression: str, lowered: str, minimum: int, maximum: int
) -> None:
    known = facts(expression)

    assert (known.lowered, known.minimum, known.maximum) == (lowered, minimum, maximum)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("a+", "unbounded"),
        ("a{3,}", "unbounded"),
        (r"(a)\1", "back-reference"),
        ("(?i)abc", "flag for the whole"),
        ("(?s:a.)", "inline flag"),
        ("a{0,3}", "empty text"),
        ("a{513}", "at most 512"),
        ("(", "not a regular expression"),
        ("€", "Latin-1"),
    ],
)
def test_what_both_engines_do_not_read_alike_is_refused(expression: str, reason: str) -> None:
    with pytest.raises(RuleError, match=reason):
        facts(expression)


@pytest.mark.parametrize(
    ("expression", "safe"),
    [
        ("abc[a-z]{1,40}", True),
        (r"(?:[a-z]{1,20}\.){1,5}com", True),
        (r'"(?:[^"\\]|\\.){3,40}"', True),
        ("[a-z]{1,40}[0-9]{1,40}x", True),
        ("(?:a{1,9}){1,9}b", False),
        ("[a-z]{1,40}[a-f]{1,40}[a-c]{1,40}", False),
        ("(?:[a-z]{1,8}[a-z0-9]{1,8}){1,6}", False),
    ],
)
def test_only_bounded_backtracking_is_safe(expression: str, safe: bool) -> None:
    assert facts(expression).safe is safe


def test_what_stands_at_the_ends() -> None:
    known = facts(r"(?:ab|[0-9])x{2}(?i:[c-d]){1,2}")

    assert known.first == frozenset(b"a0123456789")
    assert known.last == frozenset(b"cdCD")
    assert known.head == frozenset(b"0123456789")
    assert known.tail == frozenset(b"cdCD")


def test_literals_groups_and_prefix() -> None:
    assert facts("x[0-9]abcd(?P<secret>[0-9]{4})").literal == 4
    assert facts("A[KS]IA[0-9]{4}").literal == 4
    assert facts("xabc(?P<secret>[0-9]{4})").own_literal == 0
    assert groups("(a)(?P<secret>b)") == {"secret": 2}
    assert prefix(r"\bgh\.p_[0-9]") == b"gh.p_"


_CLASSES = st.sampled_from(["[a-c]", "[^a-y]", r"\d", r"\w", "x", r"\.", "[-+/]", r"[^\s]", "."])
_REPEATS = st.sampled_from(["", "{2}", "{1,3}", "{0,2}", "?"])
_ATOMS = st.tuples(_CLASSES, _REPEATS).map("".join)
_EXPRESSIONS = st.recursive(
    st.lists(_ATOMS, min_size=1, max_size=3).map("".join),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["{1,2}", "", "{2}"])).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    ),
    max_leaves=4,
)


@given(_EXPRESSIONS, st.integers(0, 1000))
@settings(max_examples=150, deadline=None)
def test_whatever_re_matches_hyperscan_hits_within_the_stated_lengths(expression: str, seed: int) -> None:
    try:
        known = facts("q" + expression)
    except RuleError:
        return
    text = text_of("q" + expression, Random(seed))
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(expressions=[known.lowered.encode("latin-1")], ids=[0], flags=[0])
    ends: list[int] = []
    database.scan(text, match_event_handler=lambda _i, _s, end, _f, _c: ends.append(end))

    assert known.minimum <= len(text) <= known.maximum
    assert text[0] in known.first
    assert text[-1] in known.last
    found = re.search(b"q" + expression.encode(), text)
    assert found
    assert any(found.start() < end <= min(found.end(), known.lowered_maximum) for end in ends)
